//! What is shown where a person sits at a terminal.

use tempfile::TempDir;

use super::run;
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::hostile::EVIL;
use crate::support::terminal::on_terminal;

#[tokio::test]
async fn server_on_terminal_says_that_it_waits_for_messages() {
    let home = TempDir::new().unwrap();
    on_terminal("\"$BINARY\" 2>said", &home, &[]).await;
    let said = std::fs::read_to_string(home.path().join("said")).unwrap();
    assert!(said.contains("waiting for MCP messages on stdin") && said.contains("ollama-mcp try"), "{said}");
    assert_eq!(run(&[], &[]).await.stderr, "", "with a pipe it says nothing");
}

#[tokio::test]
async fn try_removes_escapes_on_terminal_only() {
    let fake = FakeOllama::start().await.with_defaults();
    let text = format!("Red.\n{EVIL}\n\tGreen.");
    let said = serde_json::json!({
        "model": "gemma3:270m", "message": { "role": "assistant", "content": text }, "done": true,
        "done_reason": "stop", "prompt_eval_count": 1, "eval_count": 1,
    });
    fake.on("POST", "/api/chat", Answer::ndjson(&[said]));
    let url = fake.url();
    let environment = [("OLLAMA_HOST", url.as_str())];
    let piped = run(&["try", "x"], &environment).await;
    assert_eq!(piped.stdout, format!("{text}\n"), "a file gets exactly the answer");
    let home = TempDir::new().unwrap();
    let shown = on_terminal("\"$BINARY\" try x 2>said </dev/null", &home, &environment).await;
    assert!(shown.contains("Red.\n") && shown.contains("Green.\n"), "{shown:?}");
    let is_bad = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || c == '\u{202e}';
    assert!(!shown.contains(is_bad), "{shown:?}");
}

#[tokio::test]
async fn try_on_a_terminal_needs_a_prompt() {
    let home = TempDir::new().unwrap();
    let shown = on_terminal("\"$BINARY\" try; echo \"code $?\"", &home, &[]).await;
    assert!(shown.contains("no prompt") && shown.contains("code 2"), "{shown}");
}
