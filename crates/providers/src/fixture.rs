//! Recorded exchanges with a real Ollama, for tests.

use std::path::Path;

use serde_json::Value;

pub(super) use super::decode::decode;
use super::{ProviderError, ProviderResult};
use crate::error_body::ErrorResponse;
use types::{ChatEnd, ChatEvent};

fn recording(case: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/ollama");
    let text = std::fs::read_to_string(folder.join(format!("{case}.json")));
    serde_json::from_str(&text.unwrap_or_else(|error| panic!("{case}: {error}"))).unwrap()
}

pub(super) fn body(case: &str) -> String {
    recording(case)["response"]["body"].as_str().unwrap().to_owned()
}

/// The body with stray bytes inserted.
pub(super) fn damaged(case: &str, at: usize, bytes: Vec<u8>) -> Vec<u8> {
    let mut body = body(case).into_bytes();
    let at = at.min(body.len());
    body.splice(at..at, bytes);
    body
}

/// A body split into chunks of these lengths, and the rest.
pub(super) fn chunks(mut body: &[u8], lengths: Vec<usize>) -> Vec<&[u8]> {
    let mut chunks = Vec::new();
    for length in lengths {
        let (chunk, after) = body.split_at(length.min(body.len()));
        chunks.push(chunk);
        body = after;
    }
    chunks.push(body);
    chunks
}

pub(super) fn refusal(case: &str) -> ErrorResponse {
    let response = recording(case)["response"].take();
    let status = response["status"].as_u64().unwrap().try_into().unwrap();
    let body = response["body"].as_str().unwrap_or_default().as_bytes().to_vec();
    ErrorResponse { status, retry_after: None, body }
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Summary {
    pub(super) content: String,
    pub(super) thinking: String,
    /// The tokens that have log probabilities.
    pub(super) tokens: Vec<String>,
    /// Name and arguments.
    pub(super) calls: Vec<(String, String)>,
    pub(super) end: Option<ChatEnd>,
    pub(super) error: Option<ProviderError>,
}

/// Collects a reply, and checks what holds for every one: no empty text, one end, nothing after it.
pub(super) fn summary(events: Vec<ProviderResult<ChatEvent>>) -> Summary {
    let mut summary = Summary::default();
    for event in events {
        assert!(summary.end.is_none() && summary.error.is_none(), "{event:?} after the end");
        match event {
            Ok(ChatEvent::Content(text)) => {
                assert!(!text.is_empty());
                summary.content += &text;
            }
            Ok(ChatEvent::Logprobs(tokens)) => {
                summary.tokens.extend(tokens.into_iter().map(|token| token.token));
            }
            Ok(ChatEvent::Thinking(text)) => {
                assert!(!text.is_empty());
                summary.thinking += &text;
            }
            Ok(ChatEvent::ToolCall(call)) => summary.calls.push((call.name, call.arguments)),
            Ok(ChatEvent::Done(end)) => summary.end = Some(end),
            Err(error) => summary.error = Some(error),
        }
    }
    assert!(summary.end.is_some() || summary.error.is_some(), "no end");
    summary
}
