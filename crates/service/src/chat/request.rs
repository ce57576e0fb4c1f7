//! What a caller asks for: a chat, or a completion of a bare prompt.

use std::sync::Arc;

use super::Chat;
use super::attachments::Attachments;
use super::response_format::{FormatCheck, ReplyFormat};
use super::runner::Question;
use super::truncation::Truncation;
use crate::tasks::registry::Task;
use crate::{Caller, ServiceError};
use serde_json::{Map, Value};
use types::{GenerateRequest, Image, KeepAlive, Message, Sampling, Think, ToolChoice};

/// A chat as a caller asks for it.
#[derive(Debug, Clone, Default)]
pub struct ChatCall {
    /// The model; the default one where it is absent.
    pub model: Option<String>,
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// The system prompt, put before the messages: empty for none, absent for the default one.
    pub system: Option<String>,
    /// Files that go with the newest message of the user, or with the prompt.
    pub attachments: Attachments,
    /// How to sample.
    pub sampling: Sampling,
    /// Texts that end the reply, for callers that have to learn which one did. The reply is searched for them here, and the
    /// generation is stopped there, so its counts are estimates. `sampling.stop` leaves the search to the model server.
    pub stop_texts: Vec<String>,
    /// The server's own options.
    pub options: Map<String, Value>,
    /// The form that the reply must have.
    pub response_format: Option<ReplyFormat>,
    /// When the reply is checked against it.
    pub format_check: FormatCheck,
    /// Whether the model thinks first.
    pub think: Option<Think>,
    /// OpenAI function tools.
    pub tools: Vec<Value>,
    /// Which of them the model may call. A call that is required is checked for: the reply is held back, and asked for again
    /// where it is missing.
    pub tool_choice: Option<ToolChoice>,
    /// `false`: the first tool call is kept and further ones are dropped, with a warning.
    pub parallel_tool_calls: Option<bool>,
    /// Log probabilities of the tokens, each with so many alternatives.
    pub logprobs: Option<u8>,
    /// How long the model stays loaded afterwards.
    pub keep_alive: Option<KeepAlive>,
    /// What to do with a prompt that does not fit the context.
    pub truncation: Truncation,
}

/// A bare prompt as a caller gives it.
#[derive(Debug, Clone, Default)]
pub struct GenerateCall {
    /// Model, sampling, format and the like; its messages and tools are not used.
    pub settings: ChatCall,
    /// Text to go on from.
    pub prompt: String,
    /// Text after the gap to be filled.
    pub suffix: Option<String>,
    /// System prompt.
    pub system: Option<String>,
    /// Replaces the model's prompt template.
    pub template: Option<String>,
    /// No template at all.
    pub raw: bool,
    /// Images that belong to the prompt.
    pub images: Vec<Image>,
}

impl Chat {
    /// Starts a completion of a bare prompt.
    ///
    /// # Errors
    /// `invalid_argument`. What the server has no field for is the completion's outcome.
    pub fn start_generate(
        self: &Arc<Self>,
        caller: &Caller,
        call: GenerateCall,
    ) -> Result<Arc<Task>, ServiceError> {
        if call.prompt.is_empty() {
            return Err(ServiceError::invalid("prompt", "is empty; it must have text"));
        }
        if call.raw && (call.template.is_some() || call.system.is_some()) {
            return Err(ServiceError::invalid(
                "raw",
                "means no template, so template and system cannot be given with it",
            ));
        }
        let request = GenerateRequest {
            suffix: call.suffix,
            system: call.system,
            template: call.template,
            raw: call.raw,
            images: call.images,
            ..GenerateRequest::new(String::new(), call.prompt)
        };
        self.start(caller, call.settings, Question::Prompt(Box::new(request)))
    }
}
