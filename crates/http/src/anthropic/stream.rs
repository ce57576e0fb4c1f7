//! The events of a streamed message.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anthropic::event::{Delta, Event, MessageDelta};
use anthropic::message::{ContentBlock, Message, SIGNATURE, Usage, tool_input};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::answer::{extras, message_id, stop_reason};
use super::request::AnswerForm;
use crate::call::Call;
use crate::error::{Dialect, HttpError};
use crate::extras::Extras;
use crate::follow::{Follower, shutting_down};
use crate::mount::Response;
use crate::sse;
use crate::state::App;
use service::tasks::reply::{Completion, Phase, ReplyCursor, Update};
use types::ToolCall;

/// A stream that has been silent for so long sends a `ping`, where the settings do not say.
const PING_AFTER: Duration = Duration::from_secs(15);

/// How a stream is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamOptions {
    pub(super) form: AnswerForm,
    /// Events tell the place in the queue.
    pub(super) shows_queue: bool,
    /// About how many tokens the prompt has: the model server counts them at the end.
    pub(super) input_tokens: u64,
    /// Where the caller goes on.
    pub(super) after: Option<Position>,
}

/// The position after an event, as its id: how far the reply was read, the number of the content block, and whether one is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Position {
    cursor: ReplyCursor,
    index: u32,
    open: Option<Block>,
}

/// A content block that grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Text,
    Thinking,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = match self.open {
            None => "",
            Some(Block::Text) => "c",
            Some(Block::Thinking) => "t",
        };
        write!(f, "{}-{}{open}", self.cursor, self.index)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (cursor, block) = text.split_once('-').ok_or(())?;
        let (index, open) = match (block.strip_suffix('c'), block.strip_suffix('t')) {
            (Some(index), _) => (index, Some(Block::Text)),
            (_, Some(index)) => (index, Some(Block::Thinking)),
            _ => (block, None),
        };
        Ok(Self { cursor: cursor.parse().map_err(drop)?, index: index.parse().map_err(drop)?, open })
    }
}

/// The response that streams a completion.
pub(super) fn response(call: &Call, one: Follower, options: StreamOptions) -> Response {
    let stream = MessageStream {
        changes: one.changes(),
        has_ids: one.goes_on(),
        one,
        app: Arc::clone(&call.app),
        position: options.after.unwrap_or_default(),
        begun: options.after.is_some(),
        place: None,
        written: Instant::now(),
        options,
    };
    sse::response(stream::unfold(Some(stream), |stream| async { stream?.next().await }))
}

struct MessageStream {
    one: Follower,
    changes: watch::Receiver<u64>,
    app: Arc<App>,
    options: StreamOptions,
    /// Events have ids, by which a caller goes on later.
    has_ids: bool,
    position: Position,
    /// `message_start` was sent.
    begun: bool,
    /// The place in the queue that was sent last.
    place: Option<usize>,
    /// When something was sent last. Thinking that is left out changes the reply and sends nothing.
    written: Instant,
}

impl MessageStream {
    /// The next bytes, and what comes after them; `None` after the end.
    async fn next(mut self) -> Option<(Vec<u8>, Option<Self>)> {
        loop {
            let mut out = Vec::new();
            match self.wait().await {
                Waited::Changed => {}
                Waited::Silent => write(&mut out, None, &Event::Ping),
                Waited::Shutdown => {
                    write_error(&mut out, &shutting_down());
                    return Some((out, None));
                }
            }
            self.write_start(&mut out);
            // Before the update, so that no text comes after the end.
            let outcome = self.one.outcome();
            let update = self.one.reply().update(&mut self.position.cursor);
            self.write_place(&mut out, &update);
            self.write_update(&mut out, &update);
            match outcome {
                Some(Ok(completion)) => {
                    self.write_end(&mut out, &completion);
                    return Some((out, None));
                }
                Some(Err(error)) => {
                    write_error(&mut out, &self.one.failure(error));
                    return Some((out, None));
                }
                None if out.is_empty() => {}
                None => {
                    self.written = Instant::now();
                    return Some((out, Some(self)));
                }
            }
        }
    }

    async fn wait(&mut self) -> Waited {
        let silence = self.app.options.comment_after.unwrap_or(PING_AFTER);
        tokio::select! {
            biased;
            changed = timeout_at(self.written + silence, self.changes.changed()) => match changed {
                Ok(_) => Waited::Changed,
                Err(_) => Waited::Silent,
            },
            () = self.app.shutdown.cancelled() => Waited::Shutdown,
        }
    }

    fn write_start(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let message = Message {
            id: message_id(self.one.task()).into(),
            model: self.one.reply().model().unwrap_or_default().into(),
            usage: Usage { input_tokens: self.options.input_tokens, ..Usage::default() },
            ..Message::default()
        };
        write(out, None, &Event::MessageStart { message });
        write(out, None, &Event::Ping);
    }

    fn write_place(&mut self, out: &mut Vec<u8>, update: &Update) {
        if !self.options.shows_queue {
            return;
        }
        let place = match update.phase {
            Phase::Queued(ahead) => Some(ahead),
            _ => None,
        };
        if place != self.place {
            self.one.write_place(out, update);
        }
        self.place = place;
    }

