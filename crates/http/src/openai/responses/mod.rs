//! `/v1/responses`: responses that can be fetched, continued and streamed again.
//!
//! A response is a completion with a record of its own: what it was asked with, and where its stream was cut into events.
//! Every stream of it is made from these and the reply, so that all are the same. On disk are the responses that a caller wants
//! there, from their start on.

mod create;
mod log;
mod object;
mod previous;
mod record;
mod records;
mod render;
mod replay;
mod retrieve;
mod spans;
mod stored;
mod stream;

use futures_util::FutureExt as _;
use openai::responses::ResponsesRequest;

pub(crate) use records::ResponseRecords;
pub(crate) use stored::response_on_disk;

use crate::call::EVENTS;
use crate::error::HttpError;
use crate::route::{Content, Route, Tag};
use types::Scope;

const ONE: &str = "/v1/responses/{id}";
const ID: &str = "The `id` of a response of one's own";
const REQUEST: &str =
    r#"{"model":"qwen3:8b","input":"Why is the sky blue?","instructions":"Answer in one sentence."}"#;
const DESCRIPTION: &str = "`docs/openai-api.md` says what becomes of each field. A response can be fetched, streamed again and continued by \
`previous_response_id` for an hour after its end; with `store: true` or `background: true` it is on disk as well, until it is deleted or too old; \
with `store: false` not at all. It stops when its caller goes; with `background` or an `Idempotency-Key` it goes on, and `GET ...?stream=true&starting_after=N` \
has its events after event N. A prompt that does not fit the context is refused, unless `truncation` is `auto`. `/x/completions/{id}` has the same completion.";

pub(super) fn routes() -> Vec<Route> {
    let json = Content::any_json;
    let events = || Content::of("text/event-stream");
    vec![
        Route::post("/v1/responses", |call| create::create(call).boxed())
            .about("createResponse", Tag::OpenAi, "Ask a model for a response")
            .described(DESCRIPTION)
            .needs(Scope::Chat)
            .counted()
            .parameter("header", "Idempotency-Key", "The same request with the same key is answered once")
            .parameter("header", "Last-Event-ID", "With that key: the event after which a stream goes on")
            .parameter(
                "header",
                "x-ollama-mcp-hold",
                "`true`: a reply with a schema is checked before any of it is sent",
            )
            .parameter("header", EVENTS, "`queue`: the stream tells the place in the queue")
            .takes(Content::json::<ResponsesRequest>().example(REQUEST))
            .answers(200, "The response, or its events", [json(), events()]),
        Route::get(ONE, |call| retrieve::retrieve(call).boxed())
            .about("getResponse", Tag::OpenAi, "A response, or its events")
            .needs(Scope::Chat)
            .parameter("path", "id", ID)
            .parameter("query", "stream", "`true`: its events, from the first one on or after a number")
            .parameter("query", "starting_after", "The `sequence_number` after which the events start")
            .parameter("header", "Last-Event-ID", "The same")
            .answers(200, "The response in its state now, or its events", [json(), events()]),
        Route::delete(ONE, |call| retrieve::delete(call).boxed())
            .about("deleteResponse", Tag::OpenAi, "Delete a response; one that runs is cancelled")
            .needs(Scope::Chat)
            .parameter("path", "id", ID)
            .answers(200, "It is deleted", [json()]),
        Route::get("/v1/responses/{id}/input_items", |call| retrieve::input_items(call).boxed())
            .about("listInputItems", Tag::OpenAi, "The items that a response was made from")
            .described("With those of the responses before it.")
            .needs(Scope::Chat)
            .parameter("path", "id", ID)
            .parameter("query", "after", "The id of the item after which the page starts")
            .parameter("query", "limit", "1 to 100; 20 where it is absent")
            .parameter("query", "order", "`desc`, the newest first, which is the default, or `asc`")
            .answers(200, "A page of the items", [json()]),
        Route::post("/v1/responses/{id}/cancel", |call| retrieve::cancel(call).boxed())
            .about("cancelResponse", Tag::OpenAi, "Cancel a response; what it has generated stays readable")
            .needs(Scope::Chat)
            .parameter("path", "id", ID)
            .answers(200, "The response after its end", [json()]),
    ]
}

/// There is no such response for the caller.
fn not_found(id: &str) -> HttpError {
    let mut error = HttpError::not_found(format!("Response with id '{id}' not found."));
    error.code = "response_not_found".into();
    error.with_hint(
        "Responses are found for an hour after their end, and with store: true until they are deleted.",
    )
}
