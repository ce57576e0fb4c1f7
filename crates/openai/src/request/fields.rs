//! Every field of a request, and what becomes of it.

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It has its effect.
    Honoured,
    /// No local model can do it: the request is refused if it asks for it.
    Refused,
    /// Without it the reply is the same, or nearly so.
    Ignored,
}

use Support::{Honoured, Ignored, Refused};

/// OpenAI's fields (of the reference in 2026), then those of Ollama and our own. Others are unknown, and ignored.
pub const FIELDS: &[(&str, Support)] = &[
    ("audio", Refused),
    ("frequency_penalty", Honoured),
    ("function_call", Refused),
    ("functions", Refused),
    ("logit_bias", Refused),
    ("logprobs", Honoured),
    ("max_completion_tokens", Honoured),
    ("max_tokens", Honoured),
    ("messages", Honoured),
    ("metadata", Honoured),
    ("modalities", Refused),
    ("model", Honoured),
    ("moderation", Refused),
    ("n", Honoured),
    ("parallel_tool_calls", Honoured),
    ("prediction", Ignored),
    ("presence_penalty", Honoured),
    ("prompt_cache_key", Ignored),
    ("prompt_cache_options", Ignored),
    ("prompt_cache_retention", Ignored),
    ("reasoning_effort", Honoured),
    ("response_format", Honoured),
    ("safety_identifier", Ignored),
    ("seed", Honoured),
    ("service_tier", Ignored),
    ("stop", Honoured),
    ("store", Honoured),
    ("stream", Honoured),
    ("stream_options", Honoured),
    ("temperature", Honoured),
    ("tool_choice", Honoured),
    ("tools", Honoured),
    ("top_logprobs", Honoured),
    ("top_p", Honoured),
    ("user", Honoured),
    ("verbosity", Ignored),
    ("web_search_options", Refused),
    ("background", Honoured),
    ("keep_alive", Honoured),
    ("min_p", Honoured),
    ("num_ctx", Honoured),
    ("options", Honoured),
    ("think", Honoured),
    ("top_k", Honoured),
    ("truncation", Honoured),
];
