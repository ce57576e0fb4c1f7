//! `/x/files`: the caller's uploaded files.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::{Call, json_answer};
use crate::download::{download_by_id, path_of, uploaded};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use service::uploads::{Upload, UploadFilter};
use types::Scope;

/// Files of a page where the request does not say how many.
const PAGE: usize = 50;
/// Most files of a page.
const MAX_PAGE: usize = 200;

/// A file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UploadedFile")]
struct FileEntry {
    /// By which a chat names it
    id: String,
    /// The name that the sender gave
    name: String,
    /// By its content
    r#type: String,
    bytes: u64,
    purpose: String,
    download_path: String,
    created_at: String,
    /// When it is deleted; absent: never
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// A page of the caller's files, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
struct FilePage {
    files: Vec<FileEntry>,
    /// Of the next page; absent on the last one
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FileDeleted")]
struct Deleted<'a> {
    id: &'a str,
    deleted: bool,
}

#[derive(Debug, Deserialize)]
struct Query {
    cursor: Option<String>,
    limit: Option<usize>,
}

pub(super) fn routes() -> [Route; 4] {
    let id = "The id of the upload";
    [
        Route::get("/x/files", |call| list(call).boxed())
            .about("listUploads", Tag::Own, "Your uploaded files, the newest first")
            .described("`POST /upload` adds one.")
            .needs(Scope::Files)
            .parameter("query", "cursor", "The `next_cursor` of the page before")
            .parameter("query", "limit", "1 to 200, by default 50")
            .answers(200, "A page of them", [Content::json::<FilePage>()]),
        Route::get("/x/files/{id}", |call| get(call).boxed())
            .about("getUpload", Tag::Own, "What is known of a file")
            .needs(Scope::Files)
            .parameter("path", "id", id)
            .answers(200, "The file", [Content::json::<FileEntry>()]),
        Route::delete("/x/files/{id}", |call| delete(call).boxed())
            .about("deleteUpload", Tag::Own, "Delete a file")
            .needs(Scope::Files)
            .parameter("path", "id", id)
            .answers(200, "It is gone", [Content::json::<Deleted<'static>>()]),
        Route::get("/x/files/{id}/content", |call| download_by_id(call).boxed())
            .about("getUploadContent", Tag::Own, "The bytes of a file, as an attachment")
            .needs(Scope::Files)
            .parameter("path", "id", id)
            .answers(200, "The bytes", [Content::of("application/octet-stream")])
            .answers(206, "The part of them that was asked for", [Content::of("application/octet-stream")]),
    ]
}

async fn list(call: Call) -> Answer {
    let query = call.query::<Query>()?;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(HttpError::bad_request(
            "limit",
            format!("is {limit}; it must be between 1 and {MAX_PAGE}"),
        ));
    }
    let wrong = |_| HttpError::bad_request("cursor", "is not the next_cursor of a page");
    let after = query.cursor.map(|cursor| cursor.parse().map_err(wrong)).transpose()?;
    let filter = UploadFilter { after, ..UploadFilter::default() };
    let page = call.app.services.uploads.list(call.caller(), filter, limit).await;
    let page = page.map_err(|error| call.error(&error))?;
    json_answer(&FilePage {
        files: page.items.into_iter().map(entry).collect(),
        next_cursor: page.next.map(|next| next.to_string()),
    })
}

async fn get(call: Call) -> Answer {
    json_answer(&entry(uploaded(&call).await?))
}

async fn delete(call: Call) -> Answer {
    let id = call.path("id");
    call.app.services.uploads.delete(call.caller(), id).await.map_err(|error| call.error(&error))?;
    json_answer(&Deleted { id, deleted: true })
}

fn entry(upload: Upload) -> FileEntry {
    FileEntry {
        download_path: path_of(&upload.filename),
        created_at: iso(upload.created),
        expires_at: upload.expires.map(iso),
        id: upload.id,
        name: upload.name,
        r#type: upload.media_type,
        bytes: upload.bytes,
        purpose: upload.purpose,
    }
}

fn iso(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}
