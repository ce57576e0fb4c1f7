//! Requests as they are sent.

use serde_json::json;

use super::*;
use types::{Image, Role};

fn sent(request: &ChatRequest) -> Value {
    serde_json::from_slice(&serde_json::to_vec(&chat_body(request).unwrap()).unwrap()).unwrap()
}

#[test]
fn absent_fields_are_not_sent() {
    let request = ChatRequest::new("m", vec![Message::text(Role::User, "hi")]);
    assert_eq!(
        sent(&request),
        json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true})
    );
}

#[test]
fn sampling_uses_names_of_ollama_and_overrides_options() {
    let mut request = ChatRequest::new("m", vec![]);
    request.options = json!({"temperature": 9, "mirostat": 2}).as_object().unwrap().clone();
    request.sampling = Sampling {
        temperature: Some(0.7),
        top_p: Some(1.0),
        top_k: Some(40),
        max_tokens: Some(5),
        seed: Some(-1),
        stop: vec!["END".to_owned()],
        presence_penalty: Some(-0.5),
        frequency_penalty: Some(0.5),
        num_ctx: Some(8192),
    };
    assert_eq!(
        sent(&request)["options"],
        json!({"temperature": 0.7, "mirostat": 2, "top_p": 1.0, "top_k": 40, "num_predict": 5, "seed": -1,
            "stop": ["END"], "presence_penalty": -0.5, "frequency_penalty": 0.5, "num_ctx": 8192})
    );
}

#[test]
fn format_think_tools_and_keep_alive_are_sent() {
    let mut request = ChatRequest::new("m", vec![]);
    request.tools = vec![json!({"type": "function"})];
    request.keep_alive = Some(json!("10m"));
    for (think, expected) in [
        (Think::Off, json!(false)),
        (Think::On, json!(true)),
        (Think::High, json!("high")),
        (Think::Max, json!("max")),
    ] {
        request.think = Some(think);
        assert_eq!(sent(&request)["think"], expected);
    }
    request.response_format = Some(ResponseFormat::Json);
    assert_eq!(sent(&request)["format"], "json");
    request.response_format = Some(ResponseFormat::Schema(json!({"type": "object"})));
    let body = sent(&request);
    assert_eq!(body["format"], json!({"type": "object"}));
    assert_eq!((&body["tools"], &body["keep_alive"]), (&json!([{"type": "function"}]), &json!("10m")));
}

#[test]
fn images_and_tool_messages_are_sent() {
    let mut assistant = Message::text(Role::Assistant, "");
    assistant.thinking = Some("hm".to_owned());
    let call =
        |id: &str, arguments: &str| ToolCall { id: id.into(), name: "f".into(), arguments: arguments.into() };
    assistant.tool_calls = vec![call("c1", r#" {"b":1,"a":1.0}"#), call("", "")];
    let mut tool = Message::text(Role::Tool, "42");
    (tool.tool_call_id, tool.tool_name) = (Some("c1".to_owned()), Some("f".to_owned()));
    let mut user = Message::text(Role::User, "look");
    user.images = vec![Image { base64: "QUJD".to_owned(), media_type: Some("image/png".to_owned()) }];
    assert_eq!(
        sent(&ChatRequest::new("m", vec![user, assistant.clone(), tool]))["messages"],
        json!([
            {"role": "user", "content": "look", "images": ["QUJD"]},
            {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [
                {"id": "c1", "function": {"index": 0, "name": "f", "arguments": {"b": 1, "a": 1.0}}},
                {"function": {"index": 1, "name": "f", "arguments": {}}}]},
            {"role": "tool", "content": "42", "tool_call_id": "c1", "tool_name": "f"},
        ])
    );
    for bad in ["{", "[1]", "\"{}\"", "null"] {
        assistant.tool_calls = vec![call("", "{}"), call("", bad)];
        let request = ChatRequest::new("m", vec![Message::text(Role::User, ""), assistant.clone()]);
        let Err(ProviderError::InvalidRequest { argument, .. }) = chat_body(&request) else {
            panic!("{bad}")
        };
        assert_eq!(argument, "messages[1].tool_calls[1].function.arguments");
    }
}

#[test]
fn bare_prompt_is_sent() {
    let body = |request: &GenerateRequest| serde_json::to_value(generate_body(request)).unwrap();
    let mut request = GenerateRequest::new("m", "def f(");
    assert_eq!(body(&request), json!({"model": "m", "prompt": "def f(", "stream": true}));
    request.suffix = Some("return 1".to_owned());
    (request.system, request.template) = (Some("s".to_owned()), Some("{{ .Prompt }}".to_owned()));
    request.raw = true;
    request.images = vec![Image { base64: "QUJD".to_owned(), media_type: None }];
    request.sampling.max_tokens = Some(5);
    request.options = json!({"mirostat": 2}).as_object().unwrap().clone();
    request.response_format = Some(ResponseFormat::Json);
    (request.think, request.keep_alive) = (Some(Think::Low), Some(json!(-1)));
    assert_eq!(
        body(&request),
        json!({"model": "m", "prompt": "def f(", "suffix": "return 1", "system": "s",
            "template": "{{ .Prompt }}", "raw": true, "images": ["QUJD"], "stream": true,
            "options": {"mirostat": 2, "num_predict": 5}, "format": "json", "think": "low", "keep_alive": -1})
    );
}

#[test]
fn embedding_request_is_sent() {
    let body = |request: &EmbedRequest| serde_json::to_value(embed_body(request)).unwrap();
    let mut request = EmbedRequest::new("m", vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(body(&request), json!({"model": "m", "input": ["a", "b"]}));
    (request.truncate, request.dimensions) = (Some(false), Some(8));
    request.keep_alive = Some(json!("1m"));
    request.options = json!({"num_ctx": 256}).as_object().unwrap().clone();
    assert_eq!(
        body(&request),
        json!({"model": "m", "input": ["a", "b"], "truncate": false, "dimensions": 8,
            "options": {"num_ctx": 256}, "keep_alive": "1m"})
    );
}

#[test]
fn create_request_is_sent() {
    let body = |request: &CreateRequest| serde_json::to_value(create_body(request).unwrap()).unwrap();
    let mut request = CreateRequest::new("mario");
    assert_eq!(body(&request), json!({"model": "mario", "stream": true}));
    request.from = Some("gemma3:270m".to_owned());
    request.files = vec![("a.gguf".to_owned(), "sha256:1".to_owned()), ("b.gguf".into(), "sha256:2".into())];
    (request.template, request.system) = (Some("t".to_owned()), Some("You are Mario.".to_owned()));
    request.license = Some("MIT".to_owned());
    request.parameters = json!({"temperature": 0.5, "stop": ["END"]}).as_object().unwrap().clone();
    request.messages = vec![Message::text(Role::User, "hi")];
    request.quantize = Some("q4_K_M".to_owned());
    assert_eq!(
        body(&request),
        json!({"model": "mario", "from": "gemma3:270m", "files": {"a.gguf": "sha256:1", "b.gguf": "sha256:2"},
            "template": "t", "system": "You are Mario.", "license": "MIT",
            "parameters": {"temperature": 0.5, "stop": ["END"]},
            "messages": [{"role": "user", "content": "hi"}], "quantize": "q4_K_M", "stream": true})
    );
}
