//! A file in the body of a request, as `multipart/form-data`: written to the disk as it comes.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::BodyDataStream;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use multer::{Field, Multipart};
use schemars::JsonSchema;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::call::Call;
use crate::error::HttpError;
use crate::route::Content;
use service::uploads::{IncomingFile, Upload};

/// The field of the file.
const FILE: &str = "file";
/// A purpose of OpenAI's for files that models read.
pub(crate) const USER_DATA: &str = "user_data";
/// The purposes of OpenAI's API.
pub(crate) const PURPOSES: &[&str] = &["assistants", "batch", "evals", "fine-tune", USER_DATA, "vision"];
/// How long the sender may be silent.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an upload may take.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// What comes with a file: heads of parts, and small fields.
const MAX_BESIDE_FILE: usize = 1 << 20;
/// The largest field that is no file.
const MAX_FIELD: usize = 1024;
/// The body of a refused request is read for a while: a client that is still sending would see a broken connection in place
/// of the answer.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_DRAINED: usize = 256 << 20;

/// The form of an upload.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes a form; its fields are read as they come")]
struct UploadForm {
    #[schemars(extend("format" = "binary"))]
    file: String,
    /// assistants, batch, evals, fine-tune, user_data or vision; kept and given back
    purpose: Option<String>,
    /// When the file expires, if that is before the server's own time
    #[schemars(rename = "expires_after[seconds]")]
    expires_after_seconds: Option<u64>,
}

/// The form in the description of a route.
pub(crate) fn content() -> Content {
    Content { media_type: MULTIPART, ..Content::json::<UploadForm>() }
}

pub(crate) const MULTIPART: &str = "multipart/form-data";

/// Receives the file of a request, and keeps it for the caller. The names of other fields are added to `ignored`.
///
/// # Errors
/// 400 for what is no form with one file, 413 for too much of it, 415 for another kind of body, 408.
pub(crate) async fn receive(call: &mut Call, ignored: &mut Vec<String>) -> Result<Upload, HttpError> {
    let boundary = boundary(call)?;
    let max_bytes = call.app.services.uploads.max_bytes();
    let declared = call.header(CONTENT_LENGTH.as_str())?.and_then(|length| length.parse::<u64>().ok());
    let body = std::mem::take(&mut *platform::sync::lock(&call.body)).into_data_stream();
    if declared.is_some_and(|length| length > max_bytes.saturating_add(MAX_BESIDE_FILE as u64)) {
        // A client that asks first sends nothing after this answer, unless its body is read.
        if call.header(EXPECT.as_str())?.is_none() {
            drain(body);
        }
        return Err(too_large(call));
    }
    let allowance = Arc::new(AtomicUsize::new(MAX_BESIDE_FILE));
    let (sender, rest) = tokio::sync::oneshot::channel();
    let paced =
        Paced { body: Some(body), rest: Some(sender), allowance: Arc::clone(&allowance), pauses: false };
    let mut form = Form {
        parts: Multipart::new(paced, boundary),
        allowance,
        until: Instant::now() + UPLOAD_TIMEOUT,
        shutdown: call.app.shutdown.clone(),
    };
    let received = form.receive(call, ignored).await;
    drop(form);
    match received {
        Ok((incoming, fields)) => {
            let finished = incoming.finish(&fields.name, &fields.purpose, fields.ttl).await;
            finished.map_err(|error| call.error(&error))
        }
        Err(error) => {
            // The stream has given its body back when it was dropped.
            if let Ok(body) = rest.await {
                drain(body);
            }
            Err(error)
        }
    }
}

/// What the form says of the file.
#[derive(Default)]
struct Fields {
    name: String,
    purpose: String,
    ttl: Option<Duration>,
}

struct Form {
    parts: Multipart<'static>,
    allowance: Arc<AtomicUsize>,
    until: Instant,
    shutdown: CancellationToken,
}

