//! Our own routes, under `/x/`: completions that run or have ended, the queue, conversations, comparisons, uploaded files.

mod compare;
mod completion_state;
mod completions;
mod connect;
mod conversation_export;
mod conversations;
mod events;
mod files;
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
    routes.extend(models::routes());
    routes.push(markdown::route());
    routes.push(connect::route());
    routes
}
