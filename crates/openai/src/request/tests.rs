//! Requests as the reference documents them, and as recorded.

use serde_json::json;

use super::*;
use crate::fixture;
use crate::messages::read_messages;
use types::Role;

fn read(request: Value) -> ChatCompletionRequest {
    serde_json::from_value(request).unwrap()
}

#[test]
fn documented_example_is_read() {
    let mut request = read(json!({
        "model": "gpt-5.4",
        "messages": [
            {"role": "developer", "content": "You are a helpful assistant."},
            {"role": "user", "content": "What is the weather like in Boston today?"}
        ],
        "tools": [{"type": "function", "function": {"name": "get_current_weather", "parameters": {"type": "object"}}}],
        "tool_choice": "auto",
        "max_completion_tokens": 100,
        "max_tokens": 50,
        "temperature": 0.5,
        "stop": ["a", "b"],
        "seed": 7,
        "reasoning_effort": "minimal",
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": {"type": "object"}}},
        "stream": true,
        "stream_options": {"include_usage": true, "include_obfuscation": false},
        "metadata": {"topic": "weather"},
        "verbosity": "low"
    }));
    let messages = read_messages("messages", request.messages.take().unwrap()).unwrap();
    assert_eq!(messages.iter().map(|message| message.role).collect::<Vec<_>>(), [Role::System, Role::User]);
    let sampling = request.take_sampling();
    assert_eq!((sampling.max_tokens, sampling.temperature, sampling.seed), (Some(100), Some(0.5), Some(7)));
    assert_eq!(sampling.stop, ["a", "b"]);
    assert_eq!(request.think(), Ok(Some(Think::Low)));
    assert_eq!(request.tool_choice(), Ok(Some(ToolChoice::Auto)));
    assert_eq!(request.take_response_format(), Ok(Some(ResponseFormat::Schema(json!({"type": "object"})))));
    assert_eq!(request.stream_options.and_then(|options| options.include_usage), Some(true));
    assert_eq!(request.unsupported_field(), None);
}

#[test]
fn recorded_requests_are_read() {
    for case in
        ["v1_chat_content_parts", "v1_chat_tools_roundtrip", "v1_chat_json_schema", "v1_chat_stop_string"]
    {
        let body = fixture::recording(case)["request"]["body"].take();
        let body = body.as_str().map_or(body.clone(), |text| serde_json::from_str(text).unwrap());
        let mut request = read(body);
        assert!(!read_messages("messages", request.messages.take().unwrap()).unwrap().is_empty(), "{case}");
        assert!(request.take_response_format().is_ok(), "{case}");
    }
}

#[test]
fn written_request_is_read_again() {
    let mut request = types::ChatRequest::new("m", vec![types::Message::text(Role::User, "hi")]);
    request.sampling = Sampling {
        temperature: Some(0.5),
        max_tokens: Some(5),
        stop: vec!["E".to_owned()],
        seed: Some(1),
        ..Sampling::default()
    };
    request.think = Some(Think::Medium);
    request.response_format = Some(ResponseFormat::Json);
    request.tools = vec![json!({"type": "function", "function": {"name": "f"}})];
    let written = serde_json::to_value(ChatCompletionBody::new(&request).unwrap()).unwrap();
    let mut again = read(written);
    assert_eq!(read_messages("messages", again.messages.take().unwrap()).unwrap(), request.messages);
    assert_eq!(again.take_sampling(), request.sampling);
    assert_eq!(again.think(), Ok(request.think));
    assert_eq!(again.take_response_format(), Ok(request.response_format));
    assert_eq!(again.tools.unwrap(), request.tools);
}

#[test]
fn thinking_is_read_from_both_names() {
    for (request, think) in [
        (json!({"think": true}), Think::On),
        (json!({"think": "none"}), Think::Off),
        (json!({"think": "max", "reasoning_effort": "low"}), Think::Max),
        (json!({"reasoning_effort": "none"}), Think::Off),
        (json!({"reasoning_effort": "xhigh"}), Think::Max),
    ] {
        assert_eq!(read(request).think(), Ok(Some(think)));
    }
    let error = |request| read(request).think().unwrap_err().to_string();
    assert_eq!(
        error(json!({"think": 3})),
        "think is 3; it must be true, false, \"low\", \"medium\", \"high\" or \"max\""
    );
    assert!(error(json!({"reasoning_effort": "hard"})).starts_with("reasoning_effort is \"hard\""));
}

#[test]
fn alternatives_of_tokens_are_counted_and_bounded() {
    for (request, expected) in [
        (json!({}), None),
        (json!({"logprobs": false, "top_logprobs": 0}), None),
        (json!({"logprobs": true}), Some(0)),
        (json!({"logprobs": true, "top_logprobs": 20}), Some(20)),
    ] {
        assert_eq!(read(request).logprobs(), Ok(expected));
    }
    let error = |request| read(request).logprobs().unwrap_err().to_string();
    assert_eq!(
        error(json!({"logprobs": true, "top_logprobs": 21})),
        "top_logprobs is 21; it must be between 0 and 20"
    );
    assert_eq!(error(json!({"top_logprobs": 1})), "top_logprobs needs logprobs: true");
}

#[test]
fn tool_choice_names_a_function() {
    let named = json!({"type": "function", "function": {"name": "f"}});
    for (choice, expected) in [
        (json!("none"), ToolChoice::None),
        (json!("required"), ToolChoice::Required),
        (named, ToolChoice::Function("f".to_owned())),
    ] {
        assert_eq!(read(json!({"tool_choice": choice})).tool_choice(), Ok(Some(expected)));
    }
    for wrong in [json!("any"), json!({"type": "custom"}), json!(1)] {
        assert_eq!(read(json!({"tool_choice": wrong})).tool_choice().unwrap_err().path, "tool_choice");
    }
}

#[test]
fn only_what_asks_for_the_impossible_is_unsupported() {
    let refused = FIELDS.iter().filter(|(_, support)| *support == Support::Refused);
    for (name, _) in refused {
        let asks = if *name == "modalities" { json!(["text", "audio"]) } else { json!({"x": 1}) };
        assert_eq!(read(json!({ *name: asks })).unsupported_field(), Some(*name));
    }
    let harmless = json!({"modalities": ["text"], "functions": [], "logit_bias": {}, "audio": null, "prediction": {"x": 1}});
    assert_eq!(read(harmless).unsupported_field(), None);
}

#[test]
fn each_field_is_listed_once() {
    let mut names: Vec<_> = FIELDS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FIELDS.len());
}

/// A field that the request does not have would accept any value.
#[test]
fn honoured_fields_are_read() {
    const CHECKED_LATER: [&str; 5] = ["keep_alive", "think", "response_format", "tool_choice", "tools"];
    let accepts_any_value =
        |name: &str| serde_json::from_value::<ChatCompletionRequest>(json!({ name: [[1]] })).is_ok();
    for (name, support) in FIELDS {
        let is_checked = *support == Support::Honoured && !CHECKED_LATER.contains(name);
        assert_eq!(accepts_any_value(name), !is_checked, "{name}");
    }
}

#[test]
fn min_p_is_an_option() {
    let mut request = read(json!({"min_p": 0.1, "options": {"mirostat": 1}}));
    assert_eq!(Value::from(request.take_options()), json!({"mirostat": 1, "min_p": 0.1}));
}
