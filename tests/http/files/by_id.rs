//! Files that go with a chat: by id in every form of request, in the messages themselves, and over MCP.

use serde_json::{Value, json};

use super::super::started;
use super::*;
use crate::support::fake_ollama::FakeOllama;

/// What the model reads of the file.
const READ: &str = "File: notes.txt\n```\nThe key is under the mat.\n```\n\n";

async fn notes(server: &HttpServer) -> String {
    uploaded(server.guest(), "notes.txt", b"The key is under the mat.").await
}

/// The messages that the model server got last.
fn asked(fake: &FakeOllama) -> Value {
    fake.requests_to("POST", "/api/chat").last().expect("a chat").json()["messages"].take()
}

#[tokio::test]
async fn every_form_of_chat_takes_ids() {
    let (fake, server) = started().await;
    let id = notes(&server).await;
    let messages = json!([{ "role": "user", "content": "first" }, { "role": "user", "content": "where?" }]);
    for (path, body) in [
        ("/chat", json!({ "model": MODEL, "messages": messages, "stream": false, "attachments": [id] })),
        ("/chat", json!({ "model": MODEL, "messages": messages, "attachments": [id] })),
        ("/chat", json!({ "model": MODEL, "message": "where?", "chat_id": "house", "attachments": [id] })),
        ("/chat", json!({ "model": MODEL, "prompt": "where?", "attachments": [id] })),
        ("/api/v1/generate", json!({ "prompt": "where?", "attachments": [id] })),
        ("/api/v1/generate", json!({ "prompt": "where?", "stream": true, "attachments": [id] })),
    ] {
        let answer = server.guest().post(path, &body).await;
        assert_eq!(answer.status, 200, "{path} {body}: {answer:?}");
        assert_eq!(answer.header("x-ollama-mcp-ignored"), "", "{body}");
        let asked = asked(&fake);
        let last = asked.as_array().unwrap().last().unwrap();
        assert_eq!(last["content"], format!("{READ}where?"), "{path} {body}");
        assert!(!answer.body.contains("/uploads"), "{answer:?}");
    }
}

#[tokio::test]
async fn conversation_keeps_name_of_file() {
    let (fake, server) = started().await;
    let id = notes(&server).await;
    let turn = |message: &str, ids: Value| json!({ "model": MODEL, "message": message, "chat_id": "house", "attachments": ids });
    server.guest().post("/chat", &turn("where?", json!([id]))).await.ok();
    server.guest().delete(&format!("/x/files/{id}")).await.ok();
    server.guest().post("/chat", &turn("sure?", json!([]))).await.ok();
    let asked = asked(&fake);
    let first = asked[0]["content"].as_str().unwrap();
    assert_eq!(first, "(Attached here, and no longer shown: \"notes.txt\".)\nwhere?", "{asked}");
}

