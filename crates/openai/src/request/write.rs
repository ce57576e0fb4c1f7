//! The request as it is sent to a server.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::InvalidArgument;
use crate::messages::OutgoingMessage;
use crate::response_format::ResponseFormatBody;
use types::{ChatRequest, Sampling, Think, ToolChoice};

/// Fields that carry the request itself; an option of that name would break it.
const OWN_FIELDS: [&str; 5] = ["model", "messages", "tools", "stream", "stream_options"];

/// The body of `POST /chat/completions`, streamed. It borrows the texts and images, which can be large.
#[derive(Debug)]
pub struct ChatCompletionBody<'a> {
    model: &'a str,
    messages: Vec<OutgoingMessage<'a>>,
    response_format: Option<ResponseFormatBody<'a>>,
    tools: &'a [Value],
    /// All other fields.
    fields: Map<String, Value>,
}

impl<'a> ChatCompletionBody<'a> {
    /// `options` become fields, as vLLM and llama.cpp take their own; `num_ctx`, `keep_alive` and earlier thinking
    /// have no place in this API.
    ///
    /// # Errors
    /// An option would replace a field of the request itself.
    pub fn new(request: &'a ChatRequest) -> Result<Self, InvalidArgument> {
        check_options(&request.options, &OWN_FIELDS)?;
        Ok(Self {
            model: &request.model,
            messages: request.messages.iter().map(OutgoingMessage::from).collect(),
            response_format: request.response_format.as_ref().map(ResponseFormatBody::from),
            tools: &request.tools,
            fields: fields(request),
        })
    }
}

impl Serialize for ChatCompletionBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", self.model)?;
        map.serialize_entry("messages", &self.messages)?;
        if !self.tools.is_empty() {
            map.serialize_entry("tools", self.tools)?;
        }
        if let Some(format) = &self.response_format {
            map.serialize_entry("response_format", format)?;
        }
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// # Errors
/// An option has the name of a field that carries the request itself.
pub(crate) fn check_options(
    options: &Map<String, Value>,
    own_fields: &[&str],
) -> Result<(), InvalidArgument> {
    match options.keys().find(|name| own_fields.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(InvalidArgument::new(
            &format!("options.{name}"),
            "is a field of the request itself; leave it out of options",
        )),
    }
}

fn fields(request: &ChatRequest) -> Map<String, Value> {
    let mut fields = request.options.clone();
    if request.response_format.is_some() {
        fields.shift_remove("response_format");
    }
    sampling_fields(&mut fields, &request.sampling);
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    set("reasoning_effort", request.think.and_then(reasoning_effort).map(Value::from));
    if !request.tools.is_empty() {
        set("tool_choice", request.tool_choice.as_ref().map(tool_choice));
        set("parallel_tool_calls", request.parallel_tool_calls.map(Value::from));
    }
    set("logprobs", request.logprobs.map(|_| Value::from(true)));
    set("top_logprobs", request.logprobs.filter(|top| *top > 0).map(Value::from));
    set("stream", Some(Value::from(true)));
    set("stream_options", Some(json!({"include_usage": true})));
    fields
}

/// Sampling wins over options of the same names.
pub(crate) fn sampling_fields(fields: &mut Map<String, Value>, sampling: &Sampling) {
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    set("temperature", sampling.temperature.map(Value::from));
    set("top_p", sampling.top_p.map(Value::from));
    set("top_k", sampling.top_k.map(Value::from));
    set("max_tokens", sampling.max_tokens.map(Value::from));
    set("seed", sampling.seed.map(Value::from));
    set("stop", (!sampling.stop.is_empty()).then(|| Value::from(sampling.stop.clone())));
    set("presence_penalty", sampling.presence_penalty.map(Value::from));
    set("frequency_penalty", sampling.frequency_penalty.map(Value::from));
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::None => Value::from("none"),
        ToolChoice::Auto => Value::from("auto"),
        ToolChoice::Required => Value::from("required"),
        ToolChoice::Function(name) => json!({"type": "function", "function": {"name": name}}),
    }
}

