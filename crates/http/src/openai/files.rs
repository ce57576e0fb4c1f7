//! `/v1/files`: OpenAI's API over the caller's uploaded files.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::FutureExt as _;
use openai::models::ListObject;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::{Call, json_answer, tell_ignored};
use crate::download::{download_by_id, uploaded};
use crate::error::HttpError;
use crate::multipart::{self, PURPOSES};
use crate::route::{Answer, Content, Route, Tag};
use service::uploads::{Upload, UploadFilter};
use types::Scope;

/// Most files of a list, and how many there are where the request does not say.
const MAX_LISTED: usize = 10_000;

const FILE: &str = r#"{"id":"file-6f1b0c1f5b8c4f0f9f0f2d8e3c9a7b11","object":"file","bytes":1204,"created_at":1795227920,"filename":"notes.txt","purpose":"user_data","status":"processed","expires_at":1797819920}"#;
const DESCRIPTION: &str = "The same files as those of `POST /upload`: a `file` part of a message names one by its `file_id`. `purpose` is kept and given \
back; without one it is `user_data`. `expires_after` can only shorten the time of the server's settings.";

/// OpenAI's object.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OpenAiFile")]
struct FileObject {
    id: String,
    object: &'static str,
    bytes: u64,
    /// Unix time
    created_at: u64,
    filename: String,
    purpose: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
}

#[derive(Debug, Serialize)]
struct FileList {
    object: ListObject,
    data: Vec<FileObject>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

#[derive(Debug, Serialize)]
struct Deleted<'a> {
    id: &'a str,
    object: &'static str,
    deleted: bool,
}

#[derive(Debug, Deserialize)]
struct Query {
    after: Option<String>,
    limit: Option<usize>,
    order: Option<String>,
    purpose: Option<String>,
}

pub(super) fn routes() -> [Route; 5] {
    let id = "The id of the file";
    let file = || Content::json::<FileObject>().example(FILE);
    [
        Route::post("/v1/files", |call| create(call).boxed())
            .about("createFile", Tag::OpenAi, "Upload a file")
            .described(DESCRIPTION)
            .needs(Scope::Files)
            .takes(multipart::content())
            .answers(200, "The file", [file()]),
        Route::get("/v1/files", |call| list(call).boxed())
            .about("listFiles", Tag::OpenAi, "Your uploaded files")
            .needs(Scope::Files)
            .parameter("query", "after", "The id of the file after which the list begins")
            .parameter("query", "limit", "1 to 10000, by default 10000")
            .parameter("query", "order", "By time: `desc`, the default, or `asc`")
            .parameter("query", "purpose", "Those of one purpose")
            .answers(200, "The files", [Content::any_json()]),
        Route::get("/v1/files/{id}", |call| retrieve(call).boxed())
            .about("retrieveFile", Tag::OpenAi, "What is known of a file")
            .needs(Scope::Files)
            .parameter("path", "id", id)
            .answers(200, "The file", [file()]),
        Route::delete("/v1/files/{id}", |call| delete(call).boxed())
            .about("deleteFile", Tag::OpenAi, "Delete a file")
            .needs(Scope::Files)
            .parameter("path", "id", id)
            .answers(200, "It is gone", [Content::any_json()]),
        Route::get("/v1/files/{id}/content", |call| download_by_id(call).boxed())
            .about("downloadFile", Tag::OpenAi, "The bytes of a file, as an attachment")
            .needs(Scope::Files)
            .parameter("path", "id", id)
            .answers(200, "The bytes", [Content::of("application/octet-stream")])
            .answers(206, "The part of them that was asked for", [Content::of("application/octet-stream")]),
    ]
}

async fn create(mut call: Call) -> Answer {
    let mut ignored = Vec::new();
    let upload = multipart::receive(&mut call, &mut ignored).await?;
    let mut response = json_answer(&object(upload))?;
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

async fn list(call: Call) -> Answer {
    let query = call.query::<Query>()?;
    let limit = query.limit.unwrap_or(MAX_LISTED);
    if !(1..=MAX_LISTED).contains(&limit) {
        return Err(HttpError::bad_request(
            "limit",
            format!("is {limit}; it must be between 1 and {MAX_LISTED}"),
        ));
    }
    let oldest_first = match query.order.as_deref() {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(_) => return Err(HttpError::bad_request("order", "must be asc or desc")),
    };
    if query.purpose.as_deref().is_some_and(|purpose| !PURPOSES.contains(&purpose)) {
        return Err(HttpError::bad_request("purpose", format!("must be one of {}", PURPOSES.join(", "))));
    }
    let uploads = &call.app.services.uploads;
    let after = match &query.after {
        None => None,
        Some(id) => {
            let last = uploads.get(call.caller(), "after", id).await;
            Some(last.map_err(|error| call.error(&error))?.position())
        }
    };
    let filter = UploadFilter { after, purpose: query.purpose, oldest_first };
    let page = uploads.list(call.caller(), filter, limit).await.map_err(|error| call.error(&error))?;
    let has_more = page.next.is_some();
    let data: Vec<_> = page.items.into_iter().map(object).collect();
    json_answer(&FileList {
        object: ListObject::List,
        first_id: data.first().map(|file| file.id.clone()),
        last_id: data.last().map(|file| file.id.clone()),
        data,
        has_more,
    })
}

async fn retrieve(call: Call) -> Answer {
    json_answer(&object(uploaded(&call).await?))
}

async fn delete(call: Call) -> Answer {
    let id = call.path("id");
    call.app.services.uploads.delete(call.caller(), id).await.map_err(|error| call.error(&error))?;
    json_answer(&Deleted { id, object: "file", deleted: true })
}

fn object(upload: Upload) -> FileObject {
    FileObject {
        id: upload.id,
        object: "file",
        bytes: upload.bytes,
        created_at: seconds(upload.created),
        filename: upload.name,
        purpose: upload.purpose,
        status: "processed",
        expires_at: upload.expires.map(seconds),
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
