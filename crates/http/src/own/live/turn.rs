//! A turn of a conversation, as the events of a page.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use markdown::Renderer;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::event::{Block, Event, Question, ShownPhase};
use crate::own::completion_state::TimedState;
use crate::sse;
use service::chat::timings::millis;
use service::conversations::markdown::iso;
use service::tasks::registry::{Task, TaskKind};
use service::tasks::reply::{Phase, ReplyBuffer, ReplyCursor, Update};
use service::{Caller, Services};

/// How often text is told at most: more often nobody sees, and the open block is rendered each time.
const EVERY: Duration = Duration::from_millis(60);

/// A turn that is followed.
pub(super) struct LiveTurn {
    task: Arc<Task>,
    reply: Arc<ReplyBuffer>,
    changes: watch::Receiver<u64>,
    cursor: ReplyCursor,
    phase: Option<ShownPhase>,
    /// `None` only while it renders.
    renderer: Option<Renderer>,
    next: Instant,
    has_ended: bool,
}

impl LiveTurn {
    pub(super) fn of(task: Arc<Task>) -> Option<Self> {
        let TaskKind::Reply(reply) = &task.kind else { return None };
        let reply = Arc::clone(reply);
        let mut changes = reply.changes();
        changes.mark_changed();
        Some(Self {
            task,
            reply,
            changes,
            cursor: ReplyCursor::default(),
            phase: None,
            renderer: Some(Renderer::new()),
            next: Instant::now(),
            has_ended: false,
        })
    }

    /// Whether its end was told.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Once it has ended: whether it failed, and so is not stored.
    pub(super) fn has_failed(&self) -> Option<bool> {
        self.reply.outcome().map(|outcome| outcome.is_err())
    }

    /// Whether a turn was stored after it began.
    pub(super) async fn is_older_than_stored(&self, services: &Services, caller: &Caller) -> bool {
        let id = self.reply.conversation().unwrap_or_default();
        let stored = services.conversations.whole_page(caller, id, None, 0).await;
        stored.is_ok_and(|stored| stored.head.summary.updated > self.began())
    }

    fn began(&self) -> SystemTime {
        let now = SystemTime::now();
        now.checked_sub(self.task.elapsed()).unwrap_or(now)
    }

    /// Writes what was said.
    pub(super) fn write_question(&self, out: &mut Vec<u8>) {
        let Some(question) = self.reply.question() else { return };
        let event = Event::Turn {
            id: &self.task.id,
            created_at: iso(self.began()),
            question: Question {
                content: &question.content,
                attachments: &question.attachments,
                replaces_last: question.replaces_last,
            },
            model: self.reply.model(),
        };
        sse::write_event(out, None, &event);
    }

    /// Waits until there is something to tell.
    pub(super) async fn changed(&mut self) {
        // The reply holds the sender, and this holds the reply.
        let _ = self.changes.changed().await;
        // It counts as seen when it is told: this future may be dropped here.
        self.changes.mark_changed();
        if self.reply.outcome().is_none() {
            sleep_until(self.next).await;
        }
    }

    /// Writes what is new.
    pub(super) async fn write(&mut self, has_credential: bool, out: &mut Vec<u8>) {
        self.changes.borrow_and_update();
        // The outcome is read first: the update after it has all that there is.
        let outcome = self.reply.outcome();
        let update = self.reply.update(&mut self.cursor);
        self.next = Instant::now() + EVERY;
        let id = self.task.id.as_str();
        let phase = shown(&update);
        if phase != self.phase && outcome.is_none() {
            self.phase = phase;
            if let Some(phase) = phase {
                sse::write_event(out, None, &Event::Phase { id, model: self.reply.model(), phase });
            }
        }
        if !update.thinking.is_empty() {
            sse::write_event(out, None, &Event::Reasoning { id, content: &update.thinking });
        }
        if (!update.content.is_empty() || outcome.is_some())
            && let Some(mut renderer) = self.renderer.take()
        {
            let (content, is_whole) = (update.content, outcome.is_some());
            let rendered = tokio::task::spawn_blocking(move || {
                renderer.push(&content);
                let changes = if is_whole { renderer.finish() } else { renderer.changes() };
                (renderer, changes)
            });
            if let Ok((renderer, changes)) = rendered.await {
                self.renderer = Some(renderer);
                if !changes.blocks.is_empty() {
                    let blocks = changes.blocks.into_iter().map(Block::from).collect();
                    sse::write_event(out, None, &Event::Blocks { id, count: changes.count, blocks });
                }
            }
        }
        if let Some(outcome) = outcome {
            self.has_ended = true;
            let state = Box::new(TimedState::of(&self.task, &self.reply, has_credential));
            sse::write_event(out, None, &Event::End { id, stored: outcome.is_ok(), state });
        }
    }
}

impl From<markdown::Block> for Block {
    fn from(block: markdown::Block) -> Self {
        let markdown::Block { index, html, open } = block;
        Self { index, html, open }
    }
}

/// What a page shows of a phase; the end has an event of its own.
fn shown(update: &Update) -> Option<ShownPhase> {
    Some(match update.phase {
        Phase::Pulling { done, total } => ShownPhase::Pulling { done, total },
        Phase::Queued(place) => ShownPhase::Queued { place, estimate_ms: update.queue_estimate.map(millis) },
        Phase::Retrying(after) => ShownPhase::Retrying { after_ms: millis(after) },
        Phase::Waiting => ShownPhase::Waiting,
        Phase::Thinking => ShownPhase::Thinking,
        Phase::Answering => ShownPhase::Answering,
        Phase::Ended => return None,
    })
}
