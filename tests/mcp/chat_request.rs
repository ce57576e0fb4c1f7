//! What `chat_completion` sends to Ollama: the exact JSON for every argument.

use serde_json::{Value, json};

use super::MODEL;
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{Session, error_line, tool_error};

/// A PNG of one pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// The body that these arguments make, with the model given.
async fn sent(mut arguments: Value) -> Value {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on(
        "POST",
        "/api/show",
        crate::support::fake_ollama::Answer::json(
            200,
            json!({ "capabilities": ["completion", "vision", "tools", "thinking"] }),
        ),
    );
    let mut session = Session::start(&fake);
    arguments["model"] = json!(MODEL);
    let result = session.call("chat_completion", arguments).await;
    assert!(result.get("isError").is_none_or(|error| error == false), "{result:#}");
    let chats = fake.requests_to("POST", "/api/chat");
    assert_eq!(chats.len(), 1, "one request for one call");
    chats[0].json()
}

fn hi() -> Value {
    json!([{ "role": "user", "content": "hi" }])
}

#[tokio::test]
async fn absent_arguments_are_not_sent() {
    let expected = json!({ "model": MODEL, "messages": hi(), "stream": true, "truncate": false });
    assert_eq!(sent(json!({ "prompt": "hi" })).await, expected);
    assert_eq!(sent(json!({ "messages": hi() })).await, expected);
    let nulls = json!({ "prompt": "hi", "messages": null, "temperature": null, "stop": null, "tools": null, "think": null });
    assert_eq!(sent(nulls).await, expected);
    // Ollama is always asked for a stream: a cancel then stops it, and partial text is kept.
    assert_eq!(sent(json!({ "prompt": "hi", "stream": false })).await, expected);
    assert_eq!(sent(json!({ "prompt": "hi", "stream": true })).await, expected);
}

#[tokio::test]
async fn sampling_is_sent_in_options() {
    for (argument, value, option, expected) in [
        ("temperature", json!(0.7), "temperature", json!(0.7)),
        ("temperature", json!(0), "temperature", json!(0.0)),
        ("top_p", json!(0.123_456_789), "top_p", json!(0.123_456_789)),
        ("top_k", json!(40), "top_k", json!(40)),
        ("top_k", json!(40.0), "top_k", json!(40)),
        ("max_tokens", json!(17), "num_predict", json!(17)),
        ("seed", json!(-3), "seed", json!(-3)),
        ("stop", json!("END"), "stop", json!(["END"])),
        ("stop", json!(["a", "b"]), "stop", json!(["a", "b"])),
        ("presence_penalty", json!(-1.5), "presence_penalty", json!(-1.5)),
        ("frequency_penalty", json!(1.5), "frequency_penalty", json!(1.5)),
        ("num_ctx", json!(8192), "num_ctx", json!(8192)),
        ("options", json!({ "min_p": 0.05, "mirostat": 2 }), "min_p", json!(0.05)),
    ] {
        let body = sent(json!({ "prompt": "hi", argument: value })).await;
        assert_eq!(body["options"][option], expected, "{argument} {value}: {body}");
    }
    let both =
        sent(json!({ "prompt": "hi", "temperature": 0.5, "options": { "temperature": 2, "num_gpu": 0 } }))
            .await;
    assert_eq!(
        both["options"],
        json!({ "temperature": 0.5, "num_gpu": 0 }),
        "the argument wins over options"
    );
}

#[tokio::test]
async fn format_think_tools_and_keep_alive_are_sent_unchanged() {
    let schema =
        json!({ "type": "object", "properties": { "b": { "type": "integer" }, "a": {} }, "required": ["b"] });
    let wrapped =
        json!({ "type": "json_schema", "json_schema": { "name": "n", "strict": true, "schema": schema } });
    for (argument, value, field, expected) in [
        ("keep_alive", json!("10m"), "keep_alive", json!("10m")),
        ("keep_alive", json!(-1), "keep_alive", json!(-1)),
        ("keep_alive", json!(0), "keep_alive", json!(0)),
        ("think", json!(true), "think", json!(true)),
        ("think", json!(false), "think", json!(false)),
        ("think", json!("low"), "think", json!("low")),
        ("think", json!("max"), "think", json!("max")),
        ("think", json!("high"), "think", json!("high")),
        ("response_format", json!("text"), "format", Value::Null),
    ] {
        let body = sent(json!({ "prompt": "hi", argument: value })).await;
        assert_eq!(body.get(field).cloned().unwrap_or_default(), expected, "{argument} {value}: {body}");
    }
    for (value, expected) in [
        (json!("json"), json!("json")),
        (json!({ "type": "json_object" }), json!("json")),
        (schema.clone(), schema.clone()),
        (wrapped, schema),
    ] {
        let fake = FakeOllama::start().await.with_defaults();
        let mut session = Session::start(&fake);
        let arguments = json!({ "model": MODEL, "prompt": "hi", "response_format": value });
        session.call("chat_completion", arguments).await;
        assert_eq!(fake.wait_for("POST", "/api/chat").await.json()["format"], expected);
    }
}

#[tokio::test]
async fn image_is_sent_as_plain_base64() {
    let url = format!("data:image/png;base64,{PIXEL}");
    for part in [
        json!({ "type": "image_url", "image_url": { "url": url } }),
        json!({ "type": "image_url", "image_url": url }),
    ] {
        let content = json!([{ "type": "text", "text": "What is this?" }, part]);
        let body = sent(json!({ "messages": [{ "role": "user", "content": content }] })).await;
        let expected = json!([{ "role": "user", "content": "What is this?", "images": [PIXEL] }]);
        assert_eq!(body["messages"], expected);
    }
}