    fn write_update(&mut self, out: &mut Vec<u8>, update: &Update) {
        let mut events = Vec::new();
        if !update.thinking.is_empty() {
            self.open(&mut events, Block::Thinking);
            if !self.options.form.omits_thinking {
                let delta = Delta::ThinkingDelta { thinking: &update.thinking };
                events.push(Event::ContentBlockDelta { index: self.position.index, delta });
            }
        }
        if !update.content.is_empty() {
            self.open(&mut events, Block::Text);
            let delta = Delta::TextDelta { text: &update.content };
            events.push(Event::ContentBlockDelta { index: self.position.index, delta });
        }
        let inputs: Vec<_> =
            update.tool_calls.iter().map(|call| (call, tool_input(&call.arguments).0)).collect();
        for (call, input) in &inputs {
            self.close(&mut events);
            self.add_tool_use(&mut events, call, input.get());
        }
        self.write_all(out, &events);
    }

    /// A call is complete: its input is one delta.
    fn add_tool_use<'a>(&mut self, events: &mut Vec<Event<'a>>, call: &'a ToolCall, input: &'a str) {
        let index = self.position.index;
        let content_block = ContentBlock::ToolUse {
            id: call.id.as_str().into(),
            name: call.name.as_str().into(),
            input: tool_input("").0,
        };
        events.push(Event::ContentBlockStart { index, content_block });
        events.push(Event::ContentBlockDelta { index, delta: Delta::InputJsonDelta { partial_json: input } });
        events.push(Event::ContentBlockStop { index });
        self.position.index = self.position.index.saturating_add(1);
    }

    /// Makes sure that a block of this type is open.
    fn open(&mut self, events: &mut Vec<Event<'_>>, block: Block) {
        if self.position.open == Some(block) {
            return;
        }
        self.close(events);
        let content_block = match block {
            Block::Text => ContentBlock::Text { text: "".into() },
            Block::Thinking => ContentBlock::Thinking { thinking: "".into(), signature: "".into() },
        };
        events.push(Event::ContentBlockStart { index: self.position.index, content_block });
        self.position.open = Some(block);
    }

    fn close(&mut self, events: &mut Vec<Event<'_>>) {
        let index = self.position.index;
        let Some(block) = self.position.open.take() else { return };
        if block == Block::Thinking {
            let delta = Delta::SignatureDelta { signature: SIGNATURE };
            events.push(Event::ContentBlockDelta { index, delta });
        }
        events.push(Event::ContentBlockStop { index });
        self.position.index = self.position.index.saturating_add(1);
    }

    /// Writes events. One that is lost is sent again: the position stands on the last of them.
    fn write_all(&self, out: &mut Vec<u8>, events: &[Event<'_>]) {
        let Some((last, events)) = events.split_last() else { return };
        for event in events {
            write(out, None, event);
        }
        let id = self.has_ids.then(|| self.position.to_string());
        write(out, id.as_deref(), last);
    }

    fn write_end(&mut self, out: &mut Vec<u8>, completion: &Completion) {
        let mut events = Vec::new();
        self.close(&mut events);
        self.write_all(out, &events);
        let summary = &completion.summary;
        let delta = MessageDelta {
            stop_reason: stop_reason(completion, self.options.form.max_tokens),
            stop_sequence: summary.stopped_at.as_deref(),
        };
        let event = Event::MessageDelta { delta, usage: Usage::from(summary.usage) };
        let name = event.name();
        let ollama_mcp = extras(self.one.task(), completion, self.one.has_credential());
        sse::write_named(out, name, None, &WithExtras { event, ollama_mcp });
        write(out, None, &Event::MessageStop);
    }
}

/// An event with what Anthropic's has no field for.
#[derive(Serialize)]
struct WithExtras<'a> {
    #[serde(flatten)]
    event: Event<'a>,
    ollama_mcp: Extras<'a>,
}

fn write(out: &mut Vec<u8>, id: Option<&str>, event: &Event<'_>) {
    sse::write_named(out, event.name(), id, event);
}

/// An error in mid-stream.
fn write_error(out: &mut Vec<u8>, error: &HttpError) {
    sse::write_named(out, "error", None, &error.body(Dialect::Anthropic));
}

enum Waited {
    /// There may be something new.
    Changed,
    Silent,
    Shutdown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_survives_as_text() {
        for text in ["c0.t0.k0-0", "c12.t4.k1-2c", "c0.t4.k0-0t", "c1.t1.k0.l5-1c"] {
            assert_eq!(text.parse::<Position>().unwrap().to_string(), text);
        }
        for wrong in ["", "c1.t0.k0", "c1-", "c1-x", "c1-1ct", "x1-1c", "c1--1c"] {
            assert_eq!(wrong.parse::<Position>(), Err(()), "{wrong}");
        }
        // Completions by their ids take it, too.
        assert!("c12.t4.k1-2c".parse::<ReplyCursor>().is_ok());
    }
}
