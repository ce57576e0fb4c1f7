//! Requests of clients, read into messages.

use serde_json::{Value, json};

use super::*;

fn read(system: Value, messages: Value) -> Result<(Prompt, Vec<String>), String> {
    let mut ignored = Ignored::default();
    let system = serde_json::from_value(system).unwrap();
    let prompt = read_prompt(Some(system), serde_json::from_value(messages).unwrap(), &mut ignored);
    prompt.map(|prompt| (prompt, ignored.into_names().collect())).map_err(|error| error.to_string())
}

fn user(content: Value) -> Value {
    json!([{ "role": "user", "content": content }])
}

#[test]
fn system_and_texts_are_read() {
    let (prompt, ignored) = read(
        json!([{"type": "text", "text": "be"}, {"type": "text", "text": "brief", "cache_control": {"type": "ephemeral"}}]),
        json!([
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "text", "text": "yes"}]},
            {"role": "system", "content": "be long"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "system", "content": [{"type": "text", "text": "be quick"}]},
        ]),
    )
    .unwrap();
    let read: Vec<_> =
        prompt.messages.iter().map(|message| (message.role, message.content.as_str())).collect();
    assert_eq!(
        read,
        [
            (Role::System, "be\nbrief"),
            (Role::User, "hi"),
            (Role::Assistant, "yes"),
            (Role::User, "<system-reminder>\nbe long\n</system-reminder>"),
            (Role::User, "a\nb\n<system-reminder>\nbe quick\n</system-reminder>"),
        ]
    );
    assert_eq!(ignored, ["cache_control"]);
}

#[test]
fn system_messages_count_as_long_as_they_say() {
    let (prompt, _) = read(
        json!("be brief"),
        json!([
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": "hi"},
            {"role": "system", "content": "once", "clear_at": "next_user_message"},
            {"role": "user", "content": "again"},
            {"role": "system", "content": "now", "clear_at": "next_user_message"},
        ]),
    )
    .unwrap();
    let read: Vec<_> = prompt.messages.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(read, ["be brief\nbe kind", "hi", "again\n<system-reminder>\nnow\n</system-reminder>"]);
}

#[test]
fn changing_header_of_claude_code_is_left_out() {
    let header = "x-anthropic-billing-header: cc_version=2.1.0; cc_entrypoint=cli; cch=1a2b3;";
    let system = json!([{"type": "text", "text": header}, {"type": "text", "text": "You are"}]);
    let (prompt, ignored) = read(system, user(json!("hi"))).unwrap();
    assert_eq!(prompt.messages[0], Message::text(Role::System, "You are"));
    assert_eq!(ignored, ["system.x-anthropic-billing-header"]);
}

#[test]
fn tool_calls_and_results_are_read_in_their_order() {
    let (prompt, ignored) = read(
        json!(""),
        json!([
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "text", "text": "I look"},
                {"type": "tool_use", "id": "a", "name": "Read", "input": {"path": "x"}},
                {"type": "tool_use", "id": "b", "name": "List", "input": {}},
                {"type": "web_search_tool_result", "tool_use_id": "c", "content": []},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": [
                    {"type": "text", "text": "see"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
                ]},
                {"type": "tool_result", "tool_use_id": "b", "is_error": true, "content": "no such folder"},
                {"type": "text", "text": "go on"},
            ]},
        ]),
    )
    .unwrap();
    let [call, first, second, rest] = prompt.messages.as_slice() else { panic!("{prompt:#?}") };
    assert_eq!((call.thinking.as_deref(), call.content.as_str()), (Some("hm"), "I look"));
    let calls: Vec<_> =
        call.tool_calls.iter().map(|call| (call.id.as_str(), call.arguments.as_str())).collect();
    assert_eq!(calls, [("a", "{\"path\":\"x\"}"), ("b", "{}")]);
    assert_eq!(
        (first.role, first.content.as_str(), first.tool_name.as_deref()),
        (Role::Tool, "see", Some("Read"))
    );
    assert_eq!(
        (second.content.as_str(), second.tool_call_id.as_deref()),
        ("Error: no such folder", Some("b"))
    );
    // Images stand behind all results, in a message of the user.
    assert!(first.images.is_empty() && second.images.is_empty());
    assert_eq!((rest.role, rest.content.as_str(), rest.images.len()), (Role::User, "go on", 1));
    assert_eq!(ignored, ["redacted_thinking", "web_search_tool_result"]);
}

