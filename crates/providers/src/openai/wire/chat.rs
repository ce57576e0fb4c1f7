//! The events of `POST /chat/completions`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::bounded::{MAX_CALLS, list};
use crate::logprobs::{MAX_TOKENS, TokenAnswer};
use types::de::lenient_u64;

/// One event of a reply.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chunk {
    pub(crate) model: Option<String>,
    pub(crate) choices: Option<Vec<Choice>>,
    pub(crate) usage: Option<UsageAnswer>,
    /// llama.cpp's.
    pub(crate) timings: Option<TimingsAnswer>,
    pub(crate) error: Option<Box<RawValue>>,
    /// The text of a failure that is not wrapped, as older servers of vLLM and llama.cpp sent it.
    pub(crate) message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choice {
    pub(crate) index: Option<u64>,
    /// `message` where the server does not stream.
    #[serde(alias = "message")]
    pub(crate) delta: Option<Delta>,
    pub(crate) logprobs: Option<LogprobsAnswer>,
    /// The text of `/completions`.
    pub(crate) text: Option<String>,
    pub(crate) finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LogprobsAnswer {
    #[serde(deserialize_with = "list::<MAX_TOKENS, _, _>")]
    pub(crate) content: Option<Vec<TokenAnswer>>,
    /// The form of `/completions`: lists of the same length.
    #[serde(deserialize_with = "list::<MAX_TOKENS, _, _>")]
    tokens: Option<Vec<String>>,
    #[serde(deserialize_with = "list::<MAX_TOKENS, _, _>")]
    token_logprobs: Option<Vec<Option<f64>>>,
    #[serde(deserialize_with = "list::<MAX_TOKENS, _, _>")]
    top_logprobs: Option<Vec<Option<BTreeMap<String, f64>>>>,
}

impl LogprobsAnswer {
    /// The tokens, in either form.
    pub(crate) fn into_tokens(self) -> Option<Vec<TokenAnswer>> {
        if self.content.is_some() {
            return self.content;
        }
        let logprobs = self.token_logprobs.unwrap_or_default().into_iter();
        let mut top = self.top_logprobs.unwrap_or_default().into_iter();
        let token = |(token, logprob)| {
            TokenAnswer::with_top(token, logprob, top.next().flatten().unwrap_or_default())
        };
        Some(self.tokens?.into_iter().zip(logprobs).map(token).collect())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Delta {
    pub(crate) content: Option<String>,
    pub(crate) reasoning_content: Option<String>,
    pub(crate) reasoning: Option<String>,
    #[serde(deserialize_with = "list::<MAX_CALLS, _, _>")]
    pub(crate) tool_calls: Option<Vec<CallDelta>>,
}

/// A part of a tool call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CallDelta {
    pub(crate) index: Option<u64>,
    pub(crate) id: Option<String>,
    pub(crate) function: Option<CallFunctionDelta>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CallFunctionDelta {
    pub(crate) name: Option<String>,
    pub(crate) arguments: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UsageAnswer {
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) prompt_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) completion_tokens: Option<u64>,
    pub(crate) prompt_tokens_details: Option<PromptDetailsAnswer>,
    pub(crate) completion_tokens_details: Option<CompletionDetailsAnswer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PromptDetailsAnswer {
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) cached_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CompletionDetailsAnswer {
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) reasoning_tokens: Option<u64>,
}

/// Milliseconds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TimingsAnswer {
    pub(crate) prompt_ms: Option<f64>,
    pub(crate) predicted_ms: Option<f64>,
}