impl Form {
    async fn receive(
        &mut self,
        call: &Call,
        ignored: &mut Vec<String>,
    ) -> Result<(IncomingFile, Fields), HttpError> {
        let mut fields = Fields { purpose: USER_DATA.to_owned(), ..Fields::default() };
        let mut file = None;
        while let Some(mut part) =
            in_time(&self.shutdown, self.until, self.parts.next_field()).await?.map_err(wrong_form)?
        {
            let name = part.name().unwrap_or_default().to_owned();
            match (name.as_str(), part.file_name()) {
                (FILE, Some(given)) => {
                    if file.is_some() {
                        return Err(HttpError::bad_request(
                            FILE,
                            "is given twice; send each file in a request of its own",
                        ));
                    }
                    fields.name = given.to_owned();
                    let has_name = !given.is_empty();
                    let received = self.receive_file(call, &mut part).await?;
                    // What a browser sends for a form in which no file was chosen.
                    if !has_name && received.bytes() == 0 {
                        return Err(HttpError::bad_request(FILE, "has no name and no bytes; choose a file"));
                    }
                    file = Some(received);
                }
                (FILE, None) => {
                    return Err(HttpError::bad_request(
                        FILE,
                        "is a field of text; its part must have a filename, as curl -F file=@PATH sends it",
                    ));
                }
                (_, Some(_)) => {
                    let text = format!("is a file; the field of a file is called {FILE:?}");
                    return Err(HttpError::bad_request(&shown(&name), text));
                }
                ("purpose", None) => fields.purpose = purpose(&self.text(&mut part, &name).await?)?,
                ("expires_after[anchor]", None) => check_anchor(&self.text(&mut part, &name).await?)?,
                ("expires_after[seconds]", None) => {
                    fields.ttl = Some(seconds(&self.text(&mut part, &name).await?)?);
                }
                _ => {
                    self.text(&mut part, &name).await?;
                    ignored.push(name);
                }
            }
        }
        let missing = || {
            HttpError::bad_request(
                FILE,
                format!("is missing; send {MULTIPART} with a field {FILE:?} that is a file"),
            )
        };
        Ok((file.ok_or_else(missing)?, fields))
    }

    async fn receive_file(&self, call: &Call, part: &mut Field<'static>) -> Result<IncomingFile, HttpError> {
        let uploads = &call.app.services.uploads;
        let mut incoming = uploads.receive(call.caller()).await.map_err(|error| call.error(&error))?;
        while let Some(bytes) =
            in_time(&self.shutdown, self.until, part.chunk()).await?.map_err(wrong_form)?
        {
            self.allowance.store(MAX_BESIDE_FILE, Ordering::Relaxed);
            incoming.write(&bytes).await.map_err(|error| call.error(&error))?;
        }
        Ok(incoming)
    }

    /// A small field.
    async fn text(&self, part: &mut Field<'static>, name: &str) -> Result<String, HttpError> {
        let mut text = Vec::new();
        while let Some(bytes) =
            in_time(&self.shutdown, self.until, part.chunk()).await?.map_err(wrong_form)?
        {
            if text.len() + bytes.len() > MAX_FIELD {
                let reason = format!("has more than {MAX_FIELD} bytes");
                return Err(HttpError::bad_request(&shown(name), reason));
            }
            text.extend_from_slice(&bytes);
        }
        String::from_utf8(text).map_err(|_| HttpError::bad_request(&shown(name), "is no text in UTF-8"))
    }
}

/// Waits for the sender, but not forever, and not beyond the end of the server.
async fn in_time<T>(
    shutdown: &CancellationToken,
    until: Instant,
    part: impl Future<Output = T>,
) -> Result<T, HttpError> {
    let idle = Instant::now() + IDLE_TIMEOUT;
    let waited = shutdown.run_until_cancelled(timeout_at(until.min(idle), part)).await;
    let Some(waited) = waited else {
        let text = "The server is shutting down";
        return Err(HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "server_shutdown", text)
            .with_hint("Send the file again when it is back."));
    };
    waited.map_err(|_| {
        let text = format!("Nothing of the file came for {} s, or it takes too long", IDLE_TIMEOUT.as_secs());
        HttpError::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", text)
    })
}

