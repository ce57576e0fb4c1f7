//! `doctor` on hosts: what each would start, and whether that answers.

use std::fs;
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use mcp::client::{ClientError, visit};
use serde_json::{Value, json};

use super::home::{Home, PROGRAM};
use crate::support::fake_ollama::FakeOllama;

/// `doctor --json` in this home, with the variables of a shell.
async fn doctor(home: &Home, environment: &[(&str, &str)]) -> (Option<i32>, Value, String) {
    let json = home.run_with(&["doctor", "--json"], environment).await;
    let people = home.run_with(&["doctor"], environment).await;
    assert_eq!((json.stderr.as_str(), people.stderr.as_str(), json.code), ("", "", people.code));
    (json.code, serde_json::from_str(&json.stdout).unwrap(), people.stdout)
}

#[tokio::test]
async fn doctor_starts_what_hosts_would_start() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let home = Home::new();
    fs::create_dir(home.path(".gemini")).unwrap();
    home.well(&["install", "--host", "cursor", "--ollama-host", &url]).await;
    let shell = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MCP_IDLE_TIMEOUT", "200s")];
    let (code, report, page) = doctor(&home, &shell).await;
    assert_eq!((code, &report["ok"]), (Some(0), &json!(true)), "{page}");
    assert_eq!(report["self_test"]["ok"], true);
    let cursor = report["hosts"].as_array().unwrap().iter().find(|host| host["host"] == "cursor").unwrap();
    assert_eq!(cursor["answers"][0]["ok"], true, "{cursor}");
    assert_eq!(cursor["answers"][0]["tools"], report["self_test"]["tools"]);
    for line in [
        "✓ it starts, connects and lists its tools: version ",
        "✓ Cursor, ollama (user): ",
        "  Gemini CLI: not installed in ",
        "! Cursor, ollama (user): OLLAMA_MCP_IDLE_TIMEOUT is set in this shell and not in its entry",
        "-> ollama-mcp install --host cursor",
        "Claude Desktop 50 s",
    ] {
        assert!(page.contains(line), "{line} is not in {page}");
    }
    let (_, report, _) = doctor(&home, &[("OLLAMA_HOST", &url)]).await;
    assert_eq!(report["findings"], json!([]), "all is well");
}

#[tokio::test]
async fn doctor_reports_entries_that_cannot_work() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    for (entry, problem, code) in [
        (json!({ "command": "/nowhere/ollama-mcp" }), "/nowhere/ollama-mcp does not exist", 1),
        (
            json!({ "command": PROGRAM, "env": { "OLLAMA_MCP_LGO": "info" } }),
            "does not answer: the handshake failed: ollama-mcp: OLLAMA_MCP_LGO is set",
            1,
        ),
        // What an earlier `install` left of another package's entry.
        (json!({ "command": PROGRAM, "args": ["-y", "ollama-mcp"] }), "unexpected argument '-y' found", 1),
        (
            json!({ "command": PROGRAM, "args": ["-y", "ollama-mcp"] }),
            "install --host cursor --force replaces",
            1,
        ),
        // An installation writes the path, and keeps what else the entry has.
        (
            json!({ "command": "/nowhere/ollama-mcp", "args": ["--allow-dir", "/x"], "env": { "OLLAMA_HOST": "h:1" } }),
            "-> ollama-mcp install --host cursor writes this program's path",
            1,
        ),
        (json!({ "command": "npx", "args": ["other"] }), "runs another program: npx", 0),
        (json!({ "command": "npx", "args": ["other"] }), "--force replaces it; or choose another --name", 0),
    ] {
        let home = Home::new();
        home.write(".cursor/mcp.json", &json!({ "mcpServers": { "ollama": entry } }).to_string());
        let (found, report, page) = doctor(&home, &[("OLLAMA_HOST", &url)]).await;
        assert_eq!(found, Some(code), "{page}");
        assert!(page.contains(problem), "{problem} is not in {page}");
        assert_eq!(
            report["findings"].as_array().unwrap().iter().any(|finding| finding["level"] == "error"),
            code == 1
        );
    }
    // What Cursor fills in, and Gemini CLI does not.
    let home = Home::new();
    let entry = json!({ "command": PROGRAM, "args": ["--allow-dir", "${workspaceFolder}"], "env": { "OLLAMA_HOST": url } });
    for file in [".cursor/mcp.json", ".gemini/settings.json"] {
        home.write(file, &json!({ "mcpServers": { "ollama": entry } }).to_string());
    }
    let (code, _, page) = doctor(&home, &[("OLLAMA_HOST", &url)]).await;
    assert_eq!(code, Some(1), "{page}");
    assert!(page.contains("✓ Cursor, ollama") && page.contains("✗ Gemini CLI, ollama"), "{page}");
    let home = Home::new();
    home.write(".cursor/mcp.json", "{ oops");
    let (code, report, page) = doctor(&home, &[("OLLAMA_HOST", &url)]).await;
    assert_eq!((code, &report["findings"][0]["level"]), (Some(0), &json!("warning")), "{page}");
    assert!(page.contains("mcp.json:1:3"), "{page}");
}

