//! How to generate: the arguments that every generating tool has.

use std::sync::{Arc, LazyLock};

use openai::ChatCompletionRequest;
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::Deserialize;

use super::schema::{input_schema_with_some, names_of};
use service::ServiceError;
use service::chat::request::ChatCall;

/// What the tools beside `chat_completion` list of these; they take the others too.
const LISTED: &[(&str, Option<&str>)] = &[
    ("temperature", None),
    ("max_tokens", None),
    ("options", Some("Others, such as num_ctx, seed, stop, top_p")),
    ("response_format", None),
    ("think", None),
];

/// What `chat_completion` takes beside what its schema lists: few callers need them, and each definition takes up context.
const UNLISTED_OF_CHAT: [&str; 4] = ["tool_choice", "parallel_tool_calls", "logprobs", "top_logprobs"];

/// The fields of OpenAI's request that are listed in its schema.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct GenerationArguments(ChatCompletionRequest);

impl GenerationArguments {
    /// The names of these arguments.
    pub(crate) fn names() -> &'static [String] {
        static NAMES: LazyLock<Vec<String>> = LazyLock::new(names_of::<GenerationArguments>);
        &NAMES
    }

    /// The names of those that `chat_completion` takes.
    pub(crate) fn names_of_chat() -> &'static [String] {
        static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
            let unlisted = UNLISTED_OF_CHAT.map(str::to_owned);
            GenerationArguments::names().iter().cloned().chain(unlisted).collect()
        });
        &NAMES
    }

    /// The schema of a tool that takes these beside its own.
    pub(crate) fn schema_beside<T: JsonSchema>() -> Arc<JsonObject> {
        input_schema_with_some::<T, Self>(LISTED)
    }

    /// A call with these and nothing else.
    pub(crate) fn into_call(self) -> Result<ChatCall, ServiceError> {
        ChatCall::generation(&mut { self.0 })
    }
}
