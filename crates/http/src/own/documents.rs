//! `/x/documents/`: long and many uploads are summarized, asked and searched.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::ACCEPT;
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::completion_state::CompletionState;
use super::job_events::JobFollower;
use crate::call::{Call, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use service::ServiceError;
use service::documents::{FileSelection, QuestionCall, SearchCall, SummaryCall};
use service::tasks::registry::Task;
use types::Scope;

/// Files to be summarized.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "SummarizeDocumentsRequest")]
struct SummaryRequest {
    /// Ids of uploaded files
    files: Vec<String>,
    /// What the summary is for, such as "dates and sums alone"
    instruction: Option<String>,
    model: Option<String>,
    /// The length of the summary; 300 without it
    words: Option<u64>,
    /// `true`: events, also by `Accept: text/event-stream`; else one answer at the end
    stream: Option<bool>,
    /// `true`: 202 with the id at once; `/x/completions/{id}` has the progress and the answer
    background: bool,
}

/// A question that files answer.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "AskDocumentsRequest")]
struct QuestionRequest {
    /// Ids of uploaded files
    files: Vec<String>,
    question: String,
    model: Option<String>,
    /// Absent: the one of the settings, or the first that is installed
    embedding_model: Option<String>,
    /// Whether the places have the text of their passages
    passages: bool,
    /// Whether the model puts the passages in order before it answers: slower, and better with a good model
    rerank: bool,
    /// `true`: events, also by `Accept: text/event-stream`; else one answer at the end
    stream: Option<bool>,
    /// `true`: 202 with the id at once; `/x/completions/{id}` has the progress and the answer
    background: bool,
}

/// What is looked for in files.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "FindInDocumentsRequest")]
struct SearchRequest {
    /// Ids of uploaded files
    files: Vec<String>,
    query: String,
    /// 1 to 100; 10 without it
    limit: Option<u64>,
    /// Absent: the one of the settings, or the first that is installed
    embedding_model: Option<String>,
    /// `true`: events, also by `Accept: text/event-stream`; else one answer at the end
    stream: Option<bool>,
    /// `true`: 202 with the id at once; `/x/completions/{id}` has the progress and the answer
    background: bool,
}

/// Work that goes on in the background.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DocumentsStarted")]
struct InBackground<'a> {
    /// By which `/x/completions/{id}` has it
    id: &'a str,
}

/// How the answer comes.
struct Delivery {
    is_stream: bool,
    is_background: bool,
}

/// A description, and what all three routes have in common.
macro_rules! described {
    ($text:literal) => {
        concat!(
            $text,
            " Events have the `type` `progress` (its `status`, `done` and `total`, and the `text` so far, where it has changed) or \
             `state`, which is the last one. A response that is dropped cancels its work, unless it is in the background. The scope `files` \
             is needed, too."
        )
    };
}

const SUMMARIZE: &str = described!(
    "Files that do not fit the context of the model are read part by part, and the notes are brought together. `documents` names what was \
     not read."
);
const ASK: &str = described!(
    "`content` is the answer, with citations such as `[contract.pdf p. 4]`. They and quotations are checked: what does not hold is taken out, \
     and named in `documents.struck`. `documents.found` is false where the files do not hold the answer. It is found by words alone where \
     no embedding model is installed."
);
const FIND: &str = described!(
    "`documents.places` has the places by meaning and by words, the best first. No model writes anything. Without an embedding model they \
     are found by words alone."
);

pub(super) fn routes() -> [Route; 3] {
    [
        with_answers::<SummaryRequest>(
            Route::post("/x/documents/summarize", |call| summarize(call).boxed())
                .about("summarizeDocuments", Tag::Own, "Summarize long or many uploaded files")
                .described(SUMMARIZE)
                .needs(Scope::Chat),
            r#"{"files":["file-5d3c6c3fb2a94c6b8e0a4f0f3f6f4b6e"],"words":100}"#,
        ),
        with_answers::<QuestionRequest>(
            Route::post("/x/documents/ask", |call| ask(call).boxed())
                .about(
                    "askDocuments",
                    Tag::Own,
                    "Answer a question from uploaded files, with checked citations",
                )
                .described(ASK)
                .needs(Scope::Chat),
            r#"{"files":["file-5d3c6c3fb2a94c6b8e0a4f0f3f6f4b6e"],"question":"When is the meeting?"}"#,
        ),
        with_answers::<SearchRequest>(
            Route::post("/x/documents/find", |call| find(call).boxed())
                .about("findInDocuments", Tag::Own, "Find places in uploaded files, by meaning and by words")
                .described(FIND)
                .needs(Scope::Embed),
            r#"{"files":["file-5d3c6c3fb2a94c6b8e0a4f0f3f6f4b6e"],"query":"notice period"}"#,
        ),
    ]
}

