//! Tools over `/mcp`: by hand, with progress, and in sessions that are ended or left.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::client::{Client, answer, events};
use super::{Outcome, Tally};
use crate::plan::{Kind, MODEL};

const PATH: &str = "/mcp";
const BOTH: &str = "application/json, text/event-stream";
const REVISION: &str = "2025-11-25";
/// Sessions that are left at any time. The oldest is ended when there is one more.
const MAX_LEFT: usize = 50;

fn call(id: usize, tool: &str, arguments: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
}

fn chat(id: usize, prompt: &str, has_progress: bool) -> Value {
    let mut chat = call(id, "chat_completion", json!({ "model": MODEL, "prompt": prompt }));
    if has_progress {
        chat["params"]["_meta"] = json!({ "progressToken": id });
    }
    chat
}

/// A chat without a session; what is left at its deadline is fetched.
pub(super) async fn tool(client: &Client, prompt: &str, index: usize, has_progress: bool) -> Outcome {
    let accept = if has_progress { BOTH } else { "application/json" };
    let send = |message: Value| result(client.posting(PATH, &message).header("accept", accept));
    outcome(send(chat(index, prompt, has_progress)).await, send).await
}

/// A session with one call; then it is ended or left.
pub(super) async fn session(client: &Client, tally: &Tally, kind: Kind, index: usize) -> Outcome {
    let info = json!({ "name": "soak", "version": "1" });
    let params = json!({ "protocolVersion": REVISION, "capabilities": {}, "clientInfo": info });
    let begin = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
    let response = client.posting(PATH, &begin).header("accept", BOTH).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let id = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    response.bytes().await.unwrap();
    let of_session = |request: RequestBuilder| in_session(request, &id);
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(answer(of_session(client.posting(PATH, &initialized))).await.0, 202);

    let send = |message: Value| result(of_session(client.posting(PATH, &message)));
    let message = chat(1, &format!("{kind:?} {index}"), index.is_multiple_of(2));
    let outcome = match kind.cancelled_after(index) {
        Some(after) => {
            let asked = of_session(client.posting(PATH, &message)).send();
            // Half of them close the connection only: the call of a session goes on, so the end of the session ends it.
            let left = tokio::time::timeout(after, asked).await;
            if index.is_multiple_of(3) {
                let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
                assert_eq!(answer(of_session(client.posting(PATH, &cancel))).await.0, 202);
            }
            drop(left);
            Outcome::Left
        }
        None => outcome(send(message).await, send).await,
    };
    let is_left = index.is_multiple_of(4) && !matches!(outcome, Outcome::Left);
    if is_left {
        tally.left_sessions.lock().unwrap().push(id);
        let oldest = {
            let mut left = tally.left_sessions.lock().unwrap();
            (left.len() > MAX_LEFT).then(|| left.remove(0))
        };
        if let Some(oldest) = oldest {
            let ping = json!({ "jsonrpc": "2.0", "id": 9, "method": "ping" });
            assert_eq!(
                answer(in_session(client.posting(PATH, &ping), &oldest)).await.0,
                200,
                "it still is there"
            );
            end(client, &oldest).await;
        }
    } else {
        end(client, &id).await;
    }
    outcome
}

async fn end(client: &Client, id: &str) {
    assert_eq!(answer(in_session(client.request(Method::DELETE, PATH), id)).await.0, 204);
}

fn in_session(request: RequestBuilder, id: &str) -> RequestBuilder {
    request.header("accept", BOTH).header("mcp-session-id", id).header("mcp-protocol-version", REVISION)
}

/// The result of a call, however it is sent.
async fn result(request: RequestBuilder) -> Value {
    let (status, body) = answer(request).await;
    let mut message = match serde_json::from_str::<Value>(&body) {
        Ok(message) => message,
        Err(_) => events(&body).pop().unwrap_or_default(),
    };
    assert!(message["result"].is_object(), "{status} {body}");
    message["result"].take()
}

async fn outcome<F: Future<Output = Value>>(mut result: Value, send: impl Fn(Value) -> F) -> Outcome {
    while result["structuredContent"]["status"] == "in_progress" {
        let id = &result["structuredContent"]["completion_id"];
        result = send(call(2, "get_completion", json!({ "completion_id": id }))).await;
    }
    let answer = &result["structuredContent"];
    match answer["error"]["code"].as_str() {
        Some(code) => Outcome::Error(code.to_owned()),
        None => {
            Outcome::Reply(answer["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned())
        }
    }
}
