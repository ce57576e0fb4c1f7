//! What is no message, or a wrong one: each is answered as JSON-RPC says, and the connection goes on.

use serde_json::{Value, json};

use super::{REPLY, chat, chat_in_flight, gated, reply};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::error_of;
use crate::support::process::Process;

#[tokio::test]
async fn byte_order_mark_carriage_returns_and_blank_lines_are_accepted() {
    let fake = FakeOllama::start().await;
    let mut editor = Process::start(&fake, &[]);
    editor.write("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r\n\r\n\n   \n").await;
    editor.write("\t{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"} \r\n").await;
    // Requests are served side by side, so answers come in any order.
    let mut answers = [editor.next().await, editor.next().await];
    answers.sort_by_key(|answer| answer["id"].as_i64());
    for (answer, id) in answers.iter().zip(1..) {
        assert_eq!(answer, &json!({ "jsonrpc": "2.0", "id": id, "result": {} }));
    }
    editor.finish().await.well();
}

#[tokio::test]
async fn invalid_messages_are_refused_and_connection_continues() {
    let fake = FakeOllama::start().await;
    let mut shell = Process::start(&fake, &[]);
    for (line, code, id) in [
        (&b"hello"[..], -32700, Value::Null),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"", -32700, json!(1)),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1", -32700, Value::Null),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}", -32700, json!(1)),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\",\"params\":{\"x\":-Infinity}}",
            -32700,
            json!(2),
        ),
        (
            b"{\"method\":\"ping\",\"params\":{\"id\":9,\"x\":NaN},\"jsonrpc\":\"2.0\",\"id\":\"b\"}",
            -32700,
            json!("b"),
        ),
        (b"{\"jsonrpc\":\"2.0\",\"id\":NaN,\"method\":\"ping\"}", -32700, Value::Null),
        (b"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\",\"method\":\"ping\"}", -32600, json!(3)),
        (b"\x00\x01\x02", -32700, Value::Null),
        (b"{} {}", -32700, Value::Null),
        (b"{}", -32600, Value::Null),
        (b"[]", -32600, Value::Null),
        (b"5", -32600, Value::Null),
        (b"\"ping\"", -32600, Value::Null),
        (b"{\"id\":7,\"method\":\"ping\"}", -32600, json!(7)),
        (b"{\"jsonrpc\":\"1.0\",\"id\":7,\"method\":\"ping\"}", -32600, json!(7)),
        (b"{\"jsonrpc\":\"2.0\",\"id\":\"a\"}", -32600, json!("a")),
        (b"{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":5}", -32600, json!(8)),
        (b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", -32600, Value::Null),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", -32600, Value::Null),
        (b"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", -32600, Value::Null),
    ] {
        let shown = String::from_utf8_lossy(line).into_owned();
        shell.write([line, b"\n"].concat()).await;
        let answer = shell.next().await;
        let (found, message) = error_of(&answer);
        assert_eq!((found, &answer["id"]), (code, &id), "{shown}: {answer}");
        assert!(!message.is_empty());
        assert_eq!(
            answer.get("id").is_some(),
            !id.is_null(),
            "an id that is not known is left out: {answer}"
        );
        shell.still_serves().await;
    }
    shell.finish().await.well();
}

#[tokio::test]
async fn a_batch_is_unpacked() {
    let fake = FakeOllama::start().await;
    let mut host = Process::start(&fake, &[]);
    host.send(&json!([
        { "jsonrpc": "2.0", "id": 1, "method": "ping" },
        { "jsonrpc": "2.0", "method": "notifications/initialized" },
        5,
        { "jsonrpc": "2.0", "id": 2, "method": "ping" },
    ]))
    .await;
    let mut answers = [host.next().await, host.next().await, host.next().await];
    answers.sort_by_key(|answer| answer["id"].as_i64());
    assert_eq!(answers[0]["error"]["code"], -32600);
    assert_eq!((&answers[1]["id"], &answers[2]["id"]), (&json!(1), &json!(2)));
    host.finish().await.well();
}

#[tokio::test]
async fn in_flight_id_is_refused_and_reusable_afterwards() {
    let (fake, gate) = gated().await;
    let mut host = Process::start(&fake, &[]);
    let (id, request) = chat_in_flight(&mut host, &fake).await;
    for method in ["ping", "tools/call"] {
        host.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": chat("twice") })).await;
        let answer = host.next().await;
        assert_eq!((error_of(&answer).0, &answer["id"]), (-32600, &json!(id)));
    }
    gate.open();
    let answer = host.answer(id).await;
    assert_eq!(reply(&answer), REPLY, "the first one still gets its answer");
    host.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": chat("again") })).await;
    assert_eq!(reply(&host.answer(id).await), REPLY);
    let chats = fake.requests_to("POST", "/api/chat");
    assert_eq!((request.index, chats.len()), (chats[0].index, 2), "what was refused was not carried out");
    host.finish().await.well();
}

