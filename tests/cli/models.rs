//! `models`: what is installed, and changes to it.

use serde_json::{Value, json};

use super::run;
use crate::support::fake_ollama::{Answer, FakeOllama};

async fn started() -> FakeOllama {
    FakeOllama::start().await.with_defaults()
}

#[tokio::test]
async fn models_are_listed_as_table_and_as_json() {
    let fake = started().await;
    let url = fake.url();
    let environment = [("OLLAMA_HOST", url.as_str())];
    let ran = run(&["models", "list"], &environment).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("NAME ") && lines[0].contains("LOADED"), "{}", ran.stdout);
    let listed: Value =
        serde_json::from_str(&run(&["models", "list", "--json"], &environment).await.stdout).unwrap();
    let names: Vec<_> =
        listed.as_array().unwrap().iter().map(|model| model["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), lines.len() - 1);
    assert!(names.iter().all(|name| lines.iter().any(|line| line.starts_with(name))), "{}", ran.stdout);
    // Columns are as wide as their widest cell.
    let column = lines[0].find("SIZE").unwrap();
    assert!(lines.iter().all(|line| line.as_bytes()[column - 1] == b' '), "{}", ran.stdout);
    fake.replay("tags_empty");
    let ran = run(&["models", "list"], &environment).await;
    assert!(ran.stdout.is_empty() && ran.stderr.contains("ollama-mcp models pull"), "{}", ran.stderr);
}

#[tokio::test]
async fn model_is_shown_with_what_it_can_do() {
    let fake = started().await;
    let url = fake.url();
    let environment = [("OLLAMA_HOST", url.as_str())];
    let ran = run(&["models", "show", "qwen2.5-tools:0.5b"], &environment).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("qwen2.5-tools:0.5b\n  can "), "{}", ran.stdout);
    let ran = run(&["models", "show", "qwen2.5-tools:0.5b", "--json"], &environment).await;
    let shown: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(shown["capabilities"].is_array() && shown["context_length"].is_u64(), "{shown}");
    fake.replay("show_missing_model");
    let ran = run(&["models", "show", "qwen2.5-toolz:0.5b"], &environment).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("\"qwen2.5-toolz:0.5b\" is not installed"), "{}", ran.stderr);
    let ran = run(&["models", "show", "two words"], &environment).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}

#[tokio::test]
async fn pull_tells_its_steps_and_how_it_failed() {
    let fake = started().await;
    let url = fake.url();
    let environment = [("OLLAMA_HOST", url.as_str())];
    fake.replay("pull_success_stream");
    let ran = run(&["models", "pull", "smollm2:135m"], &environment).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("success\n") && ran.stderr.contains("smollm2:135m is"), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("chat --model smollm2:135m\n"), "{}", ran.stderr);
    let embedder = serde_json::json!({ "capabilities": ["embedding"], "details": {}, "model_info": {} });
    fake.on("POST", "/api/show", Answer::json(200, embedder));
    let ran = run(&["models", "pull", "nomic-embed-text"], &environment).await;
    assert!(ran.stderr.ends_with("nomic-embed-text is installed.\n"), "{}", ran.stderr);
    fake.replay("pull_unknown_model_stream");
    let ran = run(&["models", "pull", "no-such-model"], &environment).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("ollama-mcp: "), "{}", ran.stderr);
}

#[tokio::test]
async fn removal_is_confirmed_and_goes_on_after_failure() {
    let fake = started().await;
    let url = fake.url();
    let environment = [("OLLAMA_HOST", url.as_str())];
    let ran = run(&["models", "remove", "qwen2.5-tools:0.5b"], &environment).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
    assert!(fake.requests_to("DELETE", "/api/delete").is_empty());
    fake.replay_next("delete_missing").on("DELETE", "/api/delete", Answer::empty(200));
    let ran = run(&["models", "remove", "--yes", "no-such-model", "qwen2.5-tools:0.5b"], &environment).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("\"no-such-model\"") && ran.stderr.contains("Deleted qwen2.5-tools:0.5b."),
        "{}",
        ran.stderr
    );
    let deleted = fake.requests_to("DELETE", "/api/delete");
    assert_eq!(
        deleted.iter().map(|request| request.json()).collect::<Vec<_>>(),
        [json!({ "model": "no-such-model" }), json!({ "model": "qwen2.5-tools:0.5b" })]
    );
}
