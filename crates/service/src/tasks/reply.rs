//! The reply of a running completion: a task writes it, and calls follow it. It outlives the call that started it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::Caller;
use crate::error::{Partial, ServiceError};
use crate::tasks::handle::TaskState;
use crate::tasks::observer::EndedKind;
use platform::sync::lock;
use types::{Location, TokenLogprob, ToolCall};

mod completion;
mod cursor;
mod figures;
mod size;
mod verbatim;

pub use completion::{Completion, CompletionSummary, Outcome, Sent};
pub use cursor::{InvalidCursor, ReplyCursor};
use verbatim::Verbatim;
pub use verbatim::{VerbatimHead, VerbatimReader};

/// Estimated size of a tool call without its texts, in bytes.
const CALL_BYTES: usize = 256;

/// What a completion is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The model is pulled first: bytes that are there, and bytes in all as far as they are known.
    Pulling {
        /// Bytes that are there.
        done: u64,
        /// Bytes in all.
        total: Option<u64>,
    },
    /// It waits in the queue, behind this many.
    Queued(usize),
    /// The server refused temporarily; the next attempt follows after this time.
    Retrying(Duration),
    /// The request was sent; the model is loading, or reads the prompt.
    Waiting,
    Thinking,
    Answering,
    Ended,
}

/// What was said in a turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnQuestion {
    /// The user's message; empty where that of the last turn is asked again.
    pub content: String,
    /// The names of the files that go with it.
    pub attachments: Vec<String>,
    /// Whether the turn takes the place of the last one.
    pub replaces_last: bool,
}

/// What is new to one follower.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// What the completion is doing.
    pub phase: Phase,
    /// While it is queued: an estimate of the wait, where recent requests give one.
    pub queue_estimate: Option<Duration>,
    /// New text of the thinking.
    pub thinking: String,
    /// New text of the answer.
    pub content: String,
    /// New tool calls; each is complete.
    pub tool_calls: Vec<ToolCall>,
    /// The tokens of `content`, where log probabilities were asked for.
    pub logprobs: Vec<TokenLogprob>,
    /// Chunks that the model server has sent so far, about one per token.
    pub chunks: u64,
}

/// A completion that runs, or has ended: its text so far, shared by the task that makes it and the
/// calls that follow it.
#[derive(Debug)]
pub struct ReplyBuffer {
    /// Written for each chunk and read by followers, for a few instructions each; never held across an await.
    buffer: Mutex<Buffer>,
    /// Counts the changes of `buffer`.
    version: watch::Sender<u64>,
    model: OnceLock<String>,
    location: OnceLock<Location>,
    conversation: Option<(String, TurnQuestion)>,
    caller: Caller,
    kind: EndedKind,
    /// The server's own bytes, where the answer is passed on.
    verbatim: Option<Arc<Verbatim>>,
    pub(crate) task_state: TaskState,
}

#[derive(Debug)]
struct Buffer {
    phase: Phase,
    queue_estimate: Option<Duration>,
    content: String,
    /// Text that is checked before followers see it.
    draft: String,
    hold: bool,
    thinking: String,
    tool_calls: Vec<ToolCall>,
    /// What the tool calls take, in bytes.
    call_bytes: usize,
    logprobs: Vec<TokenLogprob>,
    logprob_bytes: usize,
    chunks: u64,
    first_chunk: Option<Instant>,
    queued: Duration,
    /// Since when it waits for its turn.
    queued_at: Option<Instant>,
    outcome: Option<Outcome>,
}

impl Buffer {
    fn size(&self) -> usize {
        self.content.len() + self.draft.len() + self.thinking.len() + self.call_bytes + self.logprob_bytes
    }
}

impl ReplyBuffer {
    pub(crate) fn new(caller: &Caller) -> Arc<Self> {
        Arc::new(Self::of(caller, None))
    }

    /// One that is a turn of a conversation.
    pub(crate) fn in_conversation(caller: &Caller, id: &str, question: TurnQuestion) -> Arc<Self> {
        Arc::new(Self::of(caller, Some((id.to_owned(), question))))
    }

    /// One whose answer is passed on byte for byte; `retains`: it can be read more than once.
    pub(crate) fn verbatim_of(caller: &Caller, kind: EndedKind, retains: bool) -> Arc<Self> {
        let verbatim = Some(Verbatim::new(retains));
        Arc::new(Self { kind, verbatim, ..Self::of(caller, None) })
    }

