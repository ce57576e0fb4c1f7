//! Routes of the server itself: its description, its health, its counters.

mod docs;
mod health;
mod root;

use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![root::route()];
    routes.extend(health::routes());
    routes.extend(docs::routes());
    routes
}
