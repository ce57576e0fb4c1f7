//! Signing in and out, one's own account, and for administrators the users and keys of the server.

mod error;
mod keys;
mod launch;
mod me;
mod password;
mod sign_in;
mod users;

use crate::route::Route;
pub(crate) use me::Me;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = sign_in::routes();
    routes.push(me::route());
    routes.push(password::route());
    routes.extend(launch::routes());
    routes.extend(keys::routes());
    routes.extend(users::routes());
    routes
}