/// The boundary of the parts.
fn boundary(call: &Call) -> Result<String, HttpError> {
    let encoding = call.header(CONTENT_ENCODING.as_str())?;
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(HttpError::unsupported_media_type("The body is compressed; send it as it is"));
    }
    let given = call.header(CONTENT_TYPE.as_str())?.unwrap_or_default();
    multer::parse_boundary(given).map_err(|_| {
        HttpError::unsupported_media_type(format!(
            "The body must be {MULTIPART} with a boundary, and have a field {FILE:?} that is a file"
        ))
    })
}

fn purpose(text: &str) -> Result<String, HttpError> {
    match PURPOSES.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(HttpError::bad_request(
            "purpose",
            format!("is {:?}; it must be one of {}", shown(text), PURPOSES.join(", ")),
        )),
    }
}

fn check_anchor(text: &str) -> Result<(), HttpError> {
    match text {
        "created_at" => Ok(()),
        _ => Err(HttpError::bad_request("expires_after[anchor]", "must be created_at")),
    }
}

fn seconds(text: &str) -> Result<Duration, HttpError> {
    match text.parse::<u32>() {
        Ok(seconds @ 1..) => Ok(Duration::from_secs(seconds.into())),
        _ => Err(HttpError::bad_request(
            "expires_after[seconds]",
            "must be a whole number of seconds from 1 on",
        )),
    }
}

/// A name of the sender, for an error.
fn shown(name: &str) -> String {
    text::sanitize::line_of(name, 100)
}

fn too_large(call: &Call) -> HttpError {
    let most = text::format::human_size(call.app.services.uploads.max_bytes());
    HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", format!("The file has more than {most}"))
}

/// An error of the parser. Its own texts name fields, which are the sender's.
fn wrong_form(error: multer::Error) -> HttpError {
    let reason = match &error {
        multer::Error::StreamReadFailed(cause) if cause.is::<TooMuch>() => {
            "has parts with too much beside the file"
        }
        multer::Error::StreamReadFailed(_) => "ended early",
        multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteStream => "ended early, or is no multipart/form-data with its boundary",
        _ => "has a part whose head cannot be read",
    };
    HttpError::bad_request("body", reason)
}

/// Reads on for a while, and drops what comes.
fn drain(mut body: BodyDataStream) {
    tokio::spawn(timeout(DRAIN_TIMEOUT, async move {
        let mut read = 0;
        while let Some(Ok(bytes)) = body.next().await {
            read += bytes.len();
            if read > MAX_DRAINED {
                break;
            }
        }
    }));
}

/// A body for the parser, which reads all that there is at once and looks for the end of a head in all of it: this gives it
/// one piece at a time, and no more than the allowance, which each piece of the file renews.
struct Paced {
    body: Option<BodyDataStream>,
    /// Gets the body when this is dropped.
    rest: Option<tokio::sync::oneshot::Sender<BodyDataStream>>,
    allowance: Arc<AtomicUsize>,
    pauses: bool,
}

#[derive(Debug)]
struct TooMuch;

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too much beside the file")
    }
}

impl std::error::Error for TooMuch {}

impl Stream for Paced {
    type Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.pauses) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let Poll::Ready(next) = body.poll_next_unpin(context) else { return Poll::Pending };
        let Some(next) = next else { return Poll::Ready(None) };
        self.pauses = true;
        Poll::Ready(Some(match next {
            Ok(bytes) => {
                let left = self.allowance.load(Ordering::Relaxed).checked_sub(bytes.len());
                match left {
                    Some(left) => {
                        self.allowance.store(left, Ordering::Relaxed);
                        Ok(bytes)
                    }
                    None => Err(TooMuch.into()),
                }
            }
            Err(error) => Err(error.into()),
        }))
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        if let (Some(body), Some(rest)) = (self.body.take(), self.rest.take()) {
            // Nobody waits for it after a whole form.
            let _ = rest.send(body);
        }
    }
}
