//! A chat from a request of OpenAI's API, as every front reads it.

use openai::ChatCompletionRequest;
use openai::messages::read_messages;

use super::request::ChatCall;
use super::response_format::ReplyFormat;
use super::truncation::Truncation;
use super::validate::keep_alive;
use crate::ServiceError;

impl ChatCall {
    /// The call that a request makes, without its messages, model and tools: how to generate.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn generation(request: &mut ChatCompletionRequest) -> Result<Self, ServiceError> {
        Ok(Self {
            sampling: request.take_sampling(),
            options: request.take_options(),
            response_format: request.take_response_format()?.map(ReplyFormat::new).transpose()?,
            think: request.think()?,
            tool_choice: request.tool_choice()?,
            parallel_tool_calls: request.parallel_tool_calls,
            logprobs: request.logprobs()?,
            keep_alive: keep_alive(request.keep_alive.take())?,
            truncation: request.truncation.as_deref().map(Truncation::parse).transpose()?.unwrap_or_default(),
            ..Self::default()
        })
    }

    /// The call that a whole request makes.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn from_openai(mut request: ChatCompletionRequest) -> Result<Self, ServiceError> {
        let messages = request.messages.take();
        let messages = messages.ok_or_else(|| ServiceError::invalid("messages", "is missing"))?;
        Ok(Self {
            model: request.model.take(),
            messages: read_messages("messages", messages)?,
            tools: request.tools.take().unwrap_or_default(),
            ..Self::generation(&mut request)?
        })
    }
}
