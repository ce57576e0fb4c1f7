//! The body of `POST /chat`: one of three forms.

use openai::messages::{ChatMessage, read_images, read_messages};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::chat_fields::{ChatFields, has_text};
use crate::error::HttpError;
use crate::options::HttpOptions;
use service::chat::request::ChatCall;
use service::chat::response_format::FormatCheck;
use service::conversations::{MAX_ID, TurnCall, is_conversation_id};
use types::{Message, Role};

/// A chat in one of three forms: `messages`, `message` or `prompt`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "ChatServiceRequest")]
pub(crate) struct ChatRequest {
    /// The whole chat, as in Ollama's `/api/chat`
    #[schemars(with = "Option<Vec<Value>>")]
    messages: Option<Vec<ChatMessage>>,
    /// A turn of a stored conversation
    message: Option<String>,
    /// The conversation of `message`: letters, digits, `-`, `_`; absent: a new one
    chat_id: Option<String>,
    /// One question, of which nothing is stored
    prompt: Option<String>,
    /// Absent: the default model
    model: Option<String>,
    /// System prompt; "" for none
    system: Option<String>,
    /// With `messages`: `false` for one object instead of a stream
    stream: Option<bool>,
    /// Ollama's options, such as temperature and num_ctx
    options: Option<Map<String, Value>>,
    /// "json", or a JSON Schema
    format: Option<Value>,
    /// true, false, low, medium, high or max
    think: Option<Value>,
    /// OpenAI function tools
    tools: Option<Vec<Value>>,
    /// How long the model stays loaded: "10m", seconds, -1 for ever
    keep_alive: Option<Value>,
    /// With `prompt`: base64 or data URLs
    images: Option<Vec<String>>,
    /// Ids of uploaded files that the model reads with the newest message
    pub(crate) attachments: Option<Vec<String>>,
}

/// A request that was read and checked.
#[derive(Debug)]
pub(crate) enum Asked {
    /// A chat, answered in Ollama's chunks or as one object.
    Messages { chat: Box<ChatCall>, stream: bool },
    /// A turn of a stored conversation.
    Turn(Box<TurnCall>),
    /// One question.
    Prompt(Box<ChatCall>),
}

impl Asked {
    /// Everything but the messages.
    pub(crate) fn chat_mut(&mut self) -> &mut ChatCall {
        match self {
            Self::Messages { chat, .. } | Self::Prompt(chat) => chat,
            Self::Turn(turn) => &mut turn.chat,
        }
    }
}

impl ChatRequest {
    /// Reads the request; `ignored` gets the names of fields that have no effect in its form.
    ///
    /// # Errors
    /// 400 with the name of the field that is wrong.
    pub(crate) fn read(
        mut self,
        options: &HttpOptions,
        ignored: &mut Vec<String>,
    ) -> Result<Asked, HttpError> {
        let fields = [
            ("messages", self.messages.is_some()),
            ("message", self.message.is_some()),
            ("prompt", self.prompt.is_some()),
        ];
        let given: Vec<_> = fields.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name).collect();
        if let [first, .., _] = given.as_slice() {
            let text = format!("{} are given together; give one of them", given.join(" and "));
            let mut error = HttpError::bad_request(first, "");
            error.message = text;
            return Err(error);
        }
        let images = self.images.take().unwrap_or_default();
        let chat = self.settings(options)?;
        let (stream, chat_id) = (self.stream, self.chat_id.take());
        if chat_id.is_some() && self.message.is_none() {
            ignored.push("chat_id".to_owned());
        }
        if stream == Some(true) && self.messages.is_none() {
            ignored.push("stream".to_owned());
        }
        if !images.is_empty() && self.prompt.is_none() {
            let reason = match self.message {
                Some(_) => "cannot be stored; send them with prompt, or in messages",
                None => "go into the messages that they belong to",
            };
            return Err(HttpError::bad_request("images", reason));
        }
        match (self.messages, self.message, self.prompt) {
            (Some(messages), ..) => {
                let messages = read_messages("messages", messages)?;
                let stream = stream.unwrap_or(true);
                let format_check = if stream { FormatCheck::AtEnd } else { FormatCheck::BeforeReply };
                let chat = Box::new(ChatCall { messages, format_check, ..chat });
                Ok(Asked::Messages { chat, stream })
            }
            (None, Some(message), _) => {
                has_text("message", &message)?;
                chat_id.as_deref().map_or(Ok(()), check_chat_id)?;
                Ok(Asked::Turn(Box::new(TurnCall {
                    conversation_id: chat_id,
                    prompt: message,
                    chat,
                    ..TurnCall::default()
                })))
            }
            (None, None, Some(prompt)) => {
                has_text("prompt", &prompt)?;
                let images = read_images("images", &images)?;
                let messages = vec![Message { images, ..Message::text(Role::User, prompt) }];
                Ok(Asked::Prompt(Box::new(ChatCall { messages, ..chat })))
            }
            (None, None, None) => {
                Err(HttpError::bad_request("messages", "is missing; give messages, message or prompt"))
            }
        }
    }

    /// Everything but the question.
    fn settings(&mut self, options: &HttpOptions) -> Result<ChatCall, HttpError> {
        ChatFields {
            model: self.model.take(),
            system: self.system.take(),
            options: self.options.take(),
            format: self.format.take(),
            think: self.think.take(),
            tools: self.tools.take(),
            keep_alive: self.keep_alive.take(),
        }
        .read(options)
    }
}

