//! `POST /upload` and `GET /files/{filename}`: files, as the older services' clients send and fetch them.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Serialize;

use crate::call::{Call, json_answer, tell_ignored};
use crate::download::{download, path_of};
use crate::multipart;
use crate::route::{Answer, Content, Route, Tag};
use types::Scope;

const DESCRIPTION: &str = "The field `file` of a form, of any kind. `attachments` of a chat, and `file` parts of a message, name it by its `id`; text, PDF and \
images can be read by a model. It is the caller's alone, and deleted after a time that is a setting.";
const UPLOADED: &str = r#"{"filename":"6f1b0c1f5b8c4f0f9f0f2d8e3c9a7b11_notes.txt","download_path":"/files/6f1b0c1f5b8c4f0f9f0f2d8e3c9a7b11_notes.txt","id":"file-6f1b0c1f5b8c4f0f9f0f2d8e3c9a7b11","type":"text/plain; charset=utf-8","bytes":1204}"#;

/// A file that was kept.
#[derive(Debug, Serialize, JsonSchema)]
struct Uploaded {
    /// Under which it is fetched
    filename: String,
    download_path: String,
    /// By which a chat names it
    id: String,
    /// By its content
    r#type: String,
    bytes: u64,
}

pub(super) fn routes() -> [Route; 2] {
    [
        Route::post("/upload", |call| upload(call).boxed())
            .about("uploadFile", Tag::ChatService, "Upload a file")
            .described(DESCRIPTION)
            .needs(Scope::Files)
            .takes(multipart::content())
            .answers(200, "The file", [Content::json::<Uploaded>().example(UPLOADED)]),
        Route::get("/files/{filename}", |call| fetch(call).boxed())
            .about("fetchFile", Tag::ChatService, "Download a file")
            .described("The bytes, as an attachment. A single `Range` of bytes is served.")
            .needs(Scope::Files)
            .parameter("path", "filename", "The `filename` of the upload")
            .answers(
                200,
                "The bytes, with a type by their content",
                [Content::of("application/octet-stream")],
            )
            .answers(206, "The part of them that was asked for", [Content::of("application/octet-stream")]),
    ]
}

async fn upload(mut call: Call) -> Answer {
    let mut ignored = Vec::new();
    let upload = multipart::receive(&mut call, &mut ignored).await?;
    let mut response = json_answer(&Uploaded {
        download_path: path_of(&upload.filename),
        filename: upload.filename,
        id: upload.id,
        r#type: upload.media_type,
        bytes: upload.bytes,
    })?;
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

async fn fetch(call: Call) -> Answer {
    let found = call.app.services.uploads.by_filename(call.caller(), call.path("filename")).await;
    download(&call, &found.map_err(|error| call.error(&error))?).await
}
