//! Our own routes, under `/x/`: completions that run or have ended, the queue, uploaded files.

mod completion_state;
mod completions;
mod events;
mod files;
mod queue;
mod usage;

use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![queue::route(), usage::route()];
    routes.extend(completions::routes());
    routes.extend(files::routes());
    routes
}