/// Checks the id of a conversation.
///
/// # Errors
/// 400.
pub(super) fn check_chat_id(id: &str) -> Result<(), HttpError> {
    if is_conversation_id(id) {
        return Ok(());
    }
    let shown: String = id.chars().take(MAX_ID).collect();
    let reason = format!("is {shown:?}; it must be 1 to {MAX_ID} letters (a-z), digits, \"-\" or \"_\"");
    Err(HttpError::bad_request("chat_id", reason))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<(Asked, Vec<String>), String> {
        let mut ignored = Vec::new();
        let request: ChatRequest = serde_json::from_value(body).unwrap();
        let asked = request.read(&HttpOptions::default(), &mut ignored).map_err(|error| {
            assert!(error.param.is_some(), "{}", error.message);
            error.message.clone()
        })?;
        Ok((asked, ignored))
    }

    #[test]
    fn two_forms_at_once_are_named() {
        let hello = json!([{"role": "user", "content": "hello"}]);
        for (body, text) in [
            (
                json!({"message": "a", "prompt": "b"}),
                "message and prompt are given together; give one of them",
            ),
            (
                json!({"messages": hello, "prompt": "b"}),
                "messages and prompt are given together; give one of them",
            ),
            (
                json!({"messages": hello, "message": "a", "prompt": "b"}),
                "messages and message and prompt are given together; give one of them",
            ),
            (json!({"model": "m"}), "messages is missing; give messages, message or prompt"),
            (json!({"messages": []}), "messages is empty; it must hold at least one message"),
            (json!({"message": " "}), "message is empty; it must have text"),
            (json!({"prompt": ""}), "prompt is empty; it must have text"),
            (
                json!({"message": "a", "chat_id": "a b"}),
                "chat_id is \"a b\"; it must be 1 to 64 letters (a-z), digits, \"-\" or \"_\"",
            ),
            (
                json!({"message": "a", "images": ["x"]}),
                "images cannot be stored; send them with prompt, or in messages",
            ),
            (
                json!({"prompt": "a", "format": 5}),
                "format must be \"json\", a JSON Schema, or OpenAI's json_schema form",
            ),
            (
                json!({"prompt": "a", "think": 5}),
                "think is 5; it must be true, false, \"low\", \"medium\", \"high\" or \"max\"",
            ),
        ] {
            assert_eq!(read(body.clone()).map(|_| ()).unwrap_err(), text, "{body}");
        }
    }

    #[test]
    fn new_is_an_ordinary_id() {
        let (asked, _) = read(json!({"message": "a", "chat_id": "new"})).unwrap();
        let Asked::Turn(turn) = asked else { panic!("it is a turn") };
        assert_eq!(turn.conversation_id.as_deref(), Some("new"));
    }

    #[test]
    fn fields_without_effect_are_named() {
        let (_, ignored) = read(json!({"prompt": "a", "chat_id": "x", "stream": true})).unwrap();
        assert_eq!(ignored, ["chat_id", "stream"]);
        let (_, ignored) = read(json!({"message": "a", "chat_id": "x", "stream": false})).unwrap();
        assert!(ignored.is_empty());
    }

    #[test]
    fn messages_stream_unless_told_otherwise() {
        for (stream, streams) in [(Value::Null, true), (json!(true), true), (json!(false), false)] {
            let body =
                json!({"messages": [{"role": "user", "content": "a"}], "stream": stream, "format": ""});
            let (Asked::Messages { stream, chat }, _) = read(body).unwrap() else {
                panic!("it has messages")
            };
            assert_eq!(stream, streams);
            assert!(chat.response_format.is_none());
        }
    }
}
