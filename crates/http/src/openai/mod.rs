//! OpenAI's API, over the same completions as every other front.

mod answer;
mod chat;
mod completions;
mod embeddings;
mod files;
mod models;
mod recording;
mod responses;
mod stored;
mod stream;

pub(crate) use responses::{ResponseRecords, response_on_disk};

use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![chat::route(), completions::route(), embeddings::route()];
    routes.extend(stored::routes());
    routes.extend(responses::routes());
    routes.extend(models::routes());
    routes.extend(files::routes());
    routes
}
