//! Requests and items as the types of OpenAI's SDK for Python have them.

use serde_json::{Value, json};

use super::*;
use crate::messages::FileSource;
use types::Role;

fn request(value: Value) -> ResponsesRequest {
    serde_json::from_value(value).unwrap()
}

fn read(items: Value) -> Result<Conversation, String> {
    let items = read_input(items).map_err(|error| error.to_string())?;
    messages_of(items.iter().map(|item| ("input", item))).map_err(|error| error.to_string())
}

#[test]
fn options_become_those_of_a_chat() {
    let mut request = request(json!({
        "model": "m", "max_output_tokens": 9, "reasoning": {"effort": "high", "summary": "auto"}, "top_logprobs": 2,
        "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}, "verbosity": "low"},
        "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": true, "description": null}],
        "tool_choice": {"type": "function", "name": "f"}, "num_ctx": 4096,
    }));
    assert_eq!(request.ignored_parts(), ["reasoning.summary", "text.verbosity"]);
    let chat = request.chat().unwrap();
    assert_eq!(
        chat.response_format,
        Some(json!({"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}))
    );
    let function = json!({"name": "f", "parameters": {}, "strict": true});
    assert_eq!(chat.tools, Some(vec![json!({"type": "function", "function": function})]));
    assert_eq!(chat.tool_choice, Some(json!({"type": "function", "function": {"name": "f"}})));
    assert_eq!((chat.max_completion_tokens, chat.num_ctx), (Some(9), Some(4096)));
    assert_eq!((chat.logprobs, chat.top_logprobs), (Some(true), Some(2)));
    assert_eq!((chat.reasoning_effort.as_deref(), chat.truncation.as_deref()), (Some("high"), Some("error")));
}

#[test]
fn allowed_tools_are_the_ones_that_are_left() {
    let tools = json!([{"type": "function", "name": "f"}, {"type": "function", "name": "g"}]);
    let choice = |tools: Value| json!({"type": "allowed_tools", "mode": "required", "tools": tools});
    let mut named =
        request(json!({"tools": tools, "tool_choice": choice(json!([{"type": "function", "name": "g"}]))}));
    let chat = named.chat().unwrap();
    assert_eq!(chat.tools.unwrap()[0]["function"]["name"], "g");
    assert_eq!(chat.tool_choice, Some(json!("required")));
    let mut none = request(json!({"tools": tools, "tool_choice": choice(json!([]))}));
    assert_eq!(none.chat().unwrap_err().path, "tool_choice.tools");
}

#[test]
fn wrong_options_are_named() {
    for (options, text) in [
        (
            json!({"tools": [{"type": "web_search"}]}),
            "tools[0].type is \"web_search\", which only OpenAI's own",
        ),
        (json!({"tools": [{"type": "function"}]}), "tools[0].name is missing"),
        (json!({"tool_choice": {"type": "mcp"}}), "tool_choice.type is \"mcp\"; it must be"),
        (
            json!({"truncation": "some"}),
            "truncation is \"some\"; it must be \"disabled\", \"auto\" or \"grow\"",
        ),
        (json!({"include": ["everything"]}), "include[0] must be one of message.output_text.logprobs"),
        (json!({"text": {"format": {"type": "grammar"}}}), "text.format.type must be text, json_object or"),
        (json!({"text": {"format": {"type": "json_schema"}}}), "text.format.schema is missing"),
    ] {
        let error = request(options).chat().unwrap_err().to_string();
        assert!(error.starts_with(text), "{error}");
    }
    assert_eq!(request(json!({"conversation": "conv_1"})).unsupported_field(), Some("conversation"));
    assert_eq!(request(json!({"context_management": []})).unsupported_field(), None);
}

#[test]
fn logprobs_are_asked_for_by_either_field() {
    let logprobs = |options: Value| {
        let chat = request(options).chat().unwrap();
        (chat.logprobs, chat.top_logprobs)
    };
    assert_eq!(logprobs(json!({})), (None, None));
    assert_eq!(logprobs(json!({"top_logprobs": 0})), (None, None));
    assert_eq!(logprobs(json!({"include": ["message.output_text.logprobs"]})), (Some(true), Some(0)));
}

#[test]
fn text_is_a_message_of_the_user() {
    let items = read_input(json!("hi")).unwrap();
    assert_eq!(
        items,
        [
            json!({"type": "message", "role": "user", "status": "completed", "content": [{"type": "input_text", "text": "hi"}]})
        ]
    );
    let messages = messages_of([("input", &items[0])]).unwrap().messages;
    assert_eq!((messages[0].role, messages[0].content.as_str()), (Role::User, "hi"));
}

#[test]
fn conversation_with_calls_becomes_messages() {
    let Conversation { messages, files, .. } = read(json!([
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": [
            {"type": "input_text", "text": "what is"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "auto"},
            {"type": "input_file", "file_id": "file-1"},
        ]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
        {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content": [
            {"type": "output_text", "text": "I look.", "annotations": []}]},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "g", "arguments": "{\"x\":1}"},
        {"type": "function_call_output", "call_id": "b", "output": "42"},
        {"type": "function_call_output", "call_id": "a", "output": [{"type": "input_text", "text": "43"}]},
        {"role": "assistant", "content": "It is 42."},
    ]))
    .unwrap();
    let roles: Vec<_> = messages.iter().map(|message| message.role.as_str()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "tool", "assistant"]);
    assert_eq!((messages[1].content.as_str(), messages[1].images.len()), ("what is", 1));
    assert_eq!((files[0].message, &files[0].source), (1, &FileSource::Upload("file-1".to_owned())));
    assert_eq!((messages[2].content.as_str(), messages[2].thinking.as_deref()), ("I look.", Some("hm")));
    let calls: Vec<_> = messages[2].tool_calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(calls, ["f", "g"]);
    assert_eq!((messages[3].tool_name.as_deref(), messages[3].content.as_str()), (Some("g"), "42"));
    assert_eq!((messages[4].tool_call_id.as_deref(), messages[4].content.as_str()), (Some("a"), "43"));
}

