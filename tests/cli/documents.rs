//! The commands in docs/service.md and docs/upgrade.md, as a reader runs them.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use rusqlite::Connection;
use tokio::time::timeout;

use super::PATIENCE;
use super::home::Home;
use super::service::Machine;
use crate::support::fake_ollama::FakeOllama;
use crate::support::process::{BINARY, command, command_of, until};

const DATA: &str = ".local/share/ollama-mcp";

/// The blocks of commands in a document. Those that are marked as bash need what only these tests have: a stand-in for systemd, and the
/// files of an older version.
fn commands(document: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = fs::read_to_string(path).unwrap().replace("\r\n", "\n").replace("\n```bash\n", "\n```sh\n");
    let blocks = text.split("\n```sh\n").skip(1);
    blocks.map(|block| block.split_once("\n```").unwrap().0.to_owned()).collect()
}

/// What a block writes to stdout. Its programs are those of a folder of the home, and the one that is tested.
async fn output_of(block: &str, home: &Home, ollama: &str) -> String {
    let programs = Path::new(BINARY).parent().unwrap().display();
    let path = format!("{}:{programs}:{}", home.path("bin").display(), std::env::var("PATH").unwrap());
    let mut shell = command_of("sh", &home.0);
    shell.args(["-eu", "-c", block]).current_dir(&home.0).stdin(Stdio::null());
    shell.env("PATH", path).env("OLLAMA_HOST", ollama).env("NO_PROXY", "*");
    let ran = timeout(PATIENCE, shell.output()).await.expect("it ends").unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{block}: {stdout}{stderr}");
    stdout.into_owned()
}

#[tokio::test]
async fn every_command_about_the_service_works() {
    let fake = FakeOllama::start().await.with_defaults();
    let machine = Machine::new(super::service::SYSTEMCTL);
    let commands = commands("docs/service.md");
    let expected =
        ["ExecStart=", "runs at http://", "runs at http://", "service  runs", "does not run any more"];
    assert_eq!(commands.len(), expected.len(), "{commands:?}");
    for (block, expected) in commands.iter().zip(expected) {
        let stdout = output_of(block, &machine.home, &fake.url()).await;
        assert!(stdout.contains(expected), "{block}: {stdout}");
    }
}

#[tokio::test]
async fn every_command_of_the_upgrade_works() {
    let fake = FakeOllama::start().await.with_defaults();
    let home = Home::new();
    let data = home.path(DATA);
    fs::create_dir_all(&data).unwrap();
    // As 0.1 wrote it.
    let file = data.join("conversations.db");
    let connection = Connection::open(&file).unwrap();
    let format_1 = include_str!("../../crates/store/src/sqlite/migrations/0001_conversations.sql");
    connection.execute_batch(format_1).unwrap();
    let content = "INSERT INTO conversations VALUES ('notes', NULL, 1000, 2000);
        INSERT INTO messages VALUES
            (1, 'notes', 'user', 'My name is Ann.', NULL, NULL, NULL, NULL, NULL, NULL, 1000),
            (2, 'notes', 'assistant', 'Hello Ann.', NULL, NULL, NULL, 'm', 40, 5, 2000);
        PRAGMA user_version = 1;";
    connection.execute_batch(content).unwrap();
    drop(connection);
    home.write(
        "chats/old.json",
        r#"{"created_at": "2025-01-02T03:04:05", "messages": [
            {"role": "user", "content": "Hi.", "timestamp": "2025-01-02T03:04:05"},
            {"role": "assistant", "content": "Hello.", "timestamp": "2025-01-02T03:04:06"}]}"#,
    );

    let commands = commands("docs/upgrade.md");
    let [check, back, import, history] = &commands[..] else { panic!("{commands:?}") };
    let stdout = output_of(check, &home, &fake.url()).await;
    assert!(stdout.contains("from format 1 to format 4\n"), "{stdout}");
    assert!(stdout.contains("conversations.db: format 4\n"), "{stdout}");

    output_of(back, &home, &fake.url()).await;
    let restored = Connection::open(&file).unwrap();
    let format: i64 = restored.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let query = "SELECT content FROM messages ORDER BY seq";
    let mut statement = restored.prepare(query).unwrap();
    let texts: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!((format, texts), (1, vec!["My name is Ann.".to_owned(), "Hello Ann.".to_owned()]));
    drop(statement);
    drop(restored);

    let stdout = output_of(import, &home, &fake.url()).await;
    assert!(stdout.contains("1 conversation"), "{stdout}");
    let mut serve = command(&home.0);
    serve.args(["serve", "--listen", "127.0.0.1:0"]).env("OLLAMA_HOST", fake.url()).stdout(Stdio::null());
    let _serve = serve.spawn().unwrap();
    let address = data.join("serve.address");
    until("the server listens", || fs::read_to_string(&address).is_ok_and(|text| !text.is_empty())).await;
    let local = history.replace("localhost:4891", &fs::read_to_string(&address).unwrap());
    let stdout = output_of(&local, &home, &fake.url()).await;
    assert!(stdout.contains("\"old\"") && !stdout.contains("\"notes\""), "{stdout}");
}
