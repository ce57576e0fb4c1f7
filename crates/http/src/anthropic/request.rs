//! From a request of Anthropic's API to a call of the core.

use anthropic::{Ignored, MessagesRequest, read_prompt, read_tool_choice, read_tools};

use crate::attachments;
use crate::call::Call;
use crate::error::HttpError;
use crate::json;
use service::chat::request::ChatCall;
use service::chat::response_format::{FormatCheck, ReplyFormat};
use service::chat::truncation::Truncation;
use service::chat::validate::keep_alive;
use types::Think;

/// A request that was read and checked.
pub(super) struct Asked {
    pub(super) chat: ChatCall,
    pub(super) form: AnswerForm,
    pub(super) is_streamed: bool,
    pub(super) background: bool,
    /// The parts that have no effect.
    pub(super) ignored: Vec<String>,
}

/// What of a request decides how its answer is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerForm {
    pub(super) max_tokens: Option<u64>,
    /// The text of the thinking is left out.
    pub(super) omits_thinking: bool,
}

impl Asked {
    /// Reads the body of a request for a message.
    ///
    /// # Errors
    /// 400 with the path of what is wrong; those of files.
    pub(super) async fn read(call: &Call, body: &[u8]) -> Result<Self, HttpError> {
        let mut names = Vec::new();
        let request: MessagesRequest = json::parse(body, &mut names)?;
        if request.max_tokens.is_none() {
            let reason = "is missing; it is the most tokens that the reply may have";
            return Err(HttpError::bad_request("max_tokens", reason));
        }
        Self::of(call, request, names).await
    }

    /// The same of a request to count its tokens, which generates nothing.
    ///
    /// # Errors
    /// As of [`Asked::read`].
    pub(super) async fn read_to_count(call: &Call, body: &[u8]) -> Result<Self, HttpError> {
        let mut names = Vec::new();
        let request: MessagesRequest = json::parse(body, &mut names)?;
        Self::of(call, request, names).await
    }

    async fn of(
        call: &Call,
        mut request: MessagesRequest,
        mut names: Vec<String>,
    ) -> Result<Self, HttpError> {
        if let Some(field) = request.unsupported_field() {
            let reason = "asks for what only Anthropic's own servers do; leave it out";
            let mut error = HttpError::bad_request(field, reason);
            error.code = "unsupported_parameter".into();
            return Err(error);
        }
        let mut ignored = Ignored::default();
        let messages = request.messages.take();
        let messages = messages.ok_or_else(|| HttpError::bad_request("messages", "is missing"))?;
        let mut prompt = read_prompt(request.system.take(), messages, &mut ignored)?;
        let changes = std::mem::take(&mut prompt.tool_changes);
        let tools = read_tools(request.tools.take().unwrap_or_default(), changes, &mut ignored)?;
        let choice = request.tool_choice.as_ref().map(read_tool_choice).transpose()?;
        let (tool_choice, parallel_tool_calls) =
            choice.map_or((None, None), |(choice, parallel)| (Some(choice), parallel));
        let thinking = request.thinking(&mut ignored)?;
        let format = request.take_output_format()?.map(ReplyFormat::new).transpose();
        let truncation = request.truncation.as_deref().map(Truncation::parse).transpose();
        let keep_alive = keep_alive(request.keep_alive.take());
        let is_streamed = request.stream == Some(true);
        let checks_at_end = is_streamed && call.header("x-ollama-mcp-hold")? != Some("true");
        let attachments = attachments::of_prompt(call, &mut prompt).await?;
        let mut chat = ChatCall {
            model: call.app.options.model_meant_by(request.model.take()),
            messages: prompt.messages,
            attachments,
            sampling: request.sampling(),
            stop_texts: request.take_stop_sequences()?,
            options: request.options.take().unwrap_or_default(),
            response_format: format.map_err(|error| call.error(&error))?,
            format_check: if checks_at_end { FormatCheck::AtEnd } else { FormatCheck::BeforeReply },
            think: thinking.think,
            tools,
            tool_choice,
            parallel_tool_calls,
            keep_alive: keep_alive.map_err(|error| call.error(&error))?,
            // Anthropic's API never cuts a prompt, and its clients shorten a conversation that is refused.
            truncation: truncation.map_err(|error| call.error(&error))?.unwrap_or(Truncation::Error),
            ..ChatCall::default()
        };
        if matches!(chat.think, Some(think) if think != Think::Off)
            && !can_think(call, chat.model.as_deref()).await
        {
            chat.think = None;
            let name = if request.thinking.is_some() { "thinking" } else { "output_config.effort" };
            ignored.add(name);
        }
        names.extend(ignored.into_names());
        Ok(Self {
            chat,
            form: AnswerForm { max_tokens: request.max_tokens, omits_thinking: thinking.is_omitted },
            is_streamed,
            background: request.background == Some(true),
            ignored: names,
        })
    }
}

/// Whether a model can think, as far as it is known: one that cannot refuses the whole request, and clients such as Claude Code
/// ask every model to think. What else is wrong with the model is told by the completion.
async fn can_think(call: &Call, model: Option<&str>) -> bool {
    let models = &call.app.services.models;
    let model = match model {
        Some(model) => model.to_owned(),
        None => match models.default_model(call.caller()).await {
            Ok(default) => default.name,
            Err(_) => return true,
        },
    };
    match models.capabilities(call.caller(), &model).await {
        Ok(Some(words)) => words.iter().any(|word| word == "thinking"),
        Ok(None) | Err(_) => true,
    }
}
