//! Every route, right and wrong, at the most talkative log: no key, prompt, reply or file is in it, nor in a metric.

use serde_json::{Value, json};

use super::credentials::operations;
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::http_client::answer;
use crate::support::http_server::{HttpServer, PASSWORD};

const MODEL: &str = "qwen2.5-coder:0.5b";

/// What every private text in here begins with.
const PRIVATE: &str = "canary-";

/// Bodies with a private text in each place for free text. Each goes to every route that takes one.
fn bodies() -> Vec<Value> {
    let message = |role: &str| json!({ "role": role, "content": format!("canary-{role}") });
    let tools = json!([{ "type": "function", "function": { "name": "f", "description": "canary-tool" } }]);
    let image = "data:image/png;base64,canary-image";
    let chat = json!({
        "model": MODEL, "messages": [message("system"), message("user"), message("assistant"), message("user")],
        "tools": tools, "stop": "canary-stop", "user": "canary-user", "metadata": { "canary-key": "canary-value" },
        "options": { "canary-option": "canary-value" }, "canary-field": "canary-value",
    });
    let mut streamed = chat.clone();
    streamed["stream"] = json!(true);
    let mcp = |method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": "canary-id", "method": method, "params": params });
    vec![
        chat,
        streamed,
        json!({ "model": MODEL, "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": image } }] }] }),
        json!({ "model": "canary-model", "messages": [message("canary-role")] }),
        json!({
            "model": MODEL, "max_tokens": 9, "system": [{ "type": "text", "text": "canary-system" }], "stop_sequences": ["canary-stop"],
            "messages": [{ "role": "user", "content": [{ "type": "text", "text": "canary-user" }, { "type": "document", "title": "canary-title",
                "source": { "type": "text", "data": "canary-document" } }] }],
            "tools": [{ "name": "canary-tool", "description": "canary-tool", "input_schema": { "type": "object" } }],
            "metadata": { "user_id": "canary-user" },
        }),
        json!({ "model": MODEL, "prompt": "canary-prompt", "suffix": "canary-suffix" }),
        json!({ "model": MODEL, "prompt": ["canary-first", "canary-second"], "stream": true }),
        json!({ "model": MODEL, "input": ["canary-input"] }),
        json!({ "model": MODEL, "input": "canary-input", "instructions": "canary-instructions", "metadata": { "canary-label": "canary-value" },
            "user": "canary-user", "store": true }),
        json!({ "model": MODEL, "input": [{ "role": "user", "content": [{ "type": "input_text", "text": "canary-part" }] }],
            "previous_response_id": "canary-previous", "stream": true }),
        json!({ "model": MODEL, "input": [{ "type": "item_reference", "id": "canary-item" }] }),
        json!({ "message": "canary-message", "chat_id": "canary-chat" }),
        json!({ "message": "canary-message", "chat_id": "canary chat" }),
        json!({ "prompt": "canary-prompt", "stream": false }),
        json!({ "canary-key": ["canary-value"] }),
        json!({ "files": ["canary-file"], "question": "canary-question", "query": "canary-query", "instruction": "canary-instruction" }),
        mcp(
            "tools/call",
            json!({ "name": "chat_completion", "arguments": { "model": MODEL, "prompt": "canary-prompt" } }),
        ),
        mcp(
            "tools/call",
            json!({ "name": "canary-tool", "arguments": { "canary-argument": "canary-value" } }),
        ),
        mcp("canary-method", json!({ "canary": "canary-value" })),
        json!({ "email": "canary-mail@example.org", "password": "canary-password-of-user" }),
        json!({ "email": "canary-mail@example.org", "password": "canary-password-wrong", "browser": true }),
        json!({ "code": "canary-code" }),
        json!({ "name": "canary-name-of-key", "scopes": ["chat"] }),
        json!({ "disabled": false, "password": "canary-password-new" }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_logs_private_text() {
    let fake = FakeOllama::start().await.with_defaults();
    let said = json!({ "model": MODEL, "message": { "role": "assistant", "content": "canary-reply", "thinking": "canary-thought" }, "done": true });
    fake.on("POST", "/api/chat", Answer::ndjson(&[said]));
    // Some servers quote what they refuse.
    for status in [503, 429, 400] {
        fake.on_next(
            "POST",
            "/api/chat",
            Answer::json(status, json!({ "error": "busy with canary-quoted" })),
        );
    }
    fake.on("POST", "/api/generate", Answer::json(500, json!({ "error": "canary-error" })));
    fake.on("POST", "/api/embed", Answer::text(200, "text/plain", "canary-garbage"));
    let proxy = format!("http://canary-name:canary-password@{}", FakeOllama::closed_address());
    let server = HttpServer::start_with(
        &fake,
        &[
            ("HTTPS_PROXY", &proxy),
            ("OLLAMA_MCP_LOG", "trace"),
            ("OLLAMA_MCP_AUTH_TOKEN", "canary-token"),
            ("OLLAMA_MCP_HEADERS", "X-Private: canary-header"),
            ("OLLAMA_API_KEY", "canary-key"),
        ],
    )
    .await;
    let document = server.guest().get("/openapi.json").await.ok();
    let key = server.key();
    server.add_user("canary-user@example.org", &["--admin"]).await;
    let signed_in = json!({ "email": "canary-user@example.org", "password": PASSWORD });
    let token = server.guest().post("/login", &signed_in).await.ok()["access_token"].clone();
    let token = token.as_str().unwrap().to_owned();
    let browser = json!({ "email": "canary-user@example.org", "password": PASSWORD, "browser": true });
    let browser = server.guest().post("/login", &browser).await;
    let cookie =
        browser.header("set-cookie").split_once('=').unwrap().1.split(';').next().unwrap().to_owned();
    let secret = browser.ok()["secret"].as_str().unwrap().to_owned();
    let (with_key, made) = server.with_key(&["canary-name-of-key"]).await;
    let mut answered = String::new();
    for client in [
        server.guest().clone(),
        server.local(),
        server.guest().clone().with_key("omk_canary-wrong"),
        server.guest().clone().with_key("eyJcanary-wrong"),
        server.guest().clone().with_key(&token),
        with_key,
    ] {
        for (method, path, operation) in operations(&document) {
            // The token is needed until the end.
            if path == "/logout" {
                continue;
            }
            let path = format!("{}?canary-query=canary-value", path.replace("something", "canary-part"));
            let bodies = if operation["requestBody"].is_object() { bodies() } else { vec![Value::Null] };
            for body in bodies {
                let mut request = client.request(&method, &path).header("user-agent", "canary-agent");
                request =
                    request.header("cookie", "canary-cookie").header("x-canary", "canary-header-of-caller");
                // Streams without an end are not read here.
                request =
                    request.header("accept", "application/json").header("last-event-id", "canary-event");
                if !body.is_null() {
                    request = request.header("content-type", "application/json").body(body.to_string());
                }
                let answer = answer(request).await;
                answered += &format!("{answer:?}\n");
            }
        }
        let garbage = client.request("POST", "/v1/chat/completions").body("{\"canary-garbage");
        answered += &answer(garbage).await.body;
    }
    let cookies = format!("ollama-mcp-{}={cookie}", server.address().port());
    let by_cookie = server.guest().request("GET", "/me").header("cookie", cookies);
    let me = answer(by_cookie.header("x-ollama-mcp-session", &secret)).await.ok();
    assert_eq!(me["kind"], "browser");
    // It did happen: what is private has been through the server.
    assert!(answered.contains("canary-reply"), "{answered}");
    for secret in
        ["canary-token", "canary-header\"", "canary-password", "canary-key", "canary-wrong", key.as_str()]
    {
        assert!(!answered.contains(secret), "{secret} is in an answer");
    }
    for secret in [&token, &cookie, &secret, &made, "canary-password-of-user", "canary-password-new"] {
        assert!(!answered.contains(secret), "{secret} is in an answer");
    }
    let metrics = server.local().get("/metrics").await.body;
    assert!(!metrics.contains(PRIVATE) && metrics.contains("createChatCompletion"), "{metrics}");
    let ended = server.stop().await;
    let secrets = [PRIVATE, &key, &token, &cookie, &secret, &made, PASSWORD, "argon2id"];
    for (place, text) in [("the log", ended.stderr), ("stdout", ended.stdout)] {
        let lines: Vec<_> =
            text.lines().filter(|line| secrets.iter().any(|secret| line.contains(secret))).collect();
        assert!(lines.is_empty(), "{place} holds what is private: {lines:#?}");
        assert!(place == "stdout" || text.lines().count() > 20, "{place} is hardly at trace: {text}");
    }
}
