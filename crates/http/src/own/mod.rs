//! Our own routes, under `/x/`: completions that run or have ended, and the queue.

mod completion_state;
mod completions;
mod events;
mod queue;
mod usage;

use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![queue::route(), usage::route()];
    routes.extend(completions::routes());
    routes
}
