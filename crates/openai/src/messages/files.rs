//! Files in messages: content parts of type `file`.

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
    /// A data URL.
    Data(String),
}

/// Takes the files out of messages. A front that has no uploads leaves them there, and
/// [`super::read_messages`] refuses them.
///
/// # Errors
/// A part has neither `file_id` nor `file_data`.
pub fn take_files(argument: &str, messages: &mut [ChatMessage]) -> Result<Vec<FilePart>, InvalidArgument> {
    let mut files = Vec::new();
    for (message, ChatMessage { content, .. }) in messages.iter_mut().enumerate() {
        let Content::Parts(parts) = content else { continue };
        let mut kept = Vec::new();
        for (index, mut part) in std::mem::take(parts).into_iter().enumerate() {
            if part.get("type").and_then(Value::as_str) != Some("file") {
                kept.push(part);
                continue;
            }
            let path = format!("{argument}[{message}].content[{index}].file");
            let mut take = |name: &str| match part.get_mut("file")?.get_mut(name)?.take() {
                Value::String(text) => Some(text),
                _ => None,
            };
            let name = take("filename");
            let source =
                take("file_id").map(FileSource::Upload).or_else(|| take("file_data").map(FileSource::Data));
            let Some(source) = source else {
                return Err(InvalidArgument::new(&path, "must have a file_id, or file_data as a data URL"));
            };
            files.push(FilePart { path, message, name, source });
        }
        *parts = kept;
    }
    Ok(files)
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
                file(2, Some("a.pdf"), FileSource::Data("data:application/pdf;base64,QQ==".to_owned())),
            ])
        );
        assert_eq!(read_messages("messages", messages).unwrap()[0].content, "compare");
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
