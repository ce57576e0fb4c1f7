//! `/api/blobs/{digest}`: files for new models, passed on as they come.

use std::io;

use axum::http::header::CONTENT_LENGTH;
use axum::http::{Method, StatusCode};
use futures_util::FutureExt as _;
use futures_util::stream::{self, StreamExt as _};
use tokio::time::timeout;

use super::{answer, reading};
use crate::call::Call;
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use service::forwarding::BlobUpload;
use types::Scope;

const PATH: &str = "/api/blobs/{digest}";
const DIGEST: &str = "`sha256:` and 64 hexadecimal digits in lower case";
const DESCRIPTION: &str = "The body is the file. It has no limit of size; where Ollama runs on this machine, its disk must have room.";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::HEAD, PATH, |call| has(call).boxed())
            .about("ollamaHasBlob", Tag::Ollama, "Whether Ollama has a file")
            .needs(Scope::ModelsWrite)
            .parameter("path", "digest", DIGEST)
            .answers(200, "It has it; 404 where it has not", []),
        Route::post(PATH, |call| upload(call).boxed())
            .about("ollamaUploadBlob", Tag::Ollama, "Upload a file that a model is created from")
            .described(DESCRIPTION)
            .needs(Scope::ModelsWrite)
            .parameter("path", "digest", DIGEST)
            .takes(Content::of("application/octet-stream"))
            .answers(200, "Ollama had the file", [])
            .answers(201, "Ollama has the file now", []),
    ]
}

async fn has(call: Call) -> Answer {
    let digest = digest(&call)?;
    let forwarding = &call.app.services.forwarding;
    if !forwarding.is_available() {
        return Err(reading::only_ollama());
    }
    let found = forwarding.has_blob(&digest).await.map_err(|error| call.error(&error))?;
    Ok(answer::whole(&call, found))
}

async fn upload(call: Call) -> Answer {
    let digest = digest(&call)?;
    let forwarding = &call.app.services.forwarding;
    if !forwarding.is_available() {
        return Err(reading::only_ollama());
    }
    let size = call.header(CONTENT_LENGTH.as_str())?.and_then(|length| length.parse::<u64>().ok());
    let body = std::mem::take(&mut *platform::sync::lock(&call.body)).into_data_stream();
    let within = call.app.options.timeouts.body;
    let content = stream::try_unfold(body, move |mut body| async move {
        // A sender that is silent for so long is gone.
        let chunk =
            timeout(within, body.next()).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
        let chunk = chunk.transpose().map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        Ok(chunk.map(|chunk| (chunk, body)))
    });
    let upload = BlobUpload { digest, size, content: content.boxed() };
    let uploaded = answer::until(&call.app.shutdown, forwarding.upload_blob(upload)).await?;
    Ok(answer::whole(&call, uploaded.map_err(|error| call.error(&error))?))
}

/// The digest of the path, before a byte of the body is read.
fn digest(call: &Call) -> Result<String, HttpError> {
    let digest = call.path("digest");
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match digest.strip_prefix("sha256:") {
        Some(hex) if hex.len() == 64 && hex.bytes().all(is_digit) => Ok(digest.to_owned()),
        // Ollama's own words.
        _ => Err(HttpError::new(StatusCode::BAD_REQUEST, "invalid_argument", "invalid digest format")),
    }
}
