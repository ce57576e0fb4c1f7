//! The events of a completion, from any position on.

use std::sync::Arc;

use futures_util::stream;
use openai::messages::ToolCall;
use serde::Serialize;

use super::completion_state::CompletionState;
use super::job_events::{JobFollower, Progress};
use crate::call::Call;
use crate::error::Dialect;
use crate::follow::{Follower, Step, shutting_down};
use crate::mount::Response;
use crate::route::Answer;
use crate::sse;
use service::chat::timings::millis;
use service::tasks::registry::{Task, TaskKind};
use service::tasks::reply::{Phase, ReplyCursor, Update};

/// An event of `/x/completions/{id}`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Event<'a> {
    Queue {
        place: usize,
        /// How long it may still wait.
        #[serde(skip_serializing_if = "Option::is_none")]
        estimate_ms: Option<u64>,
    },
    Delta {
        #[serde(skip_serializing_if = "str::is_empty")]
        content: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        reasoning: &'a str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall<'a>>,
    },
    /// Of work that is no single reply.
    Progress(Progress<'a>),
    State {
        state: Box<CompletionState>,
    },
    Error(serde_json::Value),
}

/// The events of a completion after a position.
pub(super) fn response(call: &Call, task: Arc<Task>, after: ReplyCursor) -> Answer {
    match &task.kind {
        TaskKind::Reply(_) => Ok(of_reply(Follower::attached(call, task, after)?, Vec::new())),
        TaskKind::Job(_) => Ok(JobFollower::attached(call, task)?.events()),
    }
}

/// The events of a completion that a response follows; `first` is written before them.
pub(super) fn of_reply(follower: Follower, first: Vec<u8>) -> Response {
    sse::response(stream::unfold(Some((follower, first)), |next| async move {
        let (mut follower, mut out) = next?;
        loop {
            let goes_on = match follower.next().await {
                Step::Update(update) => {
                    write_update(&mut out, &follower.cursor().to_string(), &update);
                    if out.is_empty() {
                        continue;
                    }
                    true
                }
                Step::Silent => {
                    out.extend_from_slice(sse::COMMENT);
                    true
                }
                Step::Ended(outcome) if follower.ended_with_server(&outcome) => {
                    sse::write_event(&mut out, None, &shutdown());
                    false
                }
                Step::Ended(_) => {
                    let state = CompletionState::of(follower.task(), follower.has_credential());
                    let position = follower.cursor().to_string();
                    sse::write_event(&mut out, Some(&position), &Event::State { state: Box::new(state) });
                    false
                }
                Step::ShuttingDown => {
                    sse::write_event(&mut out, None, &shutdown());
                    false
                }
            };
            return Some((out, goes_on.then_some((follower, Vec::new()))));
        }
    }))
}

fn write_update(out: &mut Vec<u8>, position: &str, update: &Update) {
    let has_text = !update.content.is_empty() || !update.thinking.is_empty();
    if has_text || !update.tool_calls.is_empty() {
        let tool_calls = update.tool_calls.iter().map(ToolCall::from).collect();
        let delta = Event::Delta { content: &update.content, reasoning: &update.thinking, tool_calls };
        sse::write_event(out, Some(position), &delta);
    } else if let Phase::Queued(place) = update.phase {
        let estimate_ms = update.queue_estimate.map(millis);
        sse::write_event(out, Some(position), &Event::Queue { place, estimate_ms });
    }
}

/// The server ends.
pub(super) fn shutdown() -> Event<'static> {
    Event::Error(shutting_down().body(Dialect::OpenAi))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn events_have_their_type_and_position() {
        let update = |content: &str, phase| Update {
            phase,
            thinking: String::new(),
            content: content.into(),
            tool_calls: Vec::new(),
            logprobs: Vec::new(),
            chunks: 1,
            queue_estimate: Some(Duration::from_millis(1500)),
        };
        let mut out = Vec::new();
        write_update(&mut out, "c2.t0.k0", &update("hi", Phase::Answering));
        write_update(&mut out, "c2.t0.k0", &update("", Phase::Queued(3)));
        write_update(&mut out, "c2.t0.k0", &update("", Phase::Waiting));
        sse::write_event(&mut out, None, &shutdown());
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "id: c2.t0.k0\ndata: {\"type\":\"delta\",\"content\":\"hi\"}\n\n\
             id: c2.t0.k0\ndata: {\"type\":\"queue\",\"place\":3,\"estimate_ms\":1500}\n\n\
             data: {\"type\":\"error\",\"error\":{\"message\":\"The server is shutting down\",\"type\":\"server_error\",\"param\":null,\
             \"code\":\"server_shutdown\",\"hint\":\"What was generated is lost with it. Ask again when it is back.\"}}\n\n"
        );
    }
}
