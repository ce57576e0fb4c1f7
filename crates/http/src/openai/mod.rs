//! OpenAI's API, over the same completions as every other front.

mod answer;
mod chat;
mod follow;
mod idempotency;
mod stream;

pub(crate) use idempotency::IdempotencyKeys;

use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    vec![chat::route()]
}
