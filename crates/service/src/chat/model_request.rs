//! The request to the model: a chat, or a bare prompt. Both are run the same way.

use serde_json::Value;

use crate::chat::attachments::Attached;
use crate::chat::stop_texts::StopTexts;
use crate::chat::token_estimate::PromptSize;
use crate::chat::truncation::{Fitted, Truncation};
use crate::models::Models;
use crate::{ErrorCode, ServiceError};
use providers::{ChatStream, ProviderError};
use types::ChatRequest;
use types::{GenerateRequest, Message, Role, Sampling, ToolCall};

/// How many dropped tool calls a warning names.
const MAX_DROPPED: usize = 20;

/// A request that is ready to be sent.
#[derive(Debug)]
pub(crate) struct ModelRequest {
    request: Request,
    truncation: Truncation,
    fitted: Option<Fitted>,
    has_files: bool,
    /// The names of the tool calls that were dropped.
    dropped_calls: Vec<String>,
    stop_texts: StopTexts,
}

#[derive(Debug)]
pub(crate) enum Request {
    Chat(ChatRequest),
    Prompt(GenerateRequest),
}

impl ModelRequest {
    pub(crate) fn new(mut request: Request, truncation: Truncation, stop_texts: Vec<String>) -> Self {
        *request.truncate() = Some(false);
        Self {
            request,
            truncation,
            fitted: None,
            has_files: false,
            dropped_calls: Vec::new(),
            stop_texts: StopTexts::new(stop_texts),
        }
    }

    pub(crate) fn model(&self) -> &str {
        match &self.request {
            Request::Chat(request) => &request.model,
            Request::Prompt(request) => &request.model,
        }
    }

    pub(crate) fn sampling(&self) -> &Sampling {
        match &self.request {
            Request::Chat(request) => &request.sampling,
            Request::Prompt(request) => &request.sampling,
        }
    }

    /// What the call wants where the prompt does not fit the context.
    pub(crate) fn truncation(&self) -> Truncation {
        self.truncation
    }

    /// What was done to make the prompt fit.
    pub(crate) fn fitted(&self) -> Option<&Fitted> {
        self.fitted.as_ref()
    }

    /// Whether files go with the prompt.
    pub(crate) fn has_files(&self) -> bool {
        self.has_files
    }

    /// Whether the server may cut the prompt.
    pub(crate) fn may_cut(&self) -> bool {
        match &self.request {
            Request::Chat(request) => request.truncate == Some(true),
            Request::Prompt(request) => request.truncate == Some(true),
        }
    }

    /// Lets the server cut the prompt.
    pub(crate) fn allow_cut(&mut self, fitted: Fitted) {
        *self.request.truncate() = Some(true);
        self.fitted = Some(fitted);
    }

    /// Asks for a larger context.
    pub(crate) fn grow(&mut self, num_ctx: u64, fitted: Fitted) {
        let sampling = match &mut self.request {
            Request::Chat(request) => &mut request.sampling,
            Request::Prompt(request) => &mut request.sampling,
        };
        sampling.num_ctx = Some(num_ctx);
        self.fitted = Some(fitted);
    }

    /// The context that is asked for.
    pub(crate) fn num_ctx(&self) -> Option<u64> {
        let options = match &self.request {
            Request::Chat(request) => &request.options,
            Request::Prompt(request) => &request.options,
        };
        self.sampling().num_ctx.or_else(|| options.get("num_ctx").and_then(Value::as_u64))
    }

    pub(crate) fn has_images(&self) -> bool {
        match &self.request {
            Request::Chat(request) => request.messages.iter().any(|message| !message.images.is_empty()),
            Request::Prompt(request) => !request.images.is_empty(),
        }
    }

    /// Adds files: their text before the newest words of the user, as models are trained to read them.
    pub(crate) fn attach(&mut self, attached: &Attached) {
        self.has_files = true;
        match &mut self.request {
            Request::Chat(request) => attached.put_into(&mut request.messages),
            Request::Prompt(request) => {
                attached.put_before_prompt(&mut request.prompt, &mut request.images);
            }
        }
    }

    /// Bytes of text that the model is to read.
    pub(crate) fn text_bytes(&self) -> usize {
        match &self.request {
            Request::Chat(request) => request.messages.iter().map(|message| message.content.len()).sum(),
            Request::Prompt(request) => request.prompt.len() + request.suffix.as_ref().map_or(0, String::len),
        }
    }

    /// What the model is to read, in figures.
    pub(crate) fn prompt_size(&self) -> PromptSize {
        match &self.request {
            Request::Chat(request) => PromptSize::of(&request.messages, &request.tools),
            Request::Prompt(_) => PromptSize::default(),
        }
    }

    /// The texts that end the reply, with how far it was searched for them.
    pub(crate) fn stop_texts(&mut self) -> &mut StopTexts {
        &mut self.stop_texts
    }

    /// The text at which the reply was ended.
    pub(crate) fn stopped_at(&self) -> Option<&str> {
        self.stop_texts.found()
    }

    /// Whether only the first tool call of a reply is wanted.
    pub(crate) fn takes_one_call(&self) -> bool {
        matches!(&self.request, Request::Chat(request) if request.parallel_tool_calls == Some(false))
    }

    pub(crate) fn drop_call(&mut self, call: ToolCall) {
        // The server decides how many there are.
        if self.dropped_calls.len() < MAX_DROPPED {
            self.dropped_calls.push(call.name);
        }
    }

    pub(crate) fn dropped_calls(&self) -> &[String] {
        &self.dropped_calls
    }

    /// Adds the reply that cannot be used and what is wrong with it, to be asked again.
    pub(crate) fn correct(&mut self, rejected: String, correction: String) {
        self.dropped_calls.clear();
        self.stop_texts.reset();
        match &mut self.request {
            Request::Chat(request) => {
                request.messages.push(Message::text(Role::Assistant, rejected));
                request.messages.push(Message::text(Role::User, correction));
            }
            Request::Prompt(request) => {
                request.prompt = format!("{}\n\n{rejected}\n\n{correction}", request.prompt)
            }
        }
    }

    pub(crate) async fn send(
        &self,
        models: &Models,
    ) -> Result<Result<ChatStream, ProviderError>, ServiceError> {
        Ok(match &self.request {
            Request::Chat(request) => models.provider().chat(request).await,
            Request::Prompt(request) => models.provider().generate(request).await,
        })
    }
}

impl Request {
    fn truncate(&mut self) -> &mut Option<bool> {
        match self {
            Self::Chat(request) => &mut request.truncate,
            Self::Prompt(request) => &mut request.truncate,
        }
    }
}

/// The error of a stream that ends without a final event.
pub(crate) fn broke_off() -> ServiceError {
    ServiceError::new(ErrorCode::Interrupted, "The answer ended early").with_hint("Ask again.")
}

/// OpenAI requires ids of tool calls; not every server gives them.
pub(crate) fn with_id(mut call: ToolCall) -> ToolCall {
    if call.id.is_empty() {
        call.id = format!("call_{}", uuid::Uuid::new_v4().simple());
    }
    call
}