/// A server that starts is not enough: its entry may name a wrong address.
#[cfg(unix)]
#[tokio::test]
async fn command_without_folder_is_reported_though_it_answers() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let home = Home::new();
    let entry = json!({ "command": "ollama-mcp", "env": { "OLLAMA_HOST": url } });
    home.write(".cursor/mcp.json", &json!({ "mcpServers": { "ollama": entry } }).to_string());
    let folder = std::path::Path::new(PROGRAM).parent().unwrap().to_str().unwrap();
    let (code, _, page) = doctor(&home, &[("OLLAMA_HOST", &url), ("PATH", folder)]).await;
    assert_eq!(code, Some(0), "{page}");
    for text in [
        "! Cursor, ollama (user): ollama-mcp is looked up on the PATH, which a host that starts from a menu may not have",
        "-> ollama-mcp install --host cursor writes the full path",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
}

#[tokio::test]
async fn doctor_checks_model_server_of_each_entry() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let home = Home::new();
    let closed = format!("http://{}", FakeOllama::closed_address());
    home.well(&["install", "cursor", "--ollama-host", &closed]).await;
    home.well(&["install", "gemini", "--ollama-host", &url]).await;
    let (code, report, page) = doctor(&home, &[("OLLAMA_HOST", &url)]).await;
    assert_eq!((code, &report["server"]["reachable"]), (Some(1), &json!(true)), "{page}");
    assert!(
        page.contains("✗ Cursor, ollama (user): ") && page.contains("✓ Gemini CLI, ollama (user): "),
        "{page}"
    );
    assert!(
        page.contains("starts; Cannot reach") && page.contains("install --host cursor --ollama-host URL"),
        "{page}"
    );
    let answers = |host: &str| {
        let hosts = report["hosts"].as_array().unwrap();
        hosts.iter().find(|entry| entry["host"] == host).unwrap()["answers"][0].clone()
    };
    assert_eq!((&answers("cursor")["ok"], &answers("gemini")["ok"]), (&json!(false), &json!(true)));
    assert!(answers("cursor")["problem"].as_str().unwrap().contains(&closed), "{}", answers("cursor"));
}

#[tokio::test]
async fn doctor_explains_addresses() {
    let home = Home::new();
    for (address, meaning) in [
        ("http://127.0.0.1", "port 80"),
        ("https://127.0.0.1", "port 443"),
        ("0.0.0.0:1", "an address to listen on"),
    ] {
        let (code, _, page) = doctor(&home, &[("OLLAMA_HOST", address)]).await;
        assert_eq!(code, Some(1), "nothing is there");
        assert!(page.contains(meaning), "{meaning} is not in {page}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn silent_program_is_stopped_after_time_limit() {
    let mut silent = tokio::process::Command::new("sleep");
    silent.arg("600");
    let visited = visit(silent, Duration::from_millis(50)).await;
    assert!(matches!(visited, Err(ClientError::Silent(_))), "{visited:?}");
}
