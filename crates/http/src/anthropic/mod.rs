//! Anthropic's API, over the same completions as every other front.

use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    Vec::new()
}
