//! Files in messages: content parts of type `file`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{ChatMessage, Content};
use crate::InvalidArgument;

/// A file that a message holds or names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// Where it stands, such as `messages[0].content[1].file`.
    pub path: String,
    /// The index of its message.
    pub message: usize,
    pub name: Option<String>,
    pub source: FileSource,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSource {
    /// The id of an upload.
    Upload(String),
    /// The bytes, which came as a data URL or as base64.
    Data(Vec<u8>),
}

/// Takes the files out of messages. A front that has no uploads leaves them there, and
/// [`super::read_messages`] refuses them.
///
/// # Errors
/// A part has neither `file_id` nor `file_data`.
pub fn take_files(argument: &str, messages: &mut [ChatMessage]) -> Result<Vec<FilePart>, InvalidArgument> {
    let mut files = Vec::new();
    for (message, ChatMessage { content, role, has_files, .. }) in messages.iter_mut().enumerate() {
        let Content::Parts(parts) = content else { continue };
        let mut kept = Vec::new();
        for (index, mut part) in std::mem::take(parts).into_iter().enumerate() {
            if part.get("type").and_then(Value::as_str) != Some("file") {
                kept.push(part);
                continue;
            }
            let path = format!("{argument}[{message}].content[{index}].file");
            if role != "user" {
                return Err(InvalidArgument::new(
                    &path,
                    "is not in a message of the user, where files belong",
                ));
            }
            *has_files = true;
            let mut take = |name: &str| match part.get_mut("file")?.get_mut(name)?.take() {
                Value::String(text) => Some(text),
                _ => None,
            };
            let name = take("filename");
            let source = match (take("file_id"), take("file_data")) {
                (Some(id), _) => FileSource::Upload(id),
                (None, Some(data)) => FileSource::Data(decoded(&format!("{path}.file_data"), &data)?),
                (None, None) => {
                    return Err(InvalidArgument::new(
                        &path,
                        "must have a file_id, or file_data as a data URL",
                    ));
                }
            };
            files.push(FilePart { path, message, name, source });
        }
        *parts = kept;
    }
    Ok(files)
}

pub(crate) fn decoded(path: &str, data: &str) -> Result<Vec<u8>, InvalidArgument> {
    let base64 = match data.strip_prefix("data:") {
        None => data,
        Some(url) => match url.split_once(";base64,") {
            Some((_, base64)) => base64,
            None => return Err(InvalidArgument::new(path, "is a data URL without ;base64,")),
        },
    };
    STANDARD
        .decode(base64)
        .map_err(|_| InvalidArgument::new(path, "is not base64 (standard alphabet, padded)"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::messages::read_messages;

    fn messages(parts: Value) -> Vec<ChatMessage> {
        serde_json::from_value(json!([{"role": "user", "content": parts}])).unwrap()
    }

    #[test]
    fn files_are_taken_out_of_messages() {
        let mut messages = messages(json!([
            {"type": "text", "text": "compare"},
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ=="}},
        ]));
        let refused = read_messages("messages", messages.clone()).unwrap_err();
        assert_eq!(refused.path, "messages[0].content[1].type");
        let file = |index: usize, name: Option<&str>, source| FilePart {
            path: format!("messages[0].content[{index}].file"),
            message: 0,
            name: name.map(str::to_owned),
            source,
        };
        assert_eq!(
            take_files("messages", &mut messages),
            Ok(vec![
                file(1, None, FileSource::Upload("file-1".to_owned())),
                file(2, Some("a.pdf"), FileSource::Data(b"A".to_vec())),
            ])
        );
        assert_eq!(read_messages("messages", messages).unwrap()[0].content, "compare");
    }

    #[test]
    fn message_may_have_files_alone_and_only_of_user() {
        let file = json!([{"type": "file", "file": {"file_id": "file-1"}}]);
        let mut of_user = messages(file.clone());
        take_files("messages", &mut of_user).unwrap();
        assert_eq!(read_messages("messages", of_user).unwrap()[0].content, "");
        let mut of_model: Vec<ChatMessage> =
            serde_json::from_value(json!([{"role": "assistant", "content": file}])).unwrap();
        let error = take_files("messages", &mut of_model).unwrap_err();
        assert_eq!(error.path, "messages[0].content[0].file");
    }

    #[test]
    fn file_without_a_source_is_refused() {
        for file in [json!({}), json!({"file_id": 1}), Value::Null] {
            let error =
                take_files("messages", &mut messages(json!([{"type": "file", "file": file}]))).unwrap_err();
            assert_eq!(error.path, "messages[0].content[0].file");
        }
    }
}
