//! Files that go with a request: uploads by their ids, and files in the messages themselves.

use openai::ChatCompletionRequest;
use openai::messages::{FilePart, FileSource, take_files};
use types::Scope;

use crate::call::Call;
use crate::error::HttpError;
use service::chat::attachments::Attachments;
use service::uploads::{FileToAttach, Source};

/// The field of requests for the ids of uploads.
const ATTACHMENTS: &str = "attachments";

/// The uploads that the field `attachments` of a request names.
///
/// # Errors
/// 404 with the place of the id that is no file of the caller, 403 without the scope.
pub(crate) async fn by_id(call: &Call, ids: Option<Vec<String>>) -> Result<Attachments, HttpError> {
    let Some(ids) = ids.filter(|ids| !ids.is_empty()) else { return Ok(Attachments::default()) };
    check_scope(call)?;
    let attached = call.app.services.uploads.attach(call.caller(), ATTACHMENTS, ids).await;
    attached.map_err(|error| call.error(&error))
}

/// Takes the files out of the messages of a request.
///
/// # Errors
/// As of [`by_id`], and 400 for a file that cannot be read.
pub(crate) async fn of_messages(
    call: &Call,
    request: &mut ChatCompletionRequest,
) -> Result<Attachments, HttpError> {
    let Some(messages) = &mut request.messages else { return Ok(Attachments::default()) };
    let parts = take_files("messages", messages)?;
    let count = messages.len();
    of_parts(call, parts, count).await
}

/// The files of `count` messages.
///
/// # Errors
/// As of [`of_messages`].
pub(crate) async fn of_parts(
    call: &Call,
    parts: Vec<FilePart>,
    count: usize,
) -> Result<Attachments, HttpError> {
    if parts.is_empty() {
        return Ok(Attachments::default());
    }
    let mut files = Vec::with_capacity(parts.len());
    for part in parts {
        let (argument, source) = match part.source {
            FileSource::Upload(id) => {
                check_scope(call)?;
                (format!("{}.file_id", part.path), Source::Upload(id))
            }
            FileSource::Data(bytes) => {
                (format!("{}.file_data", part.path), Source::Bytes { name: part.name, bytes })
            }
        };
        let message = Some(count.saturating_sub(1).saturating_sub(part.message));
        files.push(FileToAttach { argument, source, message });
    }
    let attached = call.app.services.uploads.attach_files(call.caller(), files).await;
    attached.map_err(|error| call.error(&error))
}

/// Takes the files out of the prompt of a request in Anthropic's form.
///
/// # Errors
/// As of [`of_messages`].
pub(crate) async fn of_prompt(call: &Call, prompt: &mut anthropic::Prompt) -> Result<Attachments, HttpError> {
    let last = prompt.messages.len().saturating_sub(1);
    let mut files = Vec::with_capacity(prompt.files.len());
    for part in std::mem::take(&mut prompt.files) {
        let source = match part.source {
            anthropic::FileSource::Upload(id) => {
                check_scope(call)?;
                Source::Upload(id)
            }
            anthropic::FileSource::Data(bytes) => Source::Bytes { name: part.name, bytes },
        };
        let message = Some(last.saturating_sub(part.message));
        files.push(FileToAttach { argument: part.path, source, message });
    }
    if files.is_empty() {
        return Ok(Attachments::default());
    }
    let attached = call.app.services.uploads.attach_files(call.caller(), files).await;
    attached.map_err(|error| call.error(&error))
}

fn check_scope(call: &Call) -> Result<(), HttpError> {
    match call.identity.may(Scope::Files) {
        true => Ok(()),
        false => Err(HttpError::forbidden("Uploaded files need the scope files")),
    }
}
