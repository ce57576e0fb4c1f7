//! `GET /x/queue`: how much runs and waits, and the places of the caller's own requests.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Serialize;

use crate::call::{Call, json_answer};
use crate::route::{Answer, Content, Route, Tag};
use service::chat::timings::millis;
use service::tasks::queue::{QueueView, QueuedCall};
use types::Scope;

/// The queue in front of the models.
#[derive(Debug, Serialize, JsonSchema)]
struct Queue {
    /// Completions of all callers that run
    running: usize,
    /// Completions of all callers that wait
    waiting: usize,
    max_concurrent: usize,
    /// Those of the caller that wait, the next one first
    own: Vec<Waiting>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Waiting {
    /// As `/x/completions/{id}` takes it
    id: String,
    /// Absent until it is chosen
    #[serde(skip_serializing_if = "String::is_empty")]
    model: String,
    /// How many are ahead
    place: usize,
    waiting_ms: u64,
    /// How long it may still wait; absent until a completion has ended
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate_ms: Option<u64>,
}

pub(super) fn route() -> Route {
    Route::get("/x/queue", |call| queue(call).boxed())
        .about("getQueue", Tag::Own, "How much runs and waits, and the places of one's own requests")
        .needs(Scope::Chat)
        .answers(200, "The queue now", [Content::json::<Queue>()])
}

async fn queue(call: Call) -> Answer {
    let QueueView { running, waiting, max_concurrent, own } = call.app.services.tasks.queue(call.caller());
    json_answer(&Queue {
        running,
        waiting,
        max_concurrent,
        own: own.into_iter().map(Waiting::from).collect(),
    })
}

impl From<QueuedCall> for Waiting {
    fn from(queued: QueuedCall) -> Self {
        let QueuedCall { id, model, place, waiting, estimate } = queued;
        Self { id, model, place, waiting_ms: millis(waiting), estimate_ms: estimate.map(millis) }
    }
}
