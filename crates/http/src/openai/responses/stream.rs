//! A response as server-sent events.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use super::record::{Record, Stage};
use super::render::Renderer;
use crate::error::HttpError;
use crate::follow::{Follower, shutting_down};
use crate::mount::Response;
use crate::sse;
use crate::state::App;
use service::tasks::reply::Phase;

/// The events of a response after a number, as they come.
pub(super) fn response(
    app: Arc<App>,
    follower: Follower,
    record: Arc<Record>,
    after: Option<u64>,
    shows_queue: bool,
) -> Response {
    let renderer = Renderer::new(Arc::clone(&record), after);
    let changes = follower.changes();
    let events =
        Events { app, follower, record, renderer, changes, shows_queue, place: None, may_end: false };
    sse::response(stream::unfold(Some(events), |events| async { events?.next().await }))
}

struct Events {
    app: Arc<App>,
    follower: Follower,
    record: Arc<Record>,
    renderer: Renderer,
    changes: watch::Receiver<u64>,
    shows_queue: bool,
    /// The place in the queue that was sent last.
    place: Option<usize>,
    /// The response is on the disk, as far as it is to be.
    may_end: bool,
}

enum Waited {
    /// There may be something new.
    Changed,
    Silent,
    Shutdown,
}

impl Events {
    /// The next bytes, and what comes after them; `None` after the end.
    async fn next(mut self) -> Option<(Vec<u8>, Option<Self>)> {
        loop {
            match self.wait().await {
                Waited::Changed => {}
                Waited::Silent => return Some((sse::COMMENT.to_vec(), Some(self))),
                Waited::Shutdown => return Some((self.failed(&shutting_down()), None)),
            }
            let mut out = Vec::new();
            self.write_place(&mut out);
            let task = Arc::clone(self.follower.task());
            let has_ended = self.renderer.write(&task, self.follower.reply(), self.may_end, &mut out);
            if has_ended {
                return (!out.is_empty()).then_some((out, None));
            }
            if !out.is_empty() {
                return Some((out, Some(self)));
            }
        }
    }

    /// Waits for news. The last event is not written before the response is on the disk, so that a caller that has it can
    /// continue the response.
    async fn wait(&mut self) -> Waited {
        let silence = self.app.options.comment_after.unwrap_or(Duration::MAX);
        let shutdown = self.app.shutdown.clone();
        let news = async {
            let changed = timeout(silence, self.changes.changed()).await;
            if self.follower.reply().outcome().is_some() {
                self.record.reached(Stage::Recorded).await;
                self.follower.outcome();
                self.may_end = true;
            }
            changed
        };
        tokio::select! {
            biased;
            changed = news => match changed {
                Ok(_) => Waited::Changed,
                Err(_) => Waited::Silent,
            },
            () = shutdown.cancelled() => Waited::Shutdown,
        }
    }

    fn write_place(&mut self, out: &mut Vec<u8>) {
        if !self.shows_queue {
            return;
        }
        let reply = self.follower.reply();
        let place = match reply.phase() {
            Phase::Queued(ahead) => Some(ahead),
            _ => None,
        };
        if let Some(ahead) = place.filter(|_| place != self.place) {
            let estimate_ms = reply.queue_estimate().map(service::chat::timings::millis);
            let completion_id = Some(self.follower.task().id.as_str());
            sse::write_queue(out, &sse::QueueEvent { ahead, estimate_ms, completion_id });
        }
        self.place = place;
    }

    /// The event `error`. Its fields stand in it, as documented, and in `error`, as clients of older versions read them.
    fn failed(&self, error: &HttpError) -> Vec<u8> {
        let mut out = Vec::new();
        let (code, message) = (error.code.as_ref(), error.text());
        let event = json!({
            "type": "error",
            "sequence_number": self.renderer.sequence(),
            "code": code,
            "message": message,
            "param": error.param,
            "error": error.object().error,
        });
        sse::write_name(&mut out, "error");
        sse::write_event(&mut out, None, &event);
        out
    }
}