#[tokio::test]
async fn file_parts_go_with_their_own_message() {
    let (fake, server) = started().await;
    let id = notes(&server).await;
    let inline = "data:text/markdown;base64,IyBQbGFu";
    let messages = json!([
        { "role": "system", "content": "be brief" },
        { "role": "user", "content": [
            { "type": "file", "file": { "file_id": id } },
            { "type": "text", "text": "where?" },
            { "type": "file", "file": { "file_data": inline, "filename": "../plan.md" } },
        ] },
        { "role": "assistant", "content": "there" },
        { "role": "user", "content": [{ "type": "file", "file": { "file_data": "IyBQbGFu" } }] },
    ]);
    for stream in [false, true] {
        let body = json!({ "model": MODEL, "messages": messages, "stream": stream });
        let answer = server.guest().post("/v1/chat/completions", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let asked = asked(&fake);
        assert_eq!(asked[1]["content"], format!("{READ}File: plan.md\n```\n# Plan\n```\n\nwhere?"));
        assert_eq!(asked[2]["content"], "there");
        assert_eq!(asked[3]["content"], "File: file\n```\n# Plan\n```\n\n");
    }
}

#[tokio::test]
async fn file_part_that_cannot_be_read_is_named() {
    let (fake, server) = started().await;
    let unknown = format!("file-{}", "0".repeat(32));
    for (file, status, code, field) in [
        (json!({ "file_id": unknown }), 404, "file_not_found", ".file_id"),
        (json!({ "file_id": "/etc/passwd" }), 404, "file_not_found", ".file_id"),
        (json!({ "file_data": "data:text/plain,hello" }), 400, "invalid_argument", ".file_data"),
        (json!({ "file_data": "***" }), 400, "invalid_argument", ".file_data"),
        (json!({ "file_data": "AAECAwAA" }), 400, "attachment_unreadable", ".file_data"),
        (json!({ "filename": "a.txt" }), 400, "invalid_argument", ""),
    ] {
        let content = json!([{ "type": "text", "text": "x" }, { "type": "file", "file": file }]);
        let body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": content }] });
        let error = server.guest().post("/v1/chat/completions", &body).await.error(status);
        let param = format!("messages[0].content[1].file{field}");
        assert_eq!((&error["code"], &error["param"]), (&json!(code), &json!(param)), "{file}: {error}");
    }
    let many: Vec<_> = (0..21).map(|_| json!({ "type": "file", "file": { "file_data": "eA==" } })).collect();
    let body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": many }] });
    let error = server.guest().post("/v1/chat/completions", &body).await.error(400);
    assert_eq!(error["param"], "messages");
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
}

#[tokio::test]
async fn mcp_over_http_takes_ids_and_no_paths() {
    let (fake, server) = started().await;
    let id = notes(&server).await;
    let call = |tool: &str, arguments: Value| {
        let params = json!({ "name": tool, "arguments": arguments });
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params })
    };
    let tools = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let tools = server.guest().post("/mcp", &tools).await.ok();
    let attachments = &tools["result"]["tools"][0]["inputSchema"]["properties"]["attachments"];
    assert!(attachments["description"].as_str().unwrap().contains("POST /upload"), "{attachments}");
    let chat = call("chat_completion", json!({ "model": MODEL, "prompt": "where?", "attachments": [id] }));
    let said = server.guest().post("/mcp", &chat).await.ok();
    assert_eq!(
        said["result"]["structuredContent"]["attachments"],
        json!([{ "name": "notes.txt", "kind": "text", "bytes": 25 }]),
        "{said}"
    );
    assert_eq!(asked(&fake)[0]["content"], format!("{READ}where?"));
    let count = fake.requests_to("POST", "/api/chat").len();
    let path = server.data_dir().join("uploads").join(&id).display().to_string();
    for (file, code) in
        [(path.as_str(), "attachment_denied"), (&format!("file-{}", "0".repeat(32)), "file_not_found")]
    {
        let chat =
            call("chat_completion", json!({ "model": MODEL, "prompt": "where?", "attachments": [file] }));
        let refused = server.guest().post("/mcp", &chat).await.ok();
        let error = &refused["result"]["structuredContent"]["error"];
        assert_eq!(error["code"], code, "{refused}");
        assert!(error["hint"].as_str().unwrap().contains("POST /upload"), "{error}");
    }
    // What the guest has sent is not there for another caller.
    let other = server.local().post("/mcp", &chat).await.ok();
    assert_eq!(other["result"]["structuredContent"]["error"]["code"], "file_not_found", "{other}");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), count);
}

#[tokio::test]
async fn files_are_read_in_the_order_of_their_ids() {
    let (fake, server) = started().await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(
            uploaded(server.guest(), &format!("{number}.txt"), format!("text {number}").as_bytes()).await,
        );
    }
    let body = json!({ "model": MODEL, "prompt": "which?", "attachments": [ids[2], ids[0]] });
    server.guest().post("/chat", &body).await.ok();
    let content = "File: 2.txt\n```\ntext 2\n```\n\nFile: 0.txt\n```\ntext 0\n```\n\nwhich?";
    assert_eq!(asked(&fake)[0]["content"], content);
}
