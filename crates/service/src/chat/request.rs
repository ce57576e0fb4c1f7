//! A completion of a bare prompt, run as a chat is: in its turn, followed, kept.

use std::sync::Arc;

use super::Chat;
use crate::chat::runner::{ChatCall, Question};
use crate::tasks::registry::Registered;
use crate::{Caller, ServiceError};
use types::{GenerateRequest, Image};

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
    /// `invalid_argument`, and `unsupported` where the server is no Ollama.
    pub fn start_generate(
        self: &Arc<Self>,
        caller: &Caller,
        call: GenerateCall,
    ) -> Result<Arc<Registered>, ServiceError> {
        self.models.native()?;
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
