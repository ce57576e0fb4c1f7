//! A whole answer: OpenAI's `chat.completion`, and beside it what is true of the reply.

use openai::completion::{AssistantMessage, ChatCompletion, Choice, Usage};
use openai::logprobs::Logprobs;
use serde::Serialize;

use crate::extras::Extras;
use service::tasks::registry::Task;
use service::tasks::reply::Completion;

/// The answer to a request, with one choice for each completion.
#[derive(Debug, Serialize)]
pub(crate) struct Answer<'a> {
    #[serde(flatten)]
    completion: ChatCompletion<'a>,
    /// Of the first choice, where there are several.
    ollama_mcp: Extras<'a>,
}

impl<'a> Answer<'a> {
    /// `None` without a completion.
    pub(crate) fn of(
        ended: &'a [(std::sync::Arc<Task>, std::sync::Arc<Completion>)],
        has_credential: bool,
    ) -> Option<Self> {
        let (task, first) = ended.first()?;
        let choices =
            ended.iter().zip(0..).map(|((_, completion), index)| choice(index, completion)).collect();
        let completion = ChatCompletion {
            id: Some(task.id.as_str().into()),
            created: task.created,
            model: first.summary.model.as_str().into(),
            choices,
            usage: usage_of(ended.iter().map(|(_, completion)| completion.summary.usage)),
            ..ChatCompletion::default()
        };
        Some(Self { completion, ollama_mcp: Extras::of(task, first, has_credential) })
    }

    pub(crate) fn warn(&mut self, warning: String) {
        self.ollama_mcp.warn(warning);
    }

    pub(crate) fn extras(&self) -> &Extras<'a> {
        &self.ollama_mcp
    }
}

/// The prompt is counted once, as OpenAI counts it: the choices share it.
pub(crate) fn usage_of(usages: impl Iterator<Item = types::Usage>) -> Usage {
    let mut whole = types::Usage::default();
    for usage in usages {
        whole.prompt_tokens = whole.prompt_tokens.or(usage.prompt_tokens);
        let sum = |a: u64, b: u64| a.saturating_add(b);
        whole.completion_tokens = match (whole.completion_tokens, usage.completion_tokens) {
            (Some(so_far), Some(more)) => Some(sum(so_far, more)),
            (one, other) => one.or(other),
        };
    }
    whole.into()
}

fn choice(index: u32, completion: &Completion) -> Choice<'_> {
    let thinking = Some(completion.thinking.as_str().into()).filter(|_| !completion.thinking.is_empty());
    let is_only_calls = completion.content.is_empty() && !completion.tool_calls.is_empty();
    let message = AssistantMessage {
        content: Some(completion.content.as_str().into()).filter(|_| !is_only_calls),
        reasoning: thinking.clone(),
        reasoning_content: thinking,
        tool_calls: completion.tool_calls.iter().map(openai::messages::ToolCall::from).collect(),
        ..AssistantMessage::default()
    };
    Choice {
        index,
        message,
        logprobs: Logprobs::new(&completion.logprobs),
        finish_reason: Some(finish_reason(completion).into()),
    }
}

/// A reply that calls tools ends with `tool_calls`, whatever its server says.
pub(crate) fn finish_reason(completion: &Completion) -> &str {
    match completion.tool_calls.is_empty() {
        false => "tool_calls",
        true => completion.summary.finish_reason.as_str(),
    }
}