#[test]
fn files_belong_to_their_message() {
    let (prompt, ignored) = read(
        json!("be brief"),
        json!([
            {"role": "user", "content": "first"},
            {"role": "user", "content": [
                {"type": "document", "title": "notes.txt", "citations": {"enabled": true},
                    "source": {"type": "text", "media_type": "text/plain", "data": "Tuesday"}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}},
                {"type": "image", "source": {"type": "file", "file_id": "file-1"}},
                {"type": "document", "context": "old", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}},
            ]},
        ]),
    )
    .unwrap();
    assert_eq!(prompt.messages.len(), 3);
    assert_eq!(prompt.messages[2], Message::text(Role::User, "old"));
    let files: Vec<_> = prompt
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.message, file.name.as_deref(), file.source.clone()))
        .collect();
    let data = |bytes: &[u8]| FileSource::Data(bytes.to_vec());
    assert_eq!(
        files,
        [
            ("messages[1].content[0].source.data", 2, Some("notes.txt"), data(b"Tuesday")),
            ("messages[1].content[1].source.data", 2, Some("document.pdf"), data(b"A")),
            ("messages[1].content[2].source.file_id", 2, None, FileSource::Upload("file-1".to_owned())),
            ("messages[1].content[3].source.content", 2, Some("document.txt"), data(b"x")),
        ]
    );
    assert_eq!(ignored, ["citations"]);
}

#[test]
fn wrong_part_is_named_with_its_path() {
    let image = |source: Value| user(json!([{ "type": "image", "source": source }]));
    let called = |block: Value| json!([{ "role": "assistant", "content": [block] }]);
    for (messages, text) in [
        (json!([]), "messages is empty; it must hold at least one message"),
        (
            json!([{"role": "tool", "content": "x"}]),
            "messages[0].role is \"tool\"; it must be user, assistant or system",
        ),
        (user(json!("")), "messages[0].content is empty; it must have text"),
        (user(json!([])), "messages[0].content is empty; it must have text"),
        (
            user(json!([{"type": "audio"}])),
            "messages[0].content[0].type is \"audio\"; it must be text, image, document, search_result or tool_result",
        ),
        (user(json!([{"type": "text"}])), "messages[0].content[0].text is missing; it must be text"),
        (
            image(json!({"type": "base64", "data": "***"})),
            "messages[0].content[0].source.data is not base64 (standard alphabet, padded)",
        ),
        (
            image(json!({"type": "url", "url": "https://x/y.png"})),
            "messages[0].content[0].source.type is \"url\", and this server fetches no addresses; it must be base64 or file",
        ),
        (
            image(json!({"type": "file"})),
            "messages[0].content[0].source.file_id is missing; it must be the id of an uploaded file",
        ),
        (
            user(json!([{"type": "tool_result", "content": "x"}])),
            "messages[0].content[0].tool_use_id is missing; it must be the id of a tool_use block",
        ),
        (
            user(json!([{"type": "tool_result", "tool_use_id": "a", "content": [{"type": "x"}]}])),
            "messages[0].content[0].content[0].type is \"x\"; it must be text, image, document or search_result",
        ),
        (
            called(json!({"type": "tool_use", "id": "a", "name": "f", "input": 5})),
            "messages[0].content[0].input must be a JSON object",
        ),
        (
            called(json!({"type": "tool_use", "name": "f"})),
            "messages[0].content[0].id is missing; it must be text",
        ),
    ] {
        assert_eq!(read(json!(null), messages).unwrap_err(), text);
    }
}
