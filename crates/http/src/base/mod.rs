//! Routes of the server itself: its description, its health, its counters.

mod docs;
mod health;

use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = health::routes();
    routes.extend(docs::routes());
    routes
}
