//! Progress of a reply: its text, and heartbeats while there is none.

use std::pin::Pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::notifier::{HEARTBEAT, Notifier};
use service::Services;
use service::tasks::reply::{Phase, ReplyBuffer, ReplyCursor};
use text::format::pulling;

/// When the first heartbeat is due; a quick call needs none.
const FIRST_HEARTBEAT: Duration = Duration::from_secs(1);
/// How long the model server may take to report whether the model is loaded.
const LOAD_CHECK: Duration = Duration::from_millis(500);

/// A reply, and the caller that its progress goes to.
pub(super) struct ReplyProgress<'a> {
    pub(super) services: &'a Services,
    pub(super) reply: &'a ReplyBuffer,
    pub(super) notifier: Box<Notifier>,
    pub(super) cursor: ReplyCursor,
}

impl ReplyProgress<'_> {
    /// Reports until the end, `true`, or the deadline, `false`.
    pub(super) async fn run(mut self, mut deadline: Pin<&mut impl Future<Output = ()>>) -> bool {
        let interval = self.notifier.interval();
        let mut changes = self.reply.changes();
        changes.mark_changed();
        let mut phase = Phase::Waiting;
        let mut pulled = String::new();
        let mut silent_until = Instant::now();
        let mut heartbeat_due = Instant::now() + FIRST_HEARTBEAT;
        loop {
            let changed = tokio::select! {
                biased;
                () = deadline.as_mut() => return self.last_update().await,
                changed = self.changed(&mut changes, heartbeat_due) => changed,
            };
            if !changed {
                let heartbeat = tokio::select! {
                    biased;
                    () = deadline.as_mut() => return self.last_update().await,
                    text = Box::pin(self.heartbeat_text()) => text,
                };
                if let Some(text) = heartbeat {
                    self.notifier.status(text).await;
                }
                heartbeat_due = Instant::now() + HEARTBEAT;
                continue;
            }
            let now = self.reply.phase();
            if now != phase {
                phase = now;
                if let Phase::Pulling { done, total } = now {
                    let text = self.immediate_text(now).unwrap_or_default();
                    if text != pulled {
                        self.notifier.job(done as f64, total.map(|total| total as f64), &text).await;
                        pulled = text;
                        silent_until = Instant::now() + interval;
                        heartbeat_due = Instant::now() + HEARTBEAT;
                    }
                } else if let Some(text) = self.immediate_text(now) {
                    self.notifier.no_total();
                    self.notifier.status(text).await;
                    heartbeat_due = Instant::now() + HEARTBEAT;
                }
            }
            // Coalesced: the text of one interval goes out together; the end does not wait for it.
            tokio::select! {
                () = sleep_until(silent_until) => {}
                () = self.reply.ended() => {}
                () = deadline.as_mut() => return self.last_update().await,
            }
            let ended = self.reply.outcome().is_some();
            let update = self.reply.update(&mut self.cursor);
            if !update.content.is_empty() || !update.thinking.is_empty() {
                self.notifier.update(update).await;
                silent_until = Instant::now() + interval;
                heartbeat_due = Instant::now() + HEARTBEAT;
            }
            if ended {
                return true;
            }
        }
    }

    /// At the deadline: a reply that has ended in the meantime is reported to its end.
    async fn last_update(mut self) -> bool {
        let ended = self.reply.outcome().is_some();
        if ended {
            let update = self.reply.update(&mut self.cursor);
            self.notifier.update(update).await;
        }
        ended
    }

    /// Waits for a change; `false`: a heartbeat is due first.
    async fn changed(&self, changes: &mut watch::Receiver<u64>, heartbeat_due: Instant) -> bool {
        // The sender lives as long as the completion.
        timeout_at(heartbeat_due, changes.changed()).await.is_ok()
    }

    /// What is reported without delay: a pull, the position in the queue, a retry.
    fn immediate_text(&self, phase: Phase) -> Option<String> {
        match phase {
            Phase::Pulling { done, total } => {
                Some(pulling(self.reply.model().unwrap_or_default(), done, total))
            }
            Phase::Queued(ahead) => {
                let wait = self.reply.queue_estimate().map_or(0, |wait| wait.as_secs());
                let about = if wait > 0 { format!(", about {wait} s") } else { String::new() };
                Some(format!("queued, {ahead} ahead{about}"))
            }
            Phase::Retrying(wait) if !wait.is_zero() => Some(format!(
                "the model server does not accept the request; retrying in {:.1} s",
                wait.as_secs_f64()
            )),
            _ => None,
        }
    }

    async fn heartbeat_text(&self) -> Option<String> {
        Some(match self.reply.phase() {
            Phase::Waiting => self.waiting().await,
            Phase::Thinking => "thinking".to_owned(),
            Phase::Answering => "answering".to_owned(),
            Phase::Ended => return None,
            phase => self.immediate_text(phase).unwrap_or_else(|| "waiting".to_owned()),
        })
    }

    /// Ollama does not say why there is no text yet; whether the model is loaded shows it.
    async fn waiting(&self) -> String {
        let Some(model) = self.reply.model() else { return "choosing the model".to_owned() };
        let loaded = tokio::time::timeout(LOAD_CHECK, self.services.models.is_loaded(model)).await;
        match loaded {
            Ok(Some(false)) => format!("loading model {model}"),
            Ok(Some(true)) => "reading prompt".to_owned(),
            Ok(None) | Err(_) => format!("waiting for {model}"),
        }
    }
}