#[tokio::test]
async fn oversized_line_is_refused_with_its_id() {
    let fake = FakeOllama::start().await;
    let mut host = Process::start(&fake, &["--max-message-bytes=1KiB"]);
    for size in [1_100, 100_000, 3_000_000] {
        let long = "x\\\"id\\\":5,".repeat(size / 10);
        for line in [
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"id":9,"a":"{long}"}}}}"#),
            format!(r#"{{"params":{{"a":"{long}","id":9}},"method":"ping","jsonrpc":"2.0","id":1}}"#),
        ] {
            host.write(format!("{line}\n")).await;
            let answer = host.next().await;
            let (code, message) = error_of(&answer);
            assert_eq!((code, &answer["id"]), (-32600, &json!(1)), "{message}");
            assert!(
                message.contains("1024") && message.contains("OLLAMA_MCP_MAX_MESSAGE_BYTES"),
                "{message}"
            );
            host.still_serves().await;
        }
    }
    let fits =
        format!(r#"{{"jsonrpc":"2.0","id":2,"method":"ping","params":{{"a":"{}"}}}}"#, "x".repeat(900));
    host.write(format!("{fits}\n")).await;
    assert_eq!(host.next().await["result"], json!({}));
    host.finish().await.well();
}

#[tokio::test]
async fn malformed_params_are_invalid_params_not_unknown_method() {
    let fake = FakeOllama::start().await;
    let mut host = Process::start(&fake, &[]);
    for (method, params) in [
        ("tools/call", json!({})),
        ("tools/call", json!({ "name": 5 })),
        ("tools/call", json!({ "name": "health_check", "arguments": [1] })),
        ("tools/call", json!([1])),
        ("tools/list", json!("x")),
        ("tools/list", json!({ "cursor": 5 })),
        ("tools/list", json!({ "cursor": "no-such-page" })),
        ("resources/read", json!({})),
        ("resources/read", json!({ "uri": null })),
        ("prompts/get", json!({ "arguments": {} })),
        ("prompts/get", json!({ "name": "ask_local_model" })),
        ("prompts/get", json!({ "name": "ask_local_model", "arguments": { "question": 5 } })),
        ("prompts/get", json!({ "name": "nope" })),
        ("completion/complete", json!({ "ref": {} })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "nope" }, "argument": { "name": "model", "value": "" } }),
        ),
        ("tools/call", json!({ "name": "nope" })),
    ] {
        let (code, message) = host.error(method, params.clone()).await;
        assert_eq!(code, -32602, "{method} {params}: {message}");
        host.still_serves().await;
    }
    for method in ["nope", "tools/nope", "resources/nope", "sampling/createMessage", ""] {
        let (code, message) = host.error(method, json!({ "uri": "ollama://models" })).await;
        assert_eq!(code, -32601, "{method}: {message}");
    }
    for (method, params, part) in [
        ("tools/lst", json!({}), "did you mean tools/list?"),
        ("chat_completion", json!({ "prompt": "x" }), "a tool is called with tools/call"),
        ("logging/setLevel", json!({}), "OLLAMA_MCP_LOG"),
        ("subscriptions/listen", json!({ "notifications": {} }), "resources/subscribe"),
        ("subscriptions/listen", json!({}), "resources/subscribe"),
        (&"x\u{1b}".repeat(1_000), json!([1]), "the methods are"),
    ] {
        let (code, message) = host.error(method, params).await;
        assert_eq!(code, -32601, "{message}");
        assert!(message.contains(part) && message.len() < 1_000 && !message.contains('\u{1b}'), "{message}");
    }
    host.finish().await.well();
}

#[tokio::test]
async fn unsolicited_answers_are_ignored() {
    let fake = FakeOllama::start().await;
    let mut host = Process::start(&fake, &[]);
    for stray in [
        json!({ "jsonrpc": "2.0", "id": 99, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": 99, "error": { "code": 1, "message": "no" } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": 5 }),
    ] {
        host.send(&stray).await;
    }
    host.still_serves().await;
    host.finish().await.well();
}
