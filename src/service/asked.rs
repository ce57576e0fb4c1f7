//! What a model is asked: a chat, or a bare prompt. Both are driven alike.

use super::attachments::Attached;
use super::types::{GenerateRequest, Message, ResponseFormat, Role, Sampling};
use super::{Core, ErrorCode, ServiceError};
use crate::providers::types::ChatRequest;
use crate::providers::{ChatStream, ProviderError};

/// A request that is ready to be sent.
#[derive(Debug)]
pub(super) enum Asked {
    Chat(ChatRequest),
    Prompt(GenerateRequest),
}

impl Asked {
    pub(super) fn model(&self) -> &str {
        match self {
            Self::Chat(request) => &request.model,
            Self::Prompt(request) => &request.model,
        }
    }

    pub(super) fn sampling(&self) -> &Sampling {
        match self {
            Self::Chat(request) => &request.sampling,
            Self::Prompt(request) => &request.sampling,
        }
    }

    pub(super) fn response_format(&self) -> Option<ResponseFormat> {
        match self {
            Self::Chat(request) => request.response_format.clone(),
            Self::Prompt(request) => request.response_format.clone(),
        }
    }

    pub(super) fn has_images(&self) -> bool {
        match self {
            Self::Chat(request) => request.messages.iter().any(|message| !message.images.is_empty()),
            Self::Prompt(request) => !request.images.is_empty(),
        }
    }

    /// Adds files: their text before the newest words of the user, as models are trained to read them.
    pub(super) fn attach(&mut self, attached: &Attached) {
        match self {
            Self::Chat(request) => attached.put_into(&mut request.messages),
            Self::Prompt(request) => {
                request.prompt.insert_str(0, &attached.text);
                request.images.extend_from_slice(&attached.images);
            }
        }
    }

    /// Bytes of text that the model is to read.
    pub(super) fn text_bytes(&self) -> usize {
        match self {
            Self::Chat(request) => request.messages.iter().map(|message| message.content.len()).sum(),
            Self::Prompt(request) => request.prompt.len() + request.suffix.as_ref().map_or(0, String::len),
        }
    }

    /// Adds the reply that cannot be used and what is wrong with it, to be asked again.
    pub(super) fn correct(&mut self, rejected: String, correction: String) {
        match self {
            Self::Chat(request) => {
                request.messages.push(Message::text(Role::Assistant, rejected));
                request.messages.push(Message::text(Role::User, correction));
            }
            Self::Prompt(request) => {
                request.prompt = format!("{}\n\n{rejected}\n\n{correction}", request.prompt)
            }
        }
    }

    pub(super) async fn send(&self, core: &Core) -> Result<Result<ChatStream, ProviderError>, ServiceError> {
        Ok(match self {
            Self::Chat(request) => core.provider.chat(request).await,
            Self::Prompt(request) => core.native()?.generate(request).await,
        })
    }
}

/// The error of a stream that ends without its end.
pub(super) fn broke_off() -> ServiceError {
    ServiceError::new(ErrorCode::Interrupted, "The answer broke off before its end")
}
