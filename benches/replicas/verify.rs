//! After a run: what was acknowledged is asked for again, from every server.

use reqwest::Method;
use serde_json::Value;

use crate::clients::{Client, answer};
use crate::engine::reply_to;
use crate::ledger::Kept;

/// What of a client is not as it was acknowledged; also how many turns are stored that were not.
pub(crate) async fn missing(client: &Client, kept: &[Kept]) -> (Vec<String>, usize) {
    let (mut missing, mut asked_turns) = (Vec::new(), Vec::new());
    for kept in kept {
        let (path, place, question) = match kept {
            Kept::Turn { question } => {
                asked_turns.push(question);
                continue;
            }
            Kept::Stored { id, question } => {
                (format!("/v1/chat/completions/{id}"), "/choices/0/message/content", question)
            }
            Kept::Response { id, question } => {
                (format!("/v1/responses/{id}"), "/output/0/content/0/text", question)
            }
        };
        let (status, body) = answer(client.request(Method::GET, &path)).await.unwrap();
        if status != 200 || body.pointer(place).and_then(Value::as_str) != Some(&reply_to(question)) {
            missing.push(format!("{path}: {status} {body}"));
        }
    }
    if asked_turns.is_empty() {
        return (missing, 0);
    }
    let (status, history) = answer(client.request(Method::GET, "/chat/history/talk")).await.unwrap();
    let messages = history.pointer("/history/messages").and_then(Value::as_array);
    let messages = messages.unwrap_or_else(|| panic!("{status} {history}"));
    let mut turns = messages.chunks(2).map(|turn| (turn[0]["content"].as_str(), turn[1]["content"].as_str()));
    let stored = turns.len();
    for question in &asked_turns {
        // In their order; others may be between them.
        if !turns.any(|turn| turn == (Some(question), Some(&reply_to(question)))) {
            missing.push(format!("the turn {question:?} of client {}", client.number));
        }
    }
    (missing, stored - asked_turns.len().min(stored))
}
