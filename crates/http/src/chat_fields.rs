//! The settings of a chat as our own routes and those of the chat service take them: Ollama's names.

use openai::ChatCompletionRequest;
use serde_json::{Map, Value};

use crate::error::HttpError;
use crate::options::HttpOptions;
use service::chat::request::ChatCall;
use service::chat::response_format::ReplyFormat;
use service::chat::validate::keep_alive;

/// Everything of a chat but its messages and files.
#[derive(Debug, Default)]
pub(crate) struct ChatFields {
    pub(crate) model: Option<String>,
    pub(crate) system: Option<String>,
    pub(crate) options: Option<Map<String, Value>>,
    pub(crate) format: Option<Value>,
    pub(crate) think: Option<Value>,
    pub(crate) tools: Option<Vec<Value>>,
    pub(crate) keep_alive: Option<Value>,
}

impl ChatFields {
    /// # Errors
    /// 400 with the name of the field that is wrong.
    pub(crate) fn read(self, options: &HttpOptions) -> Result<ChatCall, HttpError> {
        let mut think = ChatCompletionRequest::default();
        think.think = self.think;
        Ok(ChatCall {
            model: options.model_meant_by(self.model),
            system: self.system,
            options: self.options.unwrap_or_default(),
            response_format: self.format.map_or(Ok(None), read_format)?,
            think: think.think()?,
            tools: self.tools.unwrap_or_default(),
            keep_alive: keep_alive(self.keep_alive)
                .map_err(|error| HttpError::from_service(&error, false))?,
            ..ChatCall::default()
        })
    }
}

/// Refuses a text that is missing or empty.
///
/// # Errors
/// 400 with the name of the field.
pub(crate) fn has_text(field: &str, text: &str) -> Result<(), HttpError> {
    match text.trim() {
        "" => Err(HttpError::bad_request(field, "is empty; it must have text")),
        _ => Ok(()),
    }
}

/// Ollama's `format`: an empty one is none.
fn read_format(format: Value) -> Result<Option<ReplyFormat>, HttpError> {
    if format.as_str() == Some("") {
        return Ok(None);
    }
    let format = openai::response_format::read(format)
        .map_err(|invalid| named_format(&invalid.path, &invalid.reason))?;
    let compiled = format.map(ReplyFormat::new).transpose();
    compiled.map_err(|error| {
        let path = error.argument.as_deref().unwrap_or("response_format");
        named_format(path, error.message.strip_prefix(path).unwrap_or(&error.message).trim_start())
    })
}

/// An error of the service's `response_format`, under the name that these APIs have for it.
fn named_format(path: &str, reason: &str) -> HttpError {
    let path = path.replacen("response_format", "format", 1);
    HttpError::bad_request(&path, reason)
}