    fn of(caller: &Caller, conversation: Option<(String, TurnQuestion)>) -> Self {
        let buffer = Buffer {
            phase: Phase::Waiting,
            queue_estimate: None,
            content: String::new(),
            draft: String::new(),
            hold: false,
            thinking: String::new(),
            tool_calls: Vec::new(),
            call_bytes: 0,
            logprobs: Vec::new(),
            logprob_bytes: 0,
            chunks: 0,
            first_chunk: None,
            queued: Duration::ZERO,
            queued_at: None,
            outcome: None,
        };
        Self {
            buffer: Mutex::new(buffer),
            version: watch::Sender::new(0),
            model: OnceLock::new(),
            location: OnceLock::new(),
            conversation,
            caller: caller.clone(),
            kind: EndedKind::Completion,
            verbatim: None,
            task_state: TaskState::new(),
        }
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.lock().outcome.clone()
    }

    /// The model that answers, once it is known.
    pub fn model(&self) -> Option<&str> {
        self.model.get().map(String::as_str)
    }

    /// On whose behalf it is made.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Where the model runs, as answers name it, once that was looked up.
    pub fn location(&self) -> Option<&str> {
        self.location.get().map(Location::describe)
    }

    /// The conversation of which it is a turn.
    pub fn conversation(&self) -> Option<&str> {
        self.conversation.as_ref().map(|(id, _)| id.as_str())
    }

    /// What was said in it, where it is a turn of a conversation.
    pub fn question(&self) -> Option<&TurnQuestion> {
        self.conversation.as_ref().map(|(_, question)| question)
    }

    /// Ends the reply here: what was generated becomes all of it. Where there is no text yet it is cancelled.
    pub fn stop(&self) {
        let has_text = !self.lock().content.is_empty();
        if has_text { self.task_state.stop() } else { self.task_state.cancel() }
    }

    /// While it is queued: an estimate of the wait, where recent requests give one.
    pub fn queue_estimate(&self) -> Option<Duration> {
        self.lock().queue_estimate
    }

    /// What it is doing.
    pub fn phase(&self) -> Phase {
        self.lock().phase
    }

    pub async fn ended(&self) {
        self.task_state.ended().await;
    }

    /// What has been generated so far.
    pub fn partial(&self) -> Partial {
        let buffer = self.lock();
        let content = if buffer.content.is_empty() { &buffer.draft } else { &buffer.content };
        Partial { content: content.clone(), thinking: buffer.thinking.clone() }
    }

    /// A channel that changes with each update.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// What is new since `cursor`, which is advanced; from the default cursor, all of it.
    pub fn update(&self, cursor: &mut ReplyCursor) -> Update {
        let buffer = self.lock();
        let (content, thinking) = match &buffer.outcome {
            Some(Ok(completion)) => (&completion.content, &completion.thinking),
            _ => (&buffer.content, &buffer.thinking),
        };
        let (tool_calls, logprobs) = match &buffer.outcome {
            Some(Ok(completion)) => (completion.tool_calls.as_slice(), completion.logprobs.as_slice()),
            _ if buffer.hold => (&[][..], &[][..]),
            _ => (buffer.tool_calls.as_slice(), buffer.logprobs.as_slice()),
        };
        Update {
            phase: buffer.phase,
            queue_estimate: buffer.queue_estimate,
            thinking: ReplyCursor::text_since(&mut cursor.thinking, thinking).to_owned(),
            content: ReplyCursor::text_since(&mut cursor.content, content).to_owned(),
            tool_calls: ReplyCursor::items_since(&mut cursor.tool_calls, tool_calls).to_vec(),
            logprobs: ReplyCursor::items_since(&mut cursor.logprobs, logprobs).to_vec(),
            chunks: buffer.chunks,
        }
    }

    /// Hides the answer and its tool calls from followers until [`ReplyBuffer::publish`], because it may be rejected and requested again.
    pub(crate) fn hold_back(&self) {
        self.lock().hold = true;
    }

    /// Shows the answer that was held back.
    pub(crate) fn publish(&self) {
        let mut buffer = self.lock();
        buffer.hold = false;
        buffer.content = std::mem::take(&mut buffer.draft);
    }

