//! The order of lines: calls that compete are served in it, and the others do not wait for them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{MODEL, chat, gated, reply};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::tool_error;
use crate::support::process::{Ended, Process};

/// Lines of a file of requests, with ids from 0 on.
fn lines(calls: impl IntoIterator<Item = Value>) -> String {
    let mut text = String::new();
    for (id, params) in calls.into_iter().enumerate() {
        let line = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn turn(conversation: &str, prompt: &str) -> Value {
    let arguments = json!({ "conversation_id": conversation, "prompt": prompt, "model": MODEL });
    json!({ "name": "converse", "arguments": arguments })
}

/// What was said last in each chat that reached the fake.
fn prompts(fake: &FakeOllama) -> Vec<String> {
    let last = |chat: &Value| chat["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let chats = fake.requests_to("POST", "/api/chat");
    chats.iter().map(|chat| last(&chat.json()).as_str().unwrap().to_owned()).collect()
}

fn ids(ended: &Ended) -> Vec<i64> {
    ended.messages.iter().map(|answer| answer["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn turns_of_one_conversation_are_answered_in_the_order_of_their_lines() {
    const TURNS: usize = 12;
    for _ in 0..3 {
        let (fake, data) = (FakeOllama::start().await.with_defaults(), TempDir::new().unwrap());
        let environment =
            [("OLLAMA_HOST", fake.url()), ("OLLAMA_MCP_DATA_DIR", data.path().display().to_string())];
        let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
        let mut shell = Process::with(&[], &environment);
        shell.write(lines((0..TURNS).map(|n| turn("colours", &n.to_string())))).await;
        let ended = shell.finish().await;
        assert_eq!(prompts(&fake), (0..TURNS).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(ids(&ended), (0..TURNS as i64).collect::<Vec<_>>());
        assert!(
            ended.messages.iter().all(|answer| answer["result"]["isError"] == false),
            "{:?}",
            ended.messages
        );
    }
}

#[tokio::test]
async fn completions_that_wait_are_served_in_the_order_of_their_lines() {
    let (fake, gate) = gated().await;
    let mut shell = Process::start(&fake, &["--max-concurrent=1"]);
    // Of some the model has to be found out first, which takes a while.
    let calls = (0..30).map(|n| match n % 5 {
        1 => json!({ "name": "chat_completion", "arguments": { "prompt": n.to_string() } }),
        2 => {
            json!({ "name": "chat_completion", "arguments": { "prompt": n.to_string(), "temperature": -1 } })
        }
        3 => turn(&format!("c{n}"), &n.to_string()),
        _ => chat(&n.to_string()),
    });
    shell.write(lines(calls)).await;
    gate.reached(1).await;
    shell.cancel(19).await;
    shell.still_serves().await;
    gate.open();
    let ended = shell.finish().await;
    let served: Vec<_> = (0..30).filter(|n| n % 5 != 2 && *n != 19).map(|n| n.to_string()).collect();
    assert_eq!(prompts(&fake), served);
    for answer in &ended.messages {
        match answer["id"].as_i64().unwrap() % 5 {
            2 => assert_eq!(tool_error(&answer["result"]).0, "invalid_argument"),
            _ => assert!(!reply(answer).is_empty()),
        }
    }
    assert_eq!(ended.messages.len(), 29);
}

#[tokio::test]
async fn waiting_turn_delays_no_other_conversation() {
    let (fake, data) = (FakeOllama::start().await.with_defaults(), TempDir::new().unwrap());
    let gate = Gate::new();
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(1, &gate));
    let environment =
        [("OLLAMA_HOST", fake.url()), ("OLLAMA_MCP_DATA_DIR", data.path().display().to_string())];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut shell = Process::with(&["--max-concurrent=2"], &environment);
    let first = shell.request("tools/call", turn("a", "first")).await;
    gate.reached(1).await;
    shell.write(lines([turn("a", "second"), chat("other")])).await;
    let other = shell.answer(1).await;
    assert!(!reply(&other).is_empty());
    gate.open();
    let ended = shell.finish().await;
    assert_eq!(ids(&ended), [first, 0]);
    assert_eq!(prompts(&fake).last().unwrap(), "second");
}

#[tokio::test]
async fn all_calls_of_one_conversation_keep_order() {
    let (fake, data) = (FakeOllama::start().await.with_defaults(), TempDir::new().unwrap());
    let environment =
        [("OLLAMA_HOST", fake.url()), ("OLLAMA_MCP_DATA_DIR", data.path().display().to_string())];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let of = |name: &str, confirm: bool| {
        let mut arguments = json!({ "conversation_id": "colours" });
        if confirm {
            arguments["confirm"] = json!(true);
        }
        json!({ "name": name, "arguments": arguments })
    };
    let mut shell = Process::with(&[], &environment);
    let calls = [
        turn("colours", "one"),
        of("get_conversation", false),
        of("delete_conversation", true),
        turn("colours", "two"),
        of("get_conversation", false),
    ];
    shell.write(lines(calls)).await;
    let ended = shell.finish().await;
    let result = |id: i64| {
        let answer = ended.messages.iter().find(|answer| answer["id"] == id).unwrap();
        assert_ne!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["structuredContent"].clone()
    };
    let said = |id| result(id)["messages"][0]["content"].clone();
    assert_eq!((said(1), said(4)), (json!("one"), json!("two")));
    assert_eq!(
        result(4)["messages"].as_array().unwrap().len(),
        2,
        "the first turn was deleted before the second"
    );
}

#[tokio::test]
async fn completion_of_earlier_line_can_be_fetched() {
    for _ in 0..5 {
        let fake = FakeOllama::start().await.with_defaults();
        let mut shell = Process::with(&[], &[("OLLAMA_HOST", &fake.url())]);
        let arguments = json!({ "model": MODEL, "prompt": "x", "background": true });
        let background = json!({ "name": "chat_completion", "arguments": arguments });
        shell.write(lines([background, json!({ "name": "get_completion", "arguments": {} })])).await;
        let ended = shell.finish().await;
        let answer = ended.messages.iter().find(|answer| answer["id"] == 1).unwrap();
        assert_eq!(answer["result"]["structuredContent"]["status"], "completed", "{answer}");
    }
}
