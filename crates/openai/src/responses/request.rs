//! The request, as callers send it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::tools::{chat_tool_choice, chat_tools};
use crate::request::Stop;
use crate::{ChatCompletionRequest, InvalidArgument};
use types::de::{whole_number, whole_number_or_zero};

/// Asks for the log probabilities of the text.
const LOGPROBS: &str = "message.output_text.logprobs";
/// What a caller may ask for beyond the response; the parts that no local model has are left out.
const INCLUDES: [&str; 8] = [
    LOGPROBS,
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "reasoning.encrypted_content",
    "web_search_call.action.sources",
    "web_search_call.results",
];

/// A request for a response: OpenAI's fields, and those of Ollama that OpenAI has no name for. Absent means the model's own
/// default.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ResponsesRequest {
    pub model: Option<String>,
    /// A text, or an array of items
    pub input: Option<Value>,
    /// The system prompt
    pub instructions: Option<String>,
    /// The response that this one continues
    pub previous_response_id: Option<String>,
    /// Tools of the type `function`
    pub tools: Option<Vec<Value>>,
    pub tool_choice: Option<Value>,
    pub parallel_tool_calls: Option<bool>,
    pub text: Option<TextOptions>,
    pub reasoning: Option<ReasoningOptions>,
    #[serde(deserialize_with = "whole_number")]
    pub max_output_tokens: Option<u64>,
    /// 0 to 2
    pub temperature: Option<f64>,
    /// 0 to 1
    pub top_p: Option<f64>,
    #[serde(deserialize_with = "whole_number_or_zero")]
    pub top_logprobs: Option<u64>,
    pub include: Option<Vec<String>>,
    /// A prompt over the context: "disabled" (refused), "auto" (cut, with a warning), "grow" (larger num_ctx)
    pub truncation: Option<String>,
    pub metadata: Option<BTreeMap<String, String>>,
    pub user: Option<String>,
    /// true: on disk; false: it cannot be fetched; absent: in memory, for an hour
    pub store: Option<bool>,
    /// The response goes on when its caller goes
    pub background: Option<bool>,
    pub stream: Option<bool>,
    pub stream_options: Option<ResponseStreamOptions>,
    #[serde(deserialize_with = "whole_number_or_zero")]
    pub top_k: Option<u64>,
    pub min_p: Option<f64>,
    pub seed: Option<i64>,
    /// Texts that end the reply
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::text_or_texts"))]
    pub stop: Option<Stop>,
    /// -2 to 2
    pub presence_penalty: Option<f64>,
    /// -2 to 2
    pub frequency_penalty: Option<f64>,
    /// Tokens of context
    #[serde(deserialize_with = "whole_number")]
    pub num_ctx: Option<u64>,
    /// How long the model stays loaded: "10m", seconds, -1 for ever
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::keep_alive"))]
    pub keep_alive: Option<Value>,
    /// More options of Ollama
    pub options: Option<Map<String, Value>>,
    /// true, false, low, medium, high or max
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::think"))]
    pub think: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    conversation: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    context_management: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    moderation: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    prompt: Option<Value>,
}

/// The form of the text.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TextOptions {
    /// `text`, `json_object`, or `json_schema` with its `name` and `schema`; the reply is checked
    pub format: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    verbosity: Option<Value>,
}

/// How the model thinks.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ReasoningOptions {
    /// none, minimal, low, medium, high, xhigh or max
    pub effort: Option<String>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub summary: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    generate_summary: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    context: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    mode: Option<Value>,
}

/// Nothing is ever obfuscated, so `include_obfuscation` needs no effect.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ResponseStreamOptions {
    pub include_obfuscation: Option<bool>,
}

impl ResponsesRequest {
    /// How to generate, and the tools, as a request for a chat; it has no messages.
    ///
    /// # Errors
    /// An argument is wrong, by its name in this API.
    pub fn chat(&mut self) -> Result<ChatCompletionRequest, InvalidArgument> {
        let format = self.text.as_ref().and_then(|text| text.format.clone());
        let (tools, tool_choice) = self.chat_tools()?;
        let logprobs = self.logprobs()?;
        let mut chat = ChatCompletionRequest::default();
        chat.model = self.model.take();
        (chat.temperature, chat.top_p, chat.top_k) = (self.temperature, self.top_p, self.top_k);
        (chat.min_p, chat.seed, chat.stop) = (self.min_p, self.seed, self.stop.take());
        (chat.presence_penalty, chat.frequency_penalty) = (self.presence_penalty, self.frequency_penalty);
        (chat.max_completion_tokens, chat.num_ctx) = (self.max_output_tokens, self.num_ctx);
        (chat.keep_alive, chat.options) = (self.keep_alive.take(), self.options.take());
        (chat.think, chat.truncation) = (self.think.clone(), Some(self.chat_truncation()?.to_owned()));
        chat.reasoning_effort = self.effort().map(str::to_owned);
        chat.response_format = format.map(chat_format).transpose()?;
        (chat.tools, chat.tool_choice) = (tools, tool_choice);
        chat.parallel_tool_calls = self.parallel_tool_calls;
        (chat.logprobs, chat.top_logprobs) = (logprobs.map(|_| true), logprobs);
        Ok(chat)
    }