    /// Removes the answer that was held back, before it is requested again.
    pub(crate) fn discard(&self) -> String {
        let mut buffer = self.lock();
        buffer.tool_calls.clear();
        buffer.call_bytes = 0;
        buffer.logprobs.clear();
        buffer.logprob_bytes = 0;
        std::mem::take(&mut buffer.draft)
    }

    pub(crate) fn set_model(&self, model: &str) {
        // One model answers one completion.
        let _ = self.model.set(model.to_owned());
    }

    pub(crate) fn set_location(&self, location: Location) {
        // The first to look it up sets it.
        let _ = self.location.set(location);
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.set_phase_with(phase, None);
    }

    /// It waits in the queue behind so many, about so long.
    pub(crate) fn set_queued(&self, ahead: usize, estimate: Option<Duration>) {
        self.set_phase_with(Phase::Queued(ahead), estimate);
    }

    fn set_phase_with(&self, phase: Phase, queue_estimate: Option<Duration>) {
        let mut buffer = self.lock();
        buffer.queue_estimate = queue_estimate;
        match (buffer.queued_at, phase) {
            (None, Phase::Queued(_)) => buffer.queued_at = Some(Instant::now()),
            (Some(since), phase) if !matches!(phase, Phase::Queued(_)) => {
                buffer.queued += since.elapsed();
                buffer.queued_at = None;
            }
            _ => {}
        }
        buffer.phase = phase;
        drop(buffer);
        self.version.send_modify(|version| *version += 1);
    }

    #[cfg(test)]
    pub(crate) fn push_content(&self, text: &str) {
        self.push_tokens(text, Vec::new());
    }

    /// Text with its tokens, so that followers get both in one update.
    pub(crate) fn push_tokens(&self, text: &str, mut tokens: Vec<TokenLogprob>) {
        self.push(Phase::Answering, |buffer| {
            buffer.logprob_bytes += tokens.iter().map(TokenLogprob::size).sum::<usize>();
            buffer.logprobs.append(&mut tokens);
            if buffer.hold { buffer.draft.push_str(text) } else { buffer.content.push_str(text) }
        });
    }

    pub(crate) fn push_thinking(&self, text: &str) {
        self.push(Phase::Thinking, |buffer| buffer.thinking.push_str(text));
    }

    pub(crate) fn push_tool_call(&self, call: ToolCall) {
        self.push(Phase::Answering, |buffer| {
            buffer.call_bytes += CALL_BYTES + call.id.len() + call.name.len() + call.arguments.len();
            buffer.tool_calls.push(call);
        });
    }

    pub(crate) fn has_tool_calls(&self) -> bool {
        !self.lock().tool_calls.is_empty()
    }

    pub(crate) fn has_logprobs(&self) -> bool {
        !self.lock().logprobs.is_empty()
    }

    /// The tool calls so far; none once it has ended well, as they are the completion's then.
    pub fn tool_calls(&self) -> Vec<ToolCall> {
        self.lock().tool_calls.clone()
    }

    fn push(&self, phase: Phase, change: impl FnOnce(&mut Buffer)) {
        let mut buffer = self.lock();
        buffer.phase = phase;
        buffer.chunks += 1;
        buffer.first_chunk.get_or_insert_with(Instant::now);
        change(&mut buffer);
        drop(buffer);
        self.version.send_modify(|version| *version += 1);
    }

    pub(crate) fn end(&self, summary: Result<CompletionSummary, ServiceError>) {
        let mut buffer = self.lock();
        buffer.phase = Phase::Ended;
        let outcome = summary.map(|summary| {
            Arc::new(Completion {
                content: std::mem::take(&mut buffer.content),
                thinking: std::mem::take(&mut buffer.thinking),
                tool_calls: std::mem::take(&mut buffer.tool_calls),
                logprobs: std::mem::take(&mut buffer.logprobs),
                first_chunk: buffer.first_chunk.map(|at| at.duration_since(self.task_state.started())),
                total: self.task_state.started().elapsed(),
                queued: buffer.queued,
                summary,
            })
        });
        buffer.outcome = Some(outcome);
        drop(buffer);
        self.task_state.end();
        if let Some(verbatim) = &self.verbatim {
            verbatim.close();
        }
        self.version.send_modify(|version| *version += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        lock(&self.buffer)
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) mod testing;
