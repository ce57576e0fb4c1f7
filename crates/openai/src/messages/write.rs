//! Messages as they are sent to a server.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize, Serializer};

use types::{Image, Message};

/// A message that borrows its texts and images, which can be large. Earlier thinking is not sent.
#[derive(Debug, Serialize)]
pub struct OutgoingMessage<'a> {
    role: &'static str,
    content: OutgoingContent<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum OutgoingContent<'a> {
    Text(&'a str),
    Parts(Vec<OutgoingPart<'a>>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum OutgoingPart<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Debug, Serialize)]
struct ImageUrl<'a> {
    url: DataUrl<'a>,
}

/// Written straight into the body, since an image can be large.
#[derive(Debug)]
struct DataUrl<'a> {
    media_type: &'a str,
    base64: &'a str,
}

/// A call of a function, in answers and in messages that are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall<'a> {
    #[serde(default)]
    pub id: Cow<'a, str>,
    #[serde(rename = "type", default)]
    pub kind: FunctionKind,
    pub function: FunctionCall<'a>,
}

/// The one type of tool calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FunctionKind {
    #[default]
    Function,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionCall<'a> {
    pub name: Cow<'a, str>,
    /// JSON text.
    pub arguments: Cow<'a, str>,
}

impl<'a> From<&'a types::ToolCall> for ToolCall<'a> {
    fn from(call: &'a types::ToolCall) -> Self {
        let types::ToolCall { id, name, arguments } = call;
        let function = FunctionCall { name: name.into(), arguments: arguments.into() };
        Self { id: id.into(), kind: FunctionKind::Function, function }
    }
}

impl<'a> From<&'a Message> for OutgoingMessage<'a> {
    fn from(message: &'a Message) -> Self {
        let content = if message.images.is_empty() {
            OutgoingContent::Text(&message.content)
        } else {
            let text = (!message.content.is_empty()).then_some(OutgoingPart::Text { text: &message.content });
            let images = message
                .images
                .iter()
                .map(|image| OutgoingPart::ImageUrl { image_url: ImageUrl { url: DataUrl::from(image) } });
            OutgoingContent::Parts(text.into_iter().chain(images).collect())
        };
        Self {
            role: message.role.as_str(),
            content,
            tool_calls: message.tool_calls.iter().map(ToolCall::from).collect(),
            tool_call_id: message.tool_call_id.as_deref(),
        }
    }
}

impl<'a> From<&'a Image> for DataUrl<'a> {
    fn from(image: &'a Image) -> Self {
        let media_type = image.media_type.as_deref().unwrap_or_else(|| media_type_of(&image.base64));
        Self { media_type, base64: &image.base64 }
    }
}

impl Serialize for DataUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("data:{};base64,{}", self.media_type, self.base64))
    }
}

/// The media type by the first bytes. An unknown format is called PNG: servers look at the bytes themselves, but
/// refuse a type that is not an image's.
fn media_type_of(base64: &str) -> &'static str {
    // 16 characters are the first 12 bytes, which hold every signature below.
    let head = base64.get(..16).and_then(|head| STANDARD.decode(head).ok()).unwrap_or_default();
    let riff_kind = head.get(8..12);
    match head.as_slice() {
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', ..] if riff_kind == Some(b"WEBP") => "image/webp",
        [b'B', b'M', ..] => "image/bmp",
        _ => "image/png",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::messages::{ChatMessage, read_messages};
    use types::Role;

    fn written(messages: &[Message]) -> Value {
        serde_json::to_value(messages.iter().map(OutgoingMessage::from).collect::<Vec<_>>()).unwrap()
    }

    fn read(messages: Value) -> Vec<Message> {
        let messages: Vec<ChatMessage> = serde_json::from_value(messages).unwrap();
        read_messages("messages", messages).unwrap()
    }

    #[test]
    fn written_messages_are_read_again() {
        let messages = read(json!([
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [
                {"type": "text", "text": "what is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            ]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
            ]},
            {"role": "tool", "tool_call_id": "a", "content": "42"},
        ]));
        assert_eq!(read(written(&messages)), messages);
    }

    #[test]
    fn images_and_tool_messages() {
        let mut user = Message::text(Role::User, "look");
        let image = |base64: &str, media_type: Option<&str>| Image {
            base64: base64.to_owned(),
            media_type: media_type.map(str::to_owned),
        };
        user.images = vec![image("QUJD", Some("image/tiff")), image("/9j/4AAQSkZJRgABAQ==", None)];
        let mut assistant = Message::text(Role::Assistant, "");
        let call = types::ToolCall { id: "c1".into(), name: "f".into(), arguments: "{\"a\":1}".into() };
        assistant.tool_calls = vec![call];
        let mut tool = Message::text(Role::Tool, "42");
        (tool.tool_call_id, tool.tool_name) = (Some("c1".to_owned()), Some("f".to_owned()));
        assert_eq!(
            written(&[user, assistant, tool]),
            json!([
                {"role": "user", "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "data:image/tiff;base64,QUJD"}},
                    {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ=="}}]},
                {"role": "assistant", "content": "", "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
                {"role": "tool", "content": "42", "tool_call_id": "c1"},
            ])
        );
    }

    #[test]
    fn media_type_follows_first_bytes() {
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\n0000"[..], "image/png"),
            (b"GIF89a000000", "image/gif"),
            (b"RIFF0000WEBPVP8 ", "image/webp"),
            (b"RIFF0000WAVEfmt ", "image/png"),
            (b"BM0000000000", "image/bmp"),
            (b"", "image/png"),
        ] {
            assert_eq!(media_type_of(&STANDARD.encode(bytes)), media_type);
        }
    }
}
