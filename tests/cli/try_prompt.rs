//! `try`: the whole path once, as a host goes it.

use super::run;
use crate::support::fake_ollama::{Answer, FakeOllama};

#[tokio::test]
async fn the_answer_is_shown_and_what_it_cost() {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded("chat_gemma_stream"));
    let url = format!("--ollama-host={}", fake.url());
    let ran = run(&["try", "Name three colours.", "--max-tokens=20", &url], &[]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(
        lines[0].starts_with("── server: ollama-mcp ") && lines[0].contains("(protocol "),
        "{}",
        ran.stdout
    );
    assert!(lines[1].starts_with("── tools: ") && lines[1].contains("chat_completion"), "{}", ran.stdout);
    assert!(lines[2].starts_with("── health: ") && lines[2].contains("answers at"), "{}", ran.stdout);
    let answer = lines.iter().position(|line| *line == "── answer").expect("the answer has a heading");
    assert_eq!(lines[answer + 1], "1.");
    let last = lines.last().unwrap();
    assert!(
        last.starts_with("── done: gemma3:270m, 20 tokens, ") && last.contains("ran on this machine"),
        "{last}"
    );
    let sent = fake.wait_for("POST", "/api/chat").await.json();
    assert_eq!(sent["options"]["num_predict"], 20);
    assert_eq!(sent["messages"][0]["content"], "Name three colours.");
}

#[tokio::test]
async fn what_is_generated_is_shown_exactly() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let ran = run(&["try", "x"], &[("OLLAMA_HOST", &url), ("OLLAMA_MODEL", "qwen2.5-coder:0.5b")]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("── answer\nThree colours are red, blue, and green.\n── done: "),
        "{}",
        ran.stdout
    );
}

#[tokio::test]
async fn failures_are_1_and_told_on_stderr() {
    let address = FakeOllama::closed_address().to_string();
    let ran = run(&["try", "x"], &[("OLLAMA_HOST", &address)]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("ollama serve"), "{}{}", ran.stdout, ran.stderr);
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let ran = run(&["try", "x"], &[("OLLAMA_HOST", &url), ("OLLAMA_MODEL", "gema3")]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("Did you mean \"gemma3:270m\"?"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("── done"), "{}", ran.stdout);
}
