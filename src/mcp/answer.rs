//! A completion as tools answer it: OpenAI's `chat.completion` object, with what a local model adds.

use rmcp::model::{CallToolResult, ContentBlock};
use schemars::JsonSchema;
use serde::Serialize;

use crate::service::Completion;
use crate::service::chat::tokens_per_second;
use crate::service::types::ToolCall;

/// OpenAI's `chat.completion`, and beside it `status`, `location`, `warnings` and `timings`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CompletionAnswer<'a> {
    id: &'a str,
    object: &'static str,
    /// Unix seconds
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    usage: UsageAnswer,
    /// completed or in_progress
    status: &'static str,
    completion_id: &'a str,
    /// Where the model ran: local, or the host
    location: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    /// Milliseconds
    timings: TimingsAnswer,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Choice<'a> {
    index: u8,
    message: MessageAnswer<'a>,
    finish_reason: &'a str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct MessageAnswer<'a> {
    role: &'static str,
    content: &'a str,
    /// What the model thought before it answered
    #[serde(skip_serializing_if = "str::is_empty")]
    reasoning: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCallAnswer<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ToolCallAnswer<'a> {
    id: &'a str,
    r#type: &'static str,
    function: FunctionAnswer<'a>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FunctionAnswer<'a> {
    name: &'a str,
    /// JSON text
    arguments: &'a str,
}

/// The server's own counts; absent where it gave none.
#[derive(Debug, Serialize, JsonSchema)]
struct UsageAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_tokens: Option<u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct TimingsAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    load_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_ms: Option<u64>,
    total_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_second: Option<f64>,
}

/// The answer for a completion that reached its end.
pub(super) fn completed(id: &str, created: u64, completion: &Completion) -> CallToolResult {
    let ending = &completion.ending;
    let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let usage = UsageAnswer {
        prompt_tokens: ending.usage.prompt_tokens,
        completion_tokens: ending.usage.completion_tokens,
        total_tokens: ending
            .usage
            .prompt_tokens
            .zip(ending.usage.completion_tokens)
            .map(|(prompt, reply)| prompt + reply),
    };
    let timings = TimingsAnswer {
        load_ms: ending.timings.load.map(millis),
        prompt_ms: ending.timings.prompt_eval.map(millis),
        first_token_ms: completion.first_piece.map(millis),
        total_ms: millis(completion.total),
        tokens_per_second: tokens_per_second(&ending.usage, &ending.timings)
            .map(|rate| (rate * 10.0).round() / 10.0),
    };
    let message = MessageAnswer {
        role: "assistant",
        content: &completion.content,
        reasoning: &completion.thinking,
        tool_calls: completion.tool_calls.iter().map(tool_call_answer).collect(),
    };
    let answer = CompletionAnswer {
        id,
        object: "chat.completion",
        created,
        model: &ending.model,
        choices: [Choice { index: 0, message, finish_reason: ending.finish_reason.as_str() }],
        usage,
        status: "completed",
        completion_id: id,
        location: ending.location.describe(),
        model_reason: ending.model_reason,
        warnings: &ending.warnings,
        timings,
    };
    let mut content = vec![ContentBlock::text(text_of(completion))];
    content.extend(ending.warnings.iter().map(|warning| ContentBlock::text(format!("Warning: {warning}"))));
    let mut result = CallToolResult::success(content);
    result.structured_content = serde_json::to_value(&answer).ok();
    result
}

/// What a host that shows only text shows.
fn text_of(completion: &Completion) -> String {
    if !completion.content.is_empty() {
        return completion.content.clone();
    }
    if !completion.tool_calls.is_empty() {
        let calls: Vec<_> = completion.tool_calls.iter().map(tool_call_answer).collect();
        return serde_json::to_string(&calls).unwrap_or_default();
    }
    if completion.thinking.is_empty() {
        "(The model ended without a word.)".to_owned()
    } else {
        format!("(The model thought and gave no answer. Its thoughts:)\n{}", completion.thinking)
    }
}

fn tool_call_answer(call: &ToolCall) -> ToolCallAnswer<'_> {
    let function = FunctionAnswer { name: &call.name, arguments: &call.arguments };
    ToolCallAnswer { id: &call.id, r#type: "function", function }
}