fn reasoning_effort(think: Think) -> Option<&'static str> {
    match think {
        Think::Off => Some("none"),
        Think::On => None,
        Think::Low => Some("low"),
        Think::Medium => Some("medium"),
        // The highest level that all servers know.
        Think::High | Think::Max => Some("high"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{Message, ResponseFormat, Role};

    fn sent(request: &ChatRequest) -> Value {
        serde_json::from_slice(&serde_json::to_vec(&ChatCompletionBody::new(request).unwrap()).unwrap())
            .unwrap()
    }

    #[test]
    fn what_is_absent_is_not_sent() {
        let mut request = ChatRequest::new("m", vec![Message::text(Role::User, "hi")]);
        (request.keep_alive, request.sampling.num_ctx) = (Some(json!(5)), Some(8192));
        assert_eq!(
            sent(&request),
            json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
                "stream": true, "stream_options": {"include_usage": true}})
        );
    }

    #[test]
    fn tool_choice_and_logprobs_are_passed_on() {
        let mut request = ChatRequest::new("m", vec![]);
        request.tools = vec![json!({"type": "function", "function": {"name": "f"}})];
        request.tool_choice = Some(ToolChoice::Function("f".to_owned()));
        (request.parallel_tool_calls, request.logprobs) = (Some(false), Some(2));
        let body = sent(&request);
        assert_eq!(body["tool_choice"], json!({"type": "function", "function": {"name": "f"}}));
        assert_eq!(
            (&body["parallel_tool_calls"], &body["logprobs"], &body["top_logprobs"]),
            (&json!(false), &json!(true), &json!(2))
        );
        (request.tool_choice, request.logprobs) = (Some(ToolChoice::Required), Some(0));
        let body = sent(&request);
        assert_eq!((&body["tool_choice"], body.get("top_logprobs")), (&json!("required"), None));
    }

    #[test]
    fn sampling_wins_over_options_which_are_top_level_fields() {
        let mut request = ChatRequest::new("m", vec![]);
        request.options = json!({"temperature": 9, "min_p": 0.1}).as_object().unwrap().clone();
        request.sampling = Sampling {
            temperature: Some(0.5),
            top_p: Some(0.9),
            top_k: Some(3),
            max_tokens: Some(5),
            seed: Some(1),
            stop: vec!["E".to_owned()],
            presence_penalty: Some(0.25),
            frequency_penalty: Some(-1.0),
            num_ctx: None,
        };
        request.tools = vec![json!({"type": "function"})];
        request.think = Some(Think::Off);
        request.response_format = Some(ResponseFormat::Schema(json!({"type": "object"})));
        assert_eq!(
            sent(&request),
            json!({"model": "m", "messages": [], "tools": [{"type": "function"}], "temperature": 0.5, "min_p": 0.1,
                "top_p": 0.9, "top_k": 3, "max_tokens": 5, "seed": 1, "stop": ["E"], "presence_penalty": 0.25,
                "frequency_penalty": -1.0, "reasoning_effort": "none",
                "response_format": {"type": "json_schema",
                    "json_schema": {"name": "reply", "schema": {"type": "object"}, "strict": true}},
                "stream": true, "stream_options": {"include_usage": true}})
        );
        request.response_format = Some(ResponseFormat::Json);
        assert_eq!(sent(&request)["response_format"], json!({"type": "json_object"}));
        for (think, effort) in [
            (Think::On, Value::Null),
            (Think::Low, json!("low")),
            (Think::High, json!("high")),
            (Think::Max, json!("high")),
        ] {
            request.think = Some(think);
            assert_eq!(sent(&request)["reasoning_effort"], effort);
        }
        request.options.insert("stream".to_owned(), json!(false));
        assert_eq!(ChatCompletionBody::new(&request).unwrap_err().path, "options.stream");
    }
}
