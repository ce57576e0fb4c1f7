//! The fields of requests in OpenAI's SDK for Python, against the tables of what becomes of them.
//!
//! The lists are the names in `chat/completion_create_params.py`, `completion_create_params.py`, `embedding_create_params.py`
//! and `responses/response_create_params.py` of `openai/types`. A new version of the SDK is compared by replacing them.

use crate::request::Support;

/// The version that the names are from.
const VERSION: &str = "3.54.0";

const CHAT: &str = "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages \
    metadata modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options \
    prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options \
    temperature tool_choice tools top_logprobs top_p user verbosity web_search_options";

const COMPLETIONS: &str = "best_of echo frequency_penalty logit_bias logprobs max_tokens model n presence_penalty prompt seed stop \
    stream stream_options suffix temperature top_p user";

const EMBEDDINGS: &str = "dimensions encoding_format input model user";

const RESPONSES: &str = "access_programs background background_options context_management conversation image include input \
    instructions max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt \
    prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options \
    temperature text tool_choice tools top_logprobs top_p truncation user";

#[test]
fn every_field_of_sdk_has_a_class() {
    let tables: [(&str, &[(&str, Support)]); 4] = [
        (CHAT, crate::request::FIELDS),
        (COMPLETIONS, crate::completions::FIELDS),
        (EMBEDDINGS, crate::embeddings::FIELDS),
        (RESPONSES, crate::responses::FIELDS),
    ];
    for (names, fields) in tables {
        let unknown: Vec<_> =
            names.split_whitespace().filter(|name| !fields.iter().any(|(field, _)| field == name)).collect();
        assert!(unknown.is_empty(), "openai {VERSION}: {unknown:?}");
        let mut sorted: Vec<_> = fields.iter().map(|(name, _)| name).collect();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), fields.len(), "a field is listed twice");
    }
}

/// A field that the request does not have would accept any value.
#[test]
fn honoured_fields_are_read() {
    const CHECKED_LATER: [&str; 3] = ["keep_alive", "input", "prompt"];
    let completions = |value| serde_json::from_value::<crate::completions::CompletionsRequest>(value).is_ok();
    let embeddings = |value| serde_json::from_value::<crate::embeddings::EmbeddingsRequest>(value).is_ok();
    let honoured = |fields: &'static [(&str, Support)]| {
        let is_checked = |(name, support): &&(&str, Support)| {
            *support == Support::Honoured && !CHECKED_LATER.contains(name)
        };
        fields.iter().filter(is_checked).map(|(name, _)| *name)
    };
    for name in honoured(crate::completions::FIELDS) {
        assert!(!completions(serde_json::json!({ name: [[1]] })), "{name}");
    }
    for name in honoured(crate::embeddings::FIELDS) {
        assert!(!embeddings(serde_json::json!({ name: [[1]] })), "{name}");
    }
}
