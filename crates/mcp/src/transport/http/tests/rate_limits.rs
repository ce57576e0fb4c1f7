//! Calls of a caller whose limits are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use http_types::StatusCode;
use serde_json::{Value, json};

use super::support::{Server, chat, initialize, request};
use service::rate_limits::{RateError, RateLimits};
use service::{Caller, ServiceSettings};
use types::{Limits, RateStatus, RateWindow};

/// Admits one request.
#[derive(Debug, Default)]
struct One(AtomicU64);

impl RateLimits for One {
    fn admit<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<RateStatus, RateError>> {
        assert_eq!(caller.limits.requests_per_minute, Some(1));
        let resets_in = std::time::Duration::from_secs(20);
        let window = RateWindow { limit: 1, remaining: 0, resets_in };
        let status = RateStatus { requests: Some(window), tokens: None };
        let is_first = self.0.fetch_add(1, Ordering::Relaxed) == 0;
        Box::pin(async move { if is_first { Ok(status) } else { Err(RateError::Requests(status)) } })
    }
}

#[tokio::test]
async fn calls_that_generate_count_and_a_refused_one_says_when_to_try_again() {
    let counted = Arc::new(One::default());
    let settings =
        ServiceSettings { rate_limits: Some(Arc::clone(&counted) as _), ..ServiceSettings::default() };
    let server = Server::with(settings, |_| {});
    server.let_model_finish();
    let limits = Limits { requests_per_minute: Some(1), ..Limits::default() };
    let limited = Caller { limits: Arc::new(limits), ..Caller::local() };
    let send = async |message: Value| {
        let reply = server.send_by(limited.clone(), "POST", &[], message.to_string()).await;
        assert_eq!(reply.status, StatusCode::OK);
        reply.json().await
    };
    for message in [
        initialize(),
        request(1, "tools/list", json!({})),
        request(2, "tools/call", json!({ "name": "list_models", "arguments": {} })),
    ] {
        assert!(send(message).await["result"]["isError"] != true);
    }
    assert_eq!(counted.0.load(Ordering::Relaxed), 0, "these generate nothing");
    let mut chat = chat(3);
    chat["params"].as_object_mut().unwrap().remove("_meta");
    assert_eq!(send(chat).await["result"]["structuredContent"]["status"], "completed");
    let mut tried = 0;
    for tool in
        ["chat_completion", "generate", "converse", "batch_completion", "compare_models", "embed", "rank"]
    {
        let call = request(4, "tools/call", json!({ "name": tool, "arguments": {} }));
        let refused = &send(call).await["result"];
        if refused.is_null() {
            // Not offered by default.
            continue;
        }
        tried += 1;
        assert_eq!(
            (&refused["isError"], &refused["structuredContent"]["error"]["code"]),
            (&json!(true), &json!("rate_limited")),
            "{tool}"
        );
        let text = refused["content"][0]["text"].as_str().unwrap();
        assert_eq!(text, "Your limit of 1 requests a minute is reached. Try again in 20 s.");
    }
    assert!(tried > 1, "{tried}");
}
