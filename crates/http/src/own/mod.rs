//! Our own routes, under `/x/`: completions that run or have ended, the queue, conversations, comparisons, uploaded files and
//! work over them.

mod compare;
mod completion_state;
mod completions;
mod connect;
mod conversation_export;
mod conversations;
mod documents;
mod documents_state;
mod events;
mod files;
mod job_events;
mod live;
mod markdown;
mod models;
mod queue;
mod turns;
mod usage;

use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![queue::route(), usage::route(), live::route()];
    routes.extend(completions::routes());
    routes.extend(files::routes());
    routes.extend(conversations::routes());
    routes.extend(turns::routes());
    routes.push(compare::route());
    routes.extend(documents::routes());
    routes.extend(models::routes());
    routes.push(markdown::route());
    routes.push(connect::route());
    routes
}
