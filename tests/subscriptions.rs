//! Resources that change: who is told, of what, and how it ends.

mod by_others;
mod by_ourselves;
mod conversations;
mod ends;

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::{BY_HAND, Lines, MODERN, modern_meta};
use crate::support::schema::assert_valid_message;

/// A model that is installed in the fake's world.
const MODEL: &str = "gemma3:270m";

/// The fake's world, where models can be copied and deleted.
async fn fake() -> FakeOllama {
    let fake = FakeOllama::start().await.with_defaults();
    fake.replay("delete").replay("copy");
    fake
}

/// From now on these are installed.
fn installed(fake: &FakeOllama, names: &[&str]) {
    fake.on("GET", "/api/tags", Answer::json(200, tags(names)));
}

/// What the server says where these are installed.
fn tags(names: &[&str]) -> Value {
    let model = |name: &&str| json!({ "name": name, "model": name, "digest": name, "details": {} });
    json!({ "models": names.iter().map(model).collect::<Vec<_>>() })
}

fn delete(model: &str) -> Value {
    json!({ "name": "delete_model", "arguments": { "model": model, "confirm": true } })
}

/// Subscribes in an older revision.
async fn subscribe(lines: &mut Lines, uri: &str) {
    let answer = lines.result(BY_HAND, "resources/subscribe", json!({ "uri": uri })).await;
    assert_eq!(answer, json!({}));
}

/// Listens in the stateless revision; returns the request's id and what was accepted.
async fn listen(lines: &mut Lines, notifications: Value) -> (i64, Value) {
    let params = json!({ "_meta": modern_meta(), "notifications": notifications });
    let id = lines.request("subscriptions/listen", params).await;
    let acknowledged = lines.next().await;
    assert_valid_message(MODERN, None, &acknowledged);
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged", "{acknowledged}");
    assert_eq!(subscription_of(&acknowledged), id);
    (id, acknowledged["params"]["notifications"].clone())
}

/// The listen that a notification belongs to.
fn subscription_of(notification: &Value) -> &Value {
    &notification["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"]
}

/// The next notification, in short: its method's last part, and its URI.
async fn next_notification(lines: &mut Lines, revision: &str) -> String {
    let message = lines.next().await;
    assert_valid_message(revision, None, &message);
    short(&message)
}

fn short(message: &Value) -> String {
    let method = message["method"].as_str().unwrap_or_else(|| panic!("no notification: {message}"));
    let kind = method.rsplit('/').next().unwrap();
    match message["params"]["uri"].as_str() {
        Some(uri) => format!("{kind} {uri}"),
        None => kind.to_owned(),
    }
}
