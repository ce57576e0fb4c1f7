//! Messages of a chat, as callers send them: read leniently, checked, with the path to what is wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::InvalidArgument;
use types::{Image, Message, Role, ToolCall as Call};

mod files;
mod write;

pub(crate) use files::decoded;
pub use files::{FilePart, FileSource, take_files};
pub use write::{FunctionCall, FunctionKind, OutgoingMessage, ToolCall};

/// A message under OpenAI's names.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChatMessage {
    role: String,
    #[serde(default)]
    content: Content,
    /// As in Ollama: bare base64 or data URLs beside the text.
    #[serde(default)]
    images: Vec<String>,
    #[serde(default)]
    tool_calls: Option<Vec<ToolCallArgument>>,
    #[serde(default)]
    tool_call_id: Option<String>,
    /// In a tool message, the name of the tool.
    #[serde(default, alias = "tool_name")]
    name: Option<String>,
    /// The reasoning of an earlier answer, under the name that our answers use.
    #[serde(default, alias = "thinking", alias = "reasoning_content")]
    reasoning: Option<String>,
    /// Whether files were taken out of it: then it may have nothing else.
    #[serde(skip)]
    has_files: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
enum Content {
    #[default]
    Absent,
    Text(String),
    Parts(Vec<Value>),
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Absent,
            Value::String(text) => Self::Text(text),
            Value::Array(parts) => Self::Parts(parts),
            _ => return Err(serde::de::Error::custom("must be text or an array of parts")),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct ToolCallArgument {
    #[serde(default)]
    id: Option<String>,
    function: FunctionArgument,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct FunctionArgument {
    name: String,
    #[serde(default)]
    arguments: Value,
}

/// Checks messages and converts them. `argument` is the list's name in errors.
///
/// # Errors
/// The path of the argument that is wrong, and why.
pub fn read_messages(argument: &str, messages: Vec<ChatMessage>) -> Result<Vec<Message>, InvalidArgument> {
    if messages.is_empty() {
        return Err(InvalidArgument::new(argument, "is empty; it must hold at least one message"));
    }
    messages
        .into_iter()
        .enumerate()
        .map(|(index, message)| read_message(&format!("{argument}[{index}]"), message))
        .collect()
}

fn read_message(path: &str, message: ChatMessage) -> Result<Message, InvalidArgument> {
    let role = match message.role.as_str() {
        // OpenAI's newer models have developer messages instead of system messages.
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        other => {
            let path = format!("{path}.role");
            return Err(InvalidArgument::new(
                &path,
                format!("is {other:?}; it must be system, user, assistant or tool"),
            ));
        }
    };
    let mut images = read_images(&format!("{path}.images"), &message.images)?;
    let content = match message.content {
        Content::Absent => String::new(),
        Content::Text(text) => text,
        Content::Parts(parts) => read_parts(&format!("{path}.content"), parts, &mut images)?,
    };
    let tool_calls = message
        .tool_calls
        .unwrap_or_default()
        .into_iter()
        .enumerate()
        .map(|(index, call)| read_tool_call(&format!("{path}.tool_calls[{index}]"), call))
        .collect::<Result<Vec<_>, _>>()?;
    if content.is_empty()
        && images.is_empty()
        && tool_calls.is_empty()
        && !message.has_files
        && matches!(role, Role::User | Role::System)
    {
        return Err(InvalidArgument::new(&format!("{path}.content"), "is empty; it must have text"));
    }
    Ok(Message {
        role,
        content,
        thinking: message.reasoning.filter(|text| !text.is_empty()),
        images,
        tool_calls,
        tool_call_id: message.tool_call_id,
        tool_name: message.name,
    })
}

fn read_parts(path: &str, parts: Vec<Value>, images: &mut Vec<Image>) -> Result<String, InvalidArgument> {
    let mut text = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        let path = format!("{path}[{index}]");
        let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "text" | "input_text" => {
                let Some(piece) = part.get("text").and_then(Value::as_str) else {
                    return Err(InvalidArgument::new(&format!("{path}.text"), "is missing; it must be text"));
                };
                if !text.is_empty() && !piece.is_empty() {
                    text.push('\n');
                }
                text.push_str(piece);
            }
            "image_url" => {
                let url = part.get("image_url");
                let url = url.and_then(|url| url.as_str().or_else(|| url.get("url")?.as_str()));
                let path = format!("{path}.image_url.url");
                let Some(url) = url else {
                    return Err(InvalidArgument::new(&path, "is missing; it must be a data URL"));
                };
                images.push(read_image(&path, url)?);
            }
            other => {
                let path = format!("{path}.type");
                return Err(InvalidArgument::new(
                    &path,
                    format!("is {other:?}; it must be text or image_url"),
                ));
            }
        }
    }
    Ok(text)
}