#[test]
fn wrong_items_are_named_with_their_path() {
    for (input, text) in [
        (json!(5), "input must be text, or an array of items"),
        (json!(""), "input is empty"),
        (json!(["hi"]), "input[0] must be an object"),
        (json!([{"content": "hi"}]), "input[0].type is missing"),
        (
            json!([{"role": "user", "content": "hi"}, {"type": "web_search_call"}]),
            "input[1].type is \"web_search_call\"",
        ),
        (json!([{"role": "bot", "content": "hi"}]), "input[0].role must be user"),
        (
            json!([{"role": "user", "content": [{"type": "input_audio"}]}]),
            "input[0].content[0].type is \"input_audio\"",
        ),
        (
            json!([{"role": "user", "content": [{"type": "input_image", "image_url": "https://x/y.png"}]}]),
            "input[0].content[0].image_url is a web address",
        ),
        (
            json!([{"role": "user", "content": [{"type": "input_file", "file_url": "https://x/y.pdf"}]}]),
            "input[0].content[0].file_url is a web address",
        ),
        (json!([{"type": "function_call", "name": "f", "arguments": "{}"}]), "input[0].call_id is missing"),
        (json!([{"type": "function_call_output", "call_id": "a"}]), "input[0].output is missing"),
    ] {
        let error = read(input).map(|_| ()).unwrap_err();
        assert!(error.starts_with(text), "{error}");
    }
}

#[test]
fn items_get_ids_and_keep_their_own() {
    let mut items = read_input(json!([
        {"role": "user", "content": "hi"},
        {"type": "function_call_output", "call_id": "a", "output": "1", "id": "fco_mine"},
        {"id": "msg_other"},
    ]))
    .unwrap();
    assert!(is_reference(&items[2]));
    set_item_ids(&mut items, "77");
    let ids: Vec<_> = items.iter().filter_map(item_id).collect();
    assert_eq!(ids, ["msg_77_i0", "fco_mine", "msg_other"]);
    assert_eq!(items[1]["status"], "completed");
}

#[test]
fn names_are_those_of_this_api() {
    for (chat, name) in [
        ("max_tokens", "max_output_tokens"),
        ("response_format.json_schema.schema", "text.format.schema"),
        ("response_format", "text.format"),
        ("messages", "input"),
        ("temperature", "temperature"),
    ] {
        assert_eq!(name_of(chat), name);
    }
}

#[test]
fn honoured_fields_are_read() {
    const CHECKED_LATER: [&str; 5] = ["input", "tools", "tool_choice", "keep_alive", "think"];
    for (name, support) in FIELDS {
        if *support == crate::request::Support::Honoured && !CHECKED_LATER.contains(name) {
            let is_wrong =
                |value: Value| serde_json::from_value::<ResponsesRequest>(json!({ *name: value })).is_err();
            // A struct can be read from an array, and a flag is true.
            assert!(is_wrong(json!([[1]])) || is_wrong(json!(true)), "{name}");
        }
    }
}

#[test]
fn usage_has_every_count_or_is_absent() {
    let usage = types::Usage { prompt_tokens: Some(3), completion_tokens: Some(4), ..Default::default() };
    assert_eq!(
        serde_json::to_value(Usage::new(usage)).unwrap(),
        json!({"input_tokens": 3, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 7})
    );
    assert_eq!(Usage::new(types::Usage::default()), None);
}
