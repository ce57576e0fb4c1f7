//! `chat`: a conversation by lines of stdin, and on a terminal.

use serde_json::Value;
use tempfile::TempDir;

use super::run_with_input;
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::terminal::typed_on_terminal;

fn messages(fake: &FakeOllama) -> Vec<Vec<(String, String)>> {
    let of = |request: &Value| {
        let messages = request["messages"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        messages.map(|message| (text(&message["role"]), text(&message["content"]))).collect()
    };
    fake.requests_to("POST", "/api/chat").iter().map(|request| of(&request.json())).collect()
}

#[tokio::test]
async fn turns_of_one_conversation_know_each_other() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let environment = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MODEL", "qwen2.5-coder:0.5b")];
    let input = "One?\n/system Be brief.\n\"\"\"Two\nlines?\"\"\"\n/new\nThree?\n/quit\nnever sent\n";
    let ran = run_with_input(&["chat"], &environment, input.as_bytes()).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let answer = "Three colours are red, blue, and green.\n";
    assert_eq!(ran.stdout, answer.repeat(3), "the answers and nothing else");
    let sent = messages(&fake);
    let said = |role: &str, text: &str| (role.to_owned(), text.to_owned());
    assert_eq!(sent[0], [said("user", "One?")]);
    assert_eq!(
        sent[1],
        [
            said("system", "Be brief."),
            said("user", "One?"),
            said("assistant", answer.trim()),
            said("user", "Two\nlines?")
        ]
    );
    assert_eq!(sent[2], [said("system", "Be brief."), said("user", "Three?")]);
    assert_eq!(sent.len(), 3);
}

#[tokio::test]
async fn failed_turn_is_told_and_chat_goes_on() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let environment = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MODEL", "qwen2.5-coder:0.5b")];
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_missing_model_stream"));
    let ran = run_with_input(&["chat"], &environment, b"One?\n/modle x\n/file /no/such/file\nTwo?\n").await;
    assert_eq!(ran.code, Some(1), "one turn has failed: {}", ran.stderr);
    assert_eq!(ran.stdout, "Three colours are red, blue, and green.\n");
    for part in ["is not installed", "Did you mean /model?", "/file: /no/such/file: "] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn file_goes_with_the_next_question_alone() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let environment = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MODEL", "qwen2.5-coder:0.5b")];
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("my notes.txt");
    std::fs::write(&path, "the cat is grey").unwrap();
    let input = format!("/file \"{}\"\nWhat colour?\nAnd now?\n", path.display());
    let ran = run_with_input(&["chat"], &environment, input.as_bytes()).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let sent = messages(&fake);
    let last = |index: usize| sent[index].last().unwrap().1.clone();
    assert!(last(0).contains("the cat is grey") && last(0).contains("What colour?"), "{sent:?}");
    assert_eq!(last(1), "And now?");
}

#[tokio::test]
async fn terminal_sees_model_prompt_and_end() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let home = TempDir::new().unwrap();
    let environment = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MODEL", "qwen2.5-coder:0.5b")];
    // The editor has set up the terminal when it asks it to mark what is pasted.
    let keys = [("\u{1b}[?2004h", "One?\n"), ("\u{1b}[?2004h", "/quit\n")];
    let shown = typed_on_terminal(&keys, "\"$BINARY\" chat", &home, &environment).await;
    assert!(shown.contains("qwen2.5-coder:0.5b in a new conversation. /help lists the commands"), "{shown}");
    assert!(shown.contains("Three colours are red, blue, and green.\n"), "{shown}");
    // What it cost, in one line.
    assert!(shown.contains("qwen2.5-coder:0.5b, ") && shown.contains(" tokens, "), "{shown}");
}