fn with_answers<T: JsonSchema>(route: Route, example: &'static str) -> Route {
    let events = Content::of("text/event-stream").example(
        "data: {\"type\":\"progress\",\"status\":\"indexing\",\"done\":12.0,\"total\":40.0}\n\ndata: {\"type\":\"state\",\"state\":{\"id\":\"chatcmpl-1\",\"status\":\"completed\"}}\n",
    );
    route
        .counted()
        .takes(Content::json::<T>().example(example))
        .answers(
            200,
            "What was made of the files, or its events",
            [Content::json::<CompletionState>(), events],
        )
        .answers(202, "It goes on in the background", [Content::json::<InBackground<'static>>()])
}

async fn summarize(mut call: Call) -> Answer {
    let (request, ignored) = call.json::<SummaryRequest>().await?;
    let delivery = delivery(&call, request.stream, request.background)?;
    let summary = SummaryCall {
        files: FileSelection::Uploads(request.files),
        instruction: request.instruction,
        model: call.app.options.model_meant_by(request.model),
        words: request.words,
    };
    let started = call.app.services.documents.start_summary(call.caller(), summary);
    deliver(&call, started, &delivery, &ignored).await
}

async fn ask(mut call: Call) -> Answer {
    let (request, ignored) = call.json::<QuestionRequest>().await?;
    let delivery = delivery(&call, request.stream, request.background)?;
    let question = QuestionCall {
        files: FileSelection::Uploads(request.files),
        question: request.question,
        model: call.app.options.model_meant_by(request.model),
        embedding_model: call.app.options.model_meant_by(request.embedding_model),
        passages: request.passages,
        rerank: request.rerank,
    };
    let started = call.app.services.documents.start_question(call.caller(), question);
    deliver(&call, started, &delivery, &ignored).await
}

async fn find(mut call: Call) -> Answer {
    let (request, ignored) = call.json::<SearchRequest>().await?;
    let delivery = delivery(&call, request.stream, request.background)?;
    let search = SearchCall {
        files: FileSelection::Uploads(request.files),
        query: request.query,
        limit: request.limit,
        embedding_model: call.app.options.model_meant_by(request.embedding_model),
    };
    let started = call.app.services.documents.start_search(call.caller(), search);
    deliver(&call, started, &delivery, &ignored).await
}

/// Checks what is the same for all three before anything begins.
fn delivery(call: &Call, stream: Option<bool>, is_background: bool) -> Result<Delivery, HttpError> {
    if !call.identity.may(Scope::Files) {
        return Err(HttpError::forbidden("Uploaded files need the scope files"));
    }
    if is_background {
        if stream == Some(true) {
            return Err(HttpError::bad_request("stream", "is true, and so is background; give one of them"));
        }
        if !call.identity.may(Scope::Chat) {
            return Err(HttpError::forbidden(
                "What goes on in the background is read at /x/completions/{id}, which needs the scope chat",
            ));
        }
        call.app.services.tasks.allow_background(call.caller()).map_err(|error| call.error(&error))?;
    }
    let accepts = call.parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let accepts_events = accepts.is_some_and(|accept| accept.contains("text/event-stream"));
    Ok(Delivery { is_stream: stream.unwrap_or(accepts_events) && !is_background, is_background })
}

async fn deliver(
    call: &Call,
    started: Result<Arc<Task>, ServiceError>,
    delivery: &Delivery,
    ignored: &[String],
) -> Answer {
    let task = started.map_err(|error| call.error(&error))?;
    let mut response = if delivery.is_background {
        let mut response = json_answer(&InBackground { id: &task.id })?;
        *response.status_mut() = StatusCode::ACCEPTED;
        JobFollower::staying(task);
        response
    } else {
        let mut follower = JobFollower::owning(call, task)?;
        if delivery.is_stream {
            follower.begun().await?;
            follower.events()
        } else {
            json_answer(&follower.ended().await?)?
        }
    };
    tell_ignored(&mut response, ignored);
    Ok(response)
}
