//! `POST /api/chat`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::bounded::{MAX_CALLS, list};
use crate::logprobs::{MAX_TOKENS, TokenAnswer};
use types::de::lenient_u64;

#[derive(Debug, Serialize)]
pub(crate) struct ChatBody<'a> {
    pub(crate) model: &'a str,
    pub(crate) messages: Vec<MessageBody<'a>>,
    pub(crate) stream: bool,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) options: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) think: Option<ThinkBody>,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    pub(crate) tools: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_logprobs: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keep_alive: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) truncate: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Format<'a> {
    Name(&'static str),
    Schema(&'a Value),
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ThinkBody {
    Switch(bool),
    Level(&'static str),
}

#[derive(Debug, Serialize)]
pub(crate) struct MessageBody<'a> {
    pub(crate) role: &'static str,
    pub(crate) content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tool_calls: Vec<CallBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_call_id: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CallBody<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) id: &'a str,
    pub(crate) function: CallFunctionBody<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CallFunctionBody<'a> {
    pub(crate) index: usize,
    pub(crate) name: &'a str,
    /// An object; text is refused by Ollama.
    pub(crate) arguments: &'a RawValue,
}

/// One line of a reply.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChatLine {
    pub(crate) model: Option<String>,
    pub(crate) message: Option<MessageLine>,
    /// The text of `/api/generate`.
    pub(crate) response: Option<String>,
    /// The thinking of `/api/generate`.
    pub(crate) thinking: Option<String>,
    #[serde(deserialize_with = "list::<MAX_TOKENS, _, _>")]
    pub(crate) logprobs: Option<Vec<TokenAnswer>>,
    pub(crate) done: Option<bool>,
    pub(crate) done_reason: Option<String>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) total_duration: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) load_duration: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) prompt_eval_count: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) prompt_eval_duration: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) eval_count: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) eval_duration: Option<u64>,
    pub(crate) remote_host: Option<String>,
    pub(crate) remote_model: Option<String>,
    pub(crate) error: Option<Box<RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MessageLine {
    pub(crate) content: Option<String>,
    pub(crate) thinking: Option<String>,
    #[serde(deserialize_with = "list::<MAX_CALLS, _, _>")]
    pub(crate) tool_calls: Option<Vec<CallLine>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CallLine {
    pub(crate) id: Option<String>,
    pub(crate) function: Option<CallFunctionLine>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CallFunctionLine {
    pub(crate) name: Option<String>,
    pub(crate) arguments: Option<Box<RawValue>>,
}
