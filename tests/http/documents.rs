//! The commands in docs/http.md and docs/files.md, as a reader runs them.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use super::{answer_all, started};
use crate::support::http_server::HttpServer;

/// The blocks of commands in a document.
fn commands(document: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    let blocks = text.split("\n```sh\n").skip(1);
    blocks.map(|block| block.split_once("\n```").unwrap().0.to_owned()).collect()
}

#[tokio::test]
async fn every_command_works() {
    let (fake, server) = started().await;
    answer_all(&fake);
    let commands = commands("docs/http.md");
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let stdout = output_of(&command, &server, Path::new(".")).await;
        // The one that is wrong by intention.
        let fails = command.contains("\"temperature\": 9");
        // One answer a command, or the events of a stream.
        let answers = serde_json::Deserializer::from_str(&stdout).into_iter::<Value>();
        match answers.collect::<Result<Vec<_>, _>>() {
            Ok(answers) => {
                assert_eq!(answers.len(), command.matches("curl ").count(), "{command}: {stdout}");
                assert!(
                    answers.iter().all(|answer| answer["error"].is_object() == fails),
                    "{command}: {stdout}"
                );
            }
            Err(_) => assert!(!stdout.contains("\"error\""), "{command}: {stdout}"),
        }
    }
}

#[tokio::test]
async fn every_command_with_files_works() {
    let (fake, server) = started().await;
    answer_all(&fake);
    let folder = tempfile::tempdir().unwrap();
    let commands = commands("docs/files.md");
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let stdout = output_of(&command, &server, folder.path()).await;
        assert!(!stdout.contains("\"error\""), "{command}: {stdout}");
    }
    // The models have read what the page says.
    let asked = fake.requests_to("POST", "/api/chat");
    assert!(asked.len() >= 3, "{asked:?}");
    for request in asked {
        assert!(request.json().to_string().contains("The meeting is on Tuesday at ten."), "{request:?}");
    }
}

/// What a command writes, where the reader's server is, and which model is installed.
async fn output_of(command: &str, server: &HttpServer, folder: &Path) -> String {
    let local = command
        .replace("http://localhost:4891", &server.url(""))
        .replace("qwen3:8b", "qwen2.5-coder:0.5b")
        .replace("~/.local/share/ollama-mcp", server.data_dir().to_str().unwrap());
    let mut shell = Command::new("sh");
    shell
        .args(["-eu", "-c", &local])
        .current_dir(folder)
        .env_remove("http_proxy")
        .env("NO_PROXY", "*")
        .kill_on_drop(true);
    let ran = timeout(Duration::from_secs(30), shell.output()).await.expect("it ends").unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{command}: {stderr}");
    assert_eq!(stderr, "", "{command}");
    assert!(!stdout.trim().is_empty(), "{command}");
    stdout.into_owned()
}
