//! The page for people with a browser: one document, and the files that it loads.

mod assets;
mod root;

use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    vec![root::route(), assets::route()]
}