    pub fn effort(&self) -> Option<&str> {
        self.reasoning.as_ref()?.effort.as_deref()
    }

    /// What a prompt over the context does, by the name in this API.
    pub fn truncation(&self) -> &str {
        self.truncation.as_deref().unwrap_or("disabled")
    }

    /// The first field that asks for what no local model can give.
    pub fn unsupported_field(&self) -> Option<&'static str> {
        let is_given = |value: &Option<Value>| match value {
            None => false,
            Some(Value::Array(items)) => !items.is_empty(),
            Some(_) => true,
        };
        [
            ("context_management", &self.context_management),
            ("conversation", &self.conversation),
            ("moderation", &self.moderation),
            ("prompt", &self.prompt),
        ]
        .into_iter()
        .find_map(|(name, value)| is_given(value).then_some(name))
    }

    /// The parts of honoured fields that have no effect.
    pub fn ignored_parts(&self) -> Vec<String> {
        let reasoning = self.reasoning.clone().unwrap_or_default();
        let verbosity = self.text.as_ref().and_then(|text| text.verbosity.clone());
        let parts = [
            ("reasoning.context", reasoning.context),
            ("reasoning.generate_summary", reasoning.generate_summary),
            ("reasoning.mode", reasoning.mode),
            ("reasoning.summary", reasoning.summary),
            ("text.verbosity", verbosity),
        ];
        parts.into_iter().filter_map(|(name, value)| value.map(|_| name.to_owned())).collect()
    }

    fn chat_tools(&self) -> Result<(Option<Vec<Value>>, Option<Value>), InvalidArgument> {
        let tools = self.tools.as_deref().unwrap_or_default();
        let tools = chat_tools(tools)?;
        let (tools, choice) = match &self.tool_choice {
            None => (tools, None),
            Some(choice) => chat_tool_choice(choice, tools)?,
        };
        Ok((Some(tools), choice))
    }

    fn chat_truncation(&self) -> Result<&str, InvalidArgument> {
        match self.truncation() {
            "disabled" => Ok("error"),
            other @ ("auto" | "error" | "grow") => Ok(other),
            other => {
                let reason = format!("is {other:?}; it must be \"disabled\", \"auto\" or \"grow\"");
                Err(InvalidArgument::new("truncation", reason))
            }
        }
    }

    /// With how many alternatives log probabilities are asked for.
    fn logprobs(&self) -> Result<Option<u64>, InvalidArgument> {
        let include = self.include.as_deref().unwrap_or_default();
        if let Some(unknown) = include.iter().position(|name| !INCLUDES.contains(&name.as_str())) {
            let reason = format!("must be one of {}", INCLUDES.join(", "));
            return Err(InvalidArgument::new(&format!("include[{unknown}]"), reason));
        }
        let top = self.top_logprobs.unwrap_or(0);
        Ok((top > 0 || include.iter().any(|name| name == LOGPROBS)).then_some(top))
    }
}

/// The name in this API of a field of a chat.
pub fn name_of(chat_name: &str) -> Cow<'_, str> {
    match chat_name {
        "max_tokens" | "max_completion_tokens" => "max_output_tokens".into(),
        "reasoning_effort" => "reasoning.effort".into(),
        "messages" => "input".into(),
        "response_format.json_schema.schema" => "text.format.schema".into(),
        name => match name.strip_prefix("response_format") {
            Some(rest) => format!("text.format{rest}").into(),
            None => name.into(),
        },
    }
}

/// A format as a chat has it: a schema stands one level deeper there.
fn chat_format(format: Value) -> Result<Value, InvalidArgument> {
    let Value::Object(mut format) = format else {
        return Err(InvalidArgument::new("text.format", "must be an object with a type"));
    };
    match format.get("type").and_then(Value::as_str) {
        Some("text" | "json_object") => Ok(Value::Object(format)),
        Some("json_schema") => {
            let Some(schema) = format.remove("schema") else {
                return Err(InvalidArgument::new("text.format.schema", "is missing"));
            };
            Ok(json!({ "type": "json_schema", "json_schema": { "schema": schema } }))
        }
        _ => {
            let reason = "must be text, json_object or json_schema";
            Err(InvalidArgument::new("text.format.type", reason))
        }
    }
}
