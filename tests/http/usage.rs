//! What callers have used: over HTTP for each of them, and for the owner on the command line.

use std::path::Path;

use serde_json::{Value, json};

use super::{answer_all, started, started_with};
use crate::support::http_client::HttpClient;
use crate::support::process::command;

const MODEL: &str = "qwen2.5-coder:0.5b";

async fn ask(client: &HttpClient) {
    let body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }] });
    client.post("/v1/chat/completions", &body).await.ok();
}

/// The usage, once so many requests of the caller are written.
async fn usage(client: &HttpClient, query: &str, requests: u64) -> Value {
    loop {
        let usage = client.get(&format!("/x/usage?{query}")).await.ok();
        let lines = usage["usage"].as_array().unwrap();
        if lines.iter().map(|line| line["requests"].as_u64().unwrap()).sum::<u64>() >= requests {
            return usage;
        }
        tokio::task::yield_now().await;
    }
}

/// What the command prints about a directory of data.
async fn printed(data: &Path, arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut usage = command(&home);
    usage.arg("usage").args(arguments).env("OLLAMA_MCP_DATA_DIR", data);
    let output = usage.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn usage_is_counted_by_caller_and_model_and_seen_by_its_own_caller() {
    let (fake, server) = started().await;
    answer_all(&fake);
    ask(server.guest()).await;
    ask(server.guest()).await;
    ask(&server.local()).await;
    let texts = json!({ "model": "m", "input": ["a", "b"] });
    server.guest().post("/v1/embeddings", &texts).await.ok();
    let unknown =
        json!({ "model": "nothing-has-this-name", "messages": [{ "role": "user", "content": "hi" }] });
    let unknown = server.guest().post("/v1/chat/completions", &unknown).await;
    unknown.error(404);

    let own = usage(server.guest(), "by=model", 4).await;
    let lines: Vec<_> = own["usage"].as_array().unwrap().iter().collect();
    let [chat, embeddings, failed] = lines.as_slice() else { panic!("{own}") };
    assert_eq!((&chat["id"], &chat["requests"]), (&json!(MODEL), &json!(2)));
    assert_eq!(chat["completion_tokens"], 22);
    assert!(chat["generation_seconds"].as_f64().unwrap() > 0.0, "{chat}");
    assert_eq!((&embeddings["id"], &embeddings["prompt_tokens"]), (&json!("m"), &json!(7)));
    // A name that no model has is not stored.
    assert_eq!((&failed["id"], &failed["requests"]), (&json!(""), &json!(1)));

    let all = usage(&server.local(), "by=user", 5).await;
    let users: Vec<_> = all["usage"].as_array().unwrap().iter().map(|line| &line["id"]).collect();
    assert_eq!(users, ["guest", "local"]);
    server.guest().get("/x/usage?user=local").await.error(403);
    let of_guest = usage(&server.local(), "by=day&user=guest", 4).await;
    assert_eq!(of_guest["usage"].as_array().unwrap().len(), 1);
    for (query, param) in [("by=hour", "by"), ("from=yesterday", "from"), ("to=2026-13-01", "to")] {
        assert_eq!(server.guest().get(&format!("/x/usage?{query}")).await.error(400)["param"], param);
    }
    let none = server.guest().get("/x/usage?from=2001-01-01&to=2001-12-31").await.ok();
    assert_eq!(none["usage"], json!([]));

    // While the server runs.
    let table = printed(&server.data_dir(), &["--by", "user"]).await;
    let words: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["user", "requests", "tokens", "in", "tokens", "out", "seconds"]);
    assert_eq!(words[1][..2], ["guest", "4"], "{table}");
    assert_eq!(words[2][..2], ["local", "1"], "{table}");
    let json = printed(&server.data_dir(), &["--days", "1", "--by", "model", "--json"]).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["usage"][0]["id"], MODEL);
    let metrics = server.local().get("/metrics").await;
    assert!(metrics.body.contains("ollama_mcp_tokens_total{kind=\"prompt\"}"), "{}", metrics.body);
    assert!(!metrics.body.contains("guest"), "metrics name nobody: {}", metrics.body);
}

#[tokio::test]
async fn usage_of_the_last_seconds_is_written_at_the_end() {
    let data = tempfile::tempdir().unwrap();
    let (_fake, server) = started_with(&[("OLLAMA_MCP_DATA_DIR", data.path().to_str().unwrap())]).await;
    ask(server.guest()).await;
    assert_eq!(server.stop().await.code, Some(0));
    let json: Value = serde_json::from_str(&printed(data.path(), &["--json"]).await).unwrap();
    assert_eq!(json["usage"][0]["requests"], 1, "{json}");
}

#[tokio::test]
async fn usage_of_nobody_is_empty() {
    let data = tempfile::tempdir().unwrap();
    assert!(printed(data.path(), &[]).await.starts_with("nothing was used from "));
}
