//! `push_model`: nothing is published unless it was confirmed.

use serde_json::json;

use super::{start, text};
use crate::support::mcp_client::tool_error;

#[tokio::test]
async fn push_needs_confirmation() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("push_success_stream");
    let refused = session.call("push_model", json!({ "model": "me/smollm2:135m" })).await;
    let (code, said) = tool_error(&refused);
    assert_eq!(code, "not_confirmed");
    assert!(said.contains("me/smollm2:135m") && said.contains("confirm: true"), "{said}");
    assert_eq!(fake.requests_to("POST", "/api/push").len(), 0);

    let arguments = json!({ "model": "me/smollm2:135m", "confirm": true });
    let (result, progress) = session.call_watched("push_model", arguments).await;
    assert_eq!(text(&result), "push of me/smollm2:135m is complete.");
    assert_eq!(result["structuredContent"]["operation"], "push");
    assert!(!progress.is_empty());
    assert_eq!(fake.requests_to("POST", "/api/push")[0].json()["model"], "me/smollm2:135m");
}

#[tokio::test]
async fn missing_model_error_names_no_server_path() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("push_missing_model");
    let result = session.call("push_model", json!({ "model": "me/nope", "confirm": true })).await;
    let (code, text) = tool_error(&result);
    assert_eq!(code, "model_not_found");
    assert!(text.contains("me/nope") && !text.contains("/usr/share"), "{text}");
}