/// Reads images given as data URLs or as bare base64. `argument` is the list's name in errors.
///
/// # Errors
/// The path of the argument that is wrong, and why.
pub fn read_images(argument: &str, images: &[String]) -> Result<Vec<Image>, InvalidArgument> {
    images
        .iter()
        .enumerate()
        .map(|(index, image)| read_image(&format!("{argument}[{index}]"), image))
        .collect()
}

/// Reads an image given as a data URL or as bare base64.
pub(crate) fn read_image(path: &str, image: &str) -> Result<Image, InvalidArgument> {
    let (media_type, base64) = match image.strip_prefix("data:") {
        Some(data) => match data.split_once(";base64,") {
            Some((media_type, base64)) => (Some(media_type.to_owned()), base64),
            None => return Err(InvalidArgument::new(path, "is a data URL without ;base64,")),
        },
        None if image.starts_with("http://") || image.starts_with("https://") => {
            return Err(InvalidArgument::new(
                path,
                "is a web address; images are given as data URLs or base64",
            ));
        }
        None => (None, image),
    };
    if base64.is_empty() || STANDARD.decode(base64).is_err() {
        return Err(InvalidArgument::new(path, "is not base64 (standard alphabet, padded)"));
    }
    Ok(Image { base64: base64.to_owned(), media_type })
}

fn read_tool_call(path: &str, call: ToolCallArgument) -> Result<Call, InvalidArgument> {
    let arguments = match call.function.arguments {
        Value::Null => "{}".to_owned(),
        Value::String(text) if text.trim().is_empty() => "{}".to_owned(),
        Value::String(text) => text,
        object @ Value::Object(_) => object.to_string(),
        _ => {
            let path = format!("{path}.function.arguments");
            return Err(InvalidArgument::new(&path, "must be a JSON object, as text or as an object"));
        }
    };
    Ok(Call { id: call.id.unwrap_or_default(), name: call.function.name, arguments })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(messages: Value) -> Result<Vec<Message>, String> {
        read_messages("messages", serde_json::from_value(messages).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn text_parts_and_images_are_read() {
        let messages = read(json!([
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [
                {"type": "text", "text": "what is"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                {"type": "text", "text": "this?"},
            ]},
        ]))
        .unwrap();
        assert_eq!(messages[0], Message::text(Role::System, "be brief"));
        assert_eq!(messages[1].content, "what is\nthis?");
        let image = Image { base64: "iVBORw0KGgo=".into(), media_type: Some("image/png".into()) };
        assert_eq!(messages[1].images, [image]);
    }

    #[test]
    fn tool_calls_and_results_are_read() {
        let messages = read(json!([
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
                {"function": {"name": "g", "arguments": {"y": 2}}},
            ]},
            {"role": "tool", "tool_call_id": "a", "content": "42"},
        ]))
        .unwrap();
        let arguments: Vec<_> = messages[0].tool_calls.iter().map(|call| call.arguments.as_str()).collect();
        assert_eq!(arguments, [r#"{"x":1}"#, r#"{"y":2}"#]);
        assert_eq!(messages[1].tool_call_id.as_deref(), Some("a"));
    }

    #[test]
    fn invalid_field_is_named_with_path() {
        for (messages, text) in [
            (json!([]), "messages is empty; it must hold at least one message"),
            (
                json!([{"role": "bot", "content": "x"}]),
                "messages[0].role is \"bot\"; it must be system, user, assistant or tool",
            ),
            (json!([{"role": "user"}]), "messages[0].content is empty; it must have text"),
            (
                json!([{"role": "user", "content": [{"type": "audio"}]}]),
                "messages[0].content[0].type is \"audio\"; it must be text or image_url",
            ),
            (
                json!([{"role": "user", "content": "x", "images": ["***"]}]),
                "messages[0].images[0] is not base64 (standard alphabet, padded)",
            ),
            (
                json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}]),
                "messages[0].content[0].image_url.url is a web address; images are given as data URLs or base64",
            ),
            (
                json!([{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": 5}}]}]),
                "messages[0].tool_calls[0].function.arguments must be a JSON object, as text or as an object",
            ),
        ] {
            assert_eq!(read(messages).unwrap_err(), text);
        }
    }
}
