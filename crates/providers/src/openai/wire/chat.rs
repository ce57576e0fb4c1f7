//! `POST /chat/completions`.

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::bounded::{MAX_CALLS, list};
use types::de::count;

/// The body: the conversation, and everything else that is small.
#[derive(Debug)]
pub(crate) struct ChatBody<'a> {
    pub(crate) model: &'a str,
    pub(crate) messages: Vec<MessageBody<'a>>,
    pub(crate) tools: &'a [Value],
    /// All other top-level fields.
    pub(crate) fields: Map<String, Value>,
}

impl Serialize for ChatBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", self.model)?;
        map.serialize_entry("messages", &self.messages)?;
        if !self.tools.is_empty() {
            map.serialize_entry("tools", self.tools)?;
        }
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct MessageBody<'a> {
    pub(crate) role: &'static str,
    pub(crate) content: Content<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tool_calls: Vec<CallBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_call_id: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Content<'a> {
    Text(&'a str),
    Parts(Vec<Part<'a>>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Debug, Serialize)]
pub(crate) struct ImageUrl<'a> {
    pub(crate) url: DataUrl<'a>,
}

/// Written straight into the body, since an image can be large.
#[derive(Debug)]
pub(crate) struct DataUrl<'a> {
    pub(crate) media_type: &'a str,
    pub(crate) base64: &'a str,
}

impl Serialize for DataUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("data:{};base64,{}", self.media_type, self.base64))
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct CallBody<'a> {
    pub(crate) id: &'a str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) function: CallFunctionBody<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CallFunctionBody<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: &'a str,
}

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
    pub(crate) finish_reason: Option<String>,
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

/// A piece of a tool call.
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
    #[serde(deserialize_with = "count")]
    pub(crate) prompt_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(crate) completion_tokens: Option<u64>,
}

/// Milliseconds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TimingsAnswer {
    pub(crate) prompt_ms: Option<f64>,
    pub(crate) predicted_ms: Option<f64>,
}