#[tokio::test]
async fn system_prompt_is_first_message() {
    let messages = json!([
        { "role": "system", "content": "old" },
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": "hello" },
        { "role": "user", "content": "again" },
    ]);
    let body = sent(json!({ "messages": messages, "system": "new" })).await;
    let roles: Vec<_> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["new", "old", "hi", "hello", "again"]);
    assert_eq!(body["messages"][0]["role"], "system");
    assert_eq!(sent(json!({ "messages": messages })).await["messages"], messages);
}

#[tokio::test]
async fn tool_calls_and_results_round_trip() {
    let tool = json!({ "type": "function", "function": {
        "name": "get_weather", "description": "d",
        "parameters": { "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] },
    } });
    let messages = json!([
        { "role": "user", "content": "Weather in Paris?" },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": "call_1", "type": "function", "function": { "name": "get_weather", "arguments": "{\"city\":\"Paris\"}" } },
        ] },
        { "role": "tool", "tool_call_id": "call_1", "name": "get_weather", "content": "18 C" },
    ]);
    let body = sent(json!({ "messages": messages, "tools": [tool] })).await;
    assert_eq!(body["tools"], json!([tool]));
    let call = &body["messages"][1]["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], json!({ "city": "Paris" }), "an object on Ollama's own route");
    assert_eq!(call["function"]["name"], "get_weather");
    let result = &body["messages"][2];
    assert_eq!((&result["role"], &result["content"]), (&json!("tool"), &json!("18 C")));
    assert_eq!(result["tool_name"], "get_weather");
}

#[tokio::test]
async fn invalid_arguments_are_refused_by_name_before_any_request() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    let mut errors = Vec::new();
    for arguments in [
        json!({}),
        json!({ "prompt": "" }),
        json!({ "prompt": "x", "messages": hi() }),
        json!({ "messages": [] }),
        json!({ "messages": [{ "role": "bot", "content": "x" }] }),
        json!({ "prompt": "x", "temperature": 3 }),
        json!({ "prompt": "x", "temperature": "hot" }),
        json!({ "prompt": "x", "top_p": -0.1 }),
        json!({ "prompt": "x", "max_tokens": 0 }),
        json!({ "prompt": "x", "max_tokens": 1.5 }),
        json!({ "prompt": "x", "presence_penalty": 2.1 }),
        json!({ "prompt": "x", "frequency_penalty": -9 }),
        json!({ "prompt": "x", "think": "a lot" }),
        json!({ "prompt": "x", "keep_alive": "soon" }),
        json!({ "prompt": "x", "stop": 5 }),
        json!({ "prompt": "x", "response_format": "yaml" }),
        json!({ "prompt": "x", "response_format": { "type": 5 } }),
        json!({ "prompt": "x", "tools": [{ "type": "function" }] }),
        json!({ "prompt": "x", "model": " " }),
        json!({ "prompt": "x", "temprature": 1 }),
        json!({ "promt": "x" }),
    ] {
        errors.push(error_line(&session.call("chat_completion", arguments).await));
    }
    insta::assert_snapshot!(errors.join("\n"), @r#"
    invalid_argument: prompt or messages is missing; give one of them
    invalid_argument: prompt is empty; it must have text
    invalid_argument: prompt and messages are both given; give one of them
    invalid_argument: messages is empty; it must hold at least one message
    invalid_argument: messages[0].role is "bot"; it must be system, user, assistant or tool
    invalid_argument: temperature is 3; it must be between 0 and 2
    invalid_argument: temperature is the text "hot"; it must be a number
    invalid_argument: top_p is -0.1; it must be between 0 and 1
    invalid_argument: max_tokens is 0; it must be at least 1
    invalid_argument: max_tokens is 1.5; it must be a whole number of at least 1
    invalid_argument: presence_penalty is 2.1; it must be between -2 and 2
    invalid_argument: frequency_penalty is -9; it must be between -2 and 2
    invalid_argument: think is "a lot"; it must be true, false, "low", "medium", "high" or "max"
    invalid_argument: keep_alive is "soon"; it must be seconds, or a duration such as "10m" (-1 for ever, 0 to unload)
    invalid_argument: stop: it must be text or an array of texts
    invalid_argument: response_format is "yaml"; it must be "json", a JSON Schema, or OpenAI's json_schema form
    invalid_argument: response_format is not a JSON Schema: 5 is not valid under any of the schemas listed in the 'anyOf' keyword
    invalid_argument: tools[0].function.name is missing; tools have OpenAI's form {"type":"function","function":{...}}
    invalid_argument: model is empty; name a model, or leave it out for the default one
    invalid_argument: "temprature" is not an argument of this tool. Did you mean "temperature"?
    invalid_argument: "promt" is not an argument of this tool. Did you mean "prompt"?
    "#);
    for tool in ["health_check", "list_models"] {
        let result = session.call(tool, json!({ "verbose": true })).await;
        assert_eq!(tool_error(&result).0, "invalid_argument");
    }
    assert!(fake.requests().is_empty(), "{:?}", fake.requests());
}

#[tokio::test]
async fn empty_system_prompt_suppresses_that_of_model() {
    // Ollama adds the model's own where the first message is of another role.
    let empty = json!({ "role": "system", "content": "" });
    let body = sent(json!({ "prompt": "hi", "system": "" })).await;
    assert_eq!(body["messages"], json!([empty, { "role": "user", "content": "hi" }]));
    let own = json!({ "role": "system", "content": "own" });
    let messages = json!([own, { "role": "user", "content": "hi" }]);
    let body = sent(json!({ "messages": messages, "system": "" })).await;
    assert_eq!(body["messages"], messages);
}
