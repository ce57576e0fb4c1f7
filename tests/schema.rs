//! The check of messages against the protocol's schemas finds what is wrong, in every revision.

use serde_json::{Value, json};

use crate::support::schema::{REVISIONS, assert_valid_message, check_message};

const NEWEST: &str = "2026-07-28";

fn answer(result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "result": result })
}

#[test]
fn valid_messages_pass_in_every_revision() {
    for revision in REVISIONS {
        // The newest demands its type and its cache hints.
        let result = |mut result: Value| {
            if revision == NEWEST {
                result["resultType"] = json!("complete");
                result["ttlMs"] = json!(0);
                result["cacheScope"] = json!("private");
            }
            answer(result)
        };
        let tool = json!({ "name": "t", "inputSchema": { "type": "object" } });
        let text = json!({ "type": "text", "text": "x" });
        for (method, value) in [
            ("tools/list", json!({ "tools": [tool] })),
            ("tools/call", json!({ "content": [text], "isError": true })),
            ("resources/list", json!({ "resources": [{ "uri": "ollama://models", "name": "models" }] })),
            ("resources/templates/list", json!({ "resourceTemplates": [] })),
            ("resources/read", json!({ "contents": [{ "uri": "ollama://models", "text": "x" }] })),
            ("prompts/list", json!({ "prompts": [] })),
            ("prompts/get", json!({ "messages": [{ "role": "user", "content": text }] })),
            ("completion/complete", json!({ "completion": { "values": ["a"] } })),
        ] {
            assert_valid_message(revision, Some(method), &result(value));
        }
        let progress = json!({ "progressToken": 1, "progress": 0.5 });
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": progress });
        assert_valid_message(revision, None, &progress);
        let error = json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32601, "message": "no" } });
        assert_valid_message(revision, None, &error);
    }
    let info = json!({ "name": "n", "version": "1" });
    let hello = json!({ "protocolVersion": "x", "capabilities": {}, "serverInfo": info });
    for revision in &REVISIONS[..4] {
        assert_valid_message(revision, Some("initialize"), &answer(hello.clone()));
        assert_valid_message(revision, Some("ping"), &answer(json!({})));
        assert_valid_message(revision, None, &json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }));
    }
    let input = json!({ "resultType": "input_required", "requestState": "s" });
    assert_valid_message(NEWEST, Some("tools/call"), &answer(input));
}

#[test]
fn invalid_messages_fail_in_every_revision() {
    for revision in REVISIONS {
        for (asked, message, expected) in [
            (Some("tools/list"), answer(json!({ "resultType": "complete" })), "ListToolsResult"),
            (Some("tools/call"), answer(json!({ "resultType": "complete", "content": 1 })), "CallToolResult"),
            (Some("tools/call"), json!({ "id": 1, "result": {} }), "jsonrpc"),
            (Some("tools/call"), json!({ "jsonrpc": "2.0", "result": {} }), "id"),
            (Some("tools/nope"), answer(json!({ "resultType": "complete" })), "no client asks"),
            (None, answer(json!({ "resultType": "complete" })), "name the method"),
            (None, json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": "x", "message": "m" } }), "code"),
            (None, json!({ "jsonrpc": "2.0", "id": 1, "error": {}, "result": {} }), "both"),
            (None, json!({ "jsonrpc": "2.0", "method": "notifications/nope" }), "no method"),
            (
                None,
                json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": {} }),
                "progressToken",
            ),
            (None, json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }), "no method"),
            (None, json!({}), "JSONRPCError"),
        ] {
            let said = check_message(revision, asked, &message).expect_err(&message.to_string());
            assert!(said.contains(expected), "{revision} {message}: {said}");
        }
    }
}

#[test]
fn revisions_are_distinguished() {
    let audio = json!({ "type": "audio", "data": "AAAA", "mimeType": "audio/wav" });
    let result = answer(json!({ "content": [audio] }));
    assert!(check_message("2024-11-05", Some("tools/call"), &result).is_err(), "audio came in 2025-03-26");
    assert_valid_message("2025-03-26", Some("tools/call"), &result);
    let said = check_message(NEWEST, Some("tools/call"), &result).expect_err("a result tells its type");
    assert!(said.contains("resultType"), "{said}");
    let said = check_message("2025-11-25", Some("server/discover"), &answer(json!({}))).expect_err("too old");
    assert!(said.contains("has no DiscoverResult"), "{said}");
}
