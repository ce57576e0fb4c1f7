//! What is not yours does not exist: every route with an id, and MCP's tools, resources and subscriptions, tried by everybody
//! else with the ids of one user.

use serde_json::{Value, json};

use super::credentials::operations;
use super::{started, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::http_client::{HttpAnswer, HttpClient, answer, stream};
use crate::support::http_server::HttpServer;

const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.org";
const MODEL: &str = "qwen2.5-coder:0.5b";
/// In everything that the first user has.
const SECRET: &str = "mango-4711";

/// What one user has made.
struct Belongings {
    completion: String,
    stored: String,
    response: String,
    conversation: String,
    key: String,
}

/// One user with something of everything, and everybody else.
struct World {
    _fake: FakeOllama,
    server: HttpServer,
    ann: HttpClient,
    has: Belongings,
    others: Vec<(&'static str, HttpClient)>,
}

fn ask(more: Value) -> Value {
    let mut body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": SECRET }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn world() -> World {
    let (fake, server) = started().await;
    let said = json!({ "model": MODEL, "message": { "role": "assistant", "content": format!("yes, {SECRET}") }, "done": true });
    fake.on("POST", "/api/chat", Answer::ndjson(&[said]));
    server.add_user(ANN, &[]).await;
    server.add_user(BOB, &["--admin"]).await;
    let (ann, bob) = (server.signed_in(ANN).await, server.signed_in(BOB).await);
    let kept = ann.posting("/v1/chat/completions", &ask(json!({}))).header("idempotency-key", "k1");
    let completion = answer(kept).await.ok()["id"].as_str().unwrap().to_owned();
    let stored = ann.post("/v1/chat/completions", &ask(json!({ "store": true }))).await.ok();
    let asked = json!({ "model": MODEL, "input": SECRET, "instructions": SECRET, "background": true });
    let response = ann.post("/v1/responses", &asked).await.ok()["id"].as_str().unwrap().to_owned();
    let said = json!({ "message": SECRET, "chat_id": "diary", "model": MODEL });
    let conversation = ann.post("/chat", &said).await.ok()["chat_id"].as_str().unwrap().to_owned();
    let made = ann.post("/x/keys", &json!({ "name": SECRET })).await.ok();
    let has = Belongings {
        completion,
        stored: stored["id"].as_str().unwrap().to_owned(),
        response,
        conversation,
        key: made["id"].as_str().unwrap().to_owned(),
    };
    let (key, _) = server.with_key(&["another"]).await;
    let others = vec![
        ("another user", bob),
        ("a key", key),
        ("a guest", server.guest().clone()),
        ("local", server.local()),
    ];
    World { _fake: fake, server, ann, has, others }
}

impl Belongings {
    /// A path with the user's id in it; `None` where its parameter is nobody's.
    fn fill(&self, path: &str) -> Option<String> {
        let id = match path {
            "/v1/chat/completions/{id}" | "/v1/chat/completions/{id}/messages" => &self.stored,
            "/v1/responses/{id}" | "/v1/responses/{id}/input_items" | "/v1/responses/{id}/cancel" => {
                &self.response
            }
            "/x/completions/{id}" | "/x/completions/{id}/stop" => &self.completion,
            "/chat/history/{chat_id}"
            | "/chat/delete/{chat_id}"
            | "/x/conversations/{id}"
            | "/x/conversations/{id}/turns"
            | "/x/conversations/{id}/fork"
            | "/x/conversations/{id}/export" => &self.conversation,
            "/x/keys/{id}" => &self.key,
            // Models and pages are everybody's; users are the administrators'.
            "/v1/models/{id}" | "/docs/{file}" | "/x/users/{email}" => return None,
            _ => return None,
        };
        let start = path.find('{').unwrap();
        let end = path.find('}').unwrap();
        Some(format!("{}{id}{}", &path[..start], &path[end + 1..]))
    }

    fn has_rule(path: &str) -> bool {
        const NOBODYS: &[&str] = &[
            "/v1/models/{id}",
            "/docs/{file}",
            "/assets/{version}/{file}",
            "/x/models/{model}",
            "/x/users/{email}",
            "/api/blobs/{digest}",
        ];
        let none = Self {
            completion: "c".into(),
            stored: "s".into(),
            response: "r".into(),
            conversation: "d".into(),
            key: "k".into(),
        };
        NOBODYS.contains(&path) || none.fill(path).is_some() || FILES.contains(&path)
    }
}

/// Routes of uploads, which have tests of their own.
const FILES: &[&str] = &[
    "/files/{filename}",
    "/x/files/{id}",
    "/x/files/{id}/content",
    "/v1/files/{id}",
    "/v1/files/{id}/content",
];

/// A request of an operation, with a body where it takes one.
async fn request(client: &HttpClient, method: &str, path: &str) -> HttpAnswer {
    let request = client.request(method, path);
    match method {
        "POST" | "PATCH" => {
            answer(request.body(json!({ "metadata": {}, "message": SECRET }).to_string())).await
        }
        _ => answer(request).await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_with_an_id_knows_its_owner_alone() {
    let world = world().await;
    let document = world.server.guest().get("/openapi.json").await.ok();
    let mut tried = 0;
    // What deletes comes last, for it deletes what its owner has.
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        assert!(!path.contains('{') || Belongings::has_rule(path), "{path} has no rule in this test");
        if let Some(filled) = world.has.fill(path) {
            let methods = methods.as_object().unwrap().keys();
            routes.extend(methods.map(|method| (method.to_ascii_uppercase(), filled.clone())));
        }
    }
    routes.sort_by_key(|(method, _)| method == "DELETE");
    // Two routes delete the conversation; the second one finds nothing.
    routes.retain(|(method, path)| method != "DELETE" || !path.starts_with("/chat/"));
    for (method, path) in &routes {
        for (who, client) in &world.others {
            // Administrators manage the keys of others.
            let manages = path.starts_with("/x/keys") && *who != "a key" && *who != "a guest";
            if manages {
                continue;
            }
            let refused = request(client, method, path).await;
            let expected = if path.starts_with("/x/keys") { 403 } else { 404 };
            assert_eq!(refused.status, expected, "{who}: {method} {path}: {refused:?}");
            assert!(!refused.body.contains(SECRET), "{who}: {method} {path}: {refused:?}");
            tried += 1;
        }
    }
    for (method, path) in &routes {
        let own = request(&world.ann, method, path).await;
        // It is no turn of a conversation.
        let expected = if path.ends_with("/stop") { 400 } else { 200 };
        assert_eq!(own.status, expected, "{method} {path} of its owner: {own:?}");
    }
    assert!(tried >= 30, "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_every_other_answer_hold_nothing_of_others() {
    let world = world().await;
    let document = world.server.guest().get("/openapi.json").await.ok();
    for (who, client) in &world.others {
        for (method, path, _) in operations(&document) {
            let lists_keys = path == "/x/keys" && *who != "a key" && *who != "a guest";
            if method != "GET" || lists_keys {
                continue;
            }
            let seen = answer(client.request("GET", &path).header("accept", "application/json")).await;
            for private in [SECRET, &world.has.completion, &world.has.stored, &world.has.key, "diary"] {
                assert!(!seen.body.contains(private), "{who}: GET {path} has {private}: {}", seen.body);
            }
        }
    }
    // The user sees it: the test looks for the right thing.
    assert!(world.ann.get("/chat/history").await.body.contains("diary"));
    let found = format!("/x/conversations?query={SECRET}");
    assert!(world.ann.get(&found).await.body.contains("diary"));
    for (who, client) in &world.others {
        assert!(!client.get(&found).await.body.contains("diary"), "{who}");
    }
    assert!(world.ann.get("/v1/chat/completions").await.body.contains(SECRET));
    assert!(world.ann.get("/x/keys").await.body.contains(SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_in_bodies_and_headers_are_each_owners_own() {
    let world = world().await;
    for (who, client) in &world.others {
        // The same conversation id is another conversation.
        let said = json!({ "message": "what did I say?", "chat_id": world.has.conversation, "model": MODEL });
        client.post("/chat", &said).await.ok();
        let asked = world._fake.requests_to("POST", "/api/chat").pop().unwrap().json();
        assert!(!asked.to_string().contains(SECRET), "{who}: {asked}");
        let history = client.get("/chat/history/diary").await.ok();
        assert!(history.to_string().contains("what did I say?"), "{who}: {history}");
        // The same idempotency key is another key: neither a replay nor a conflict.
        let before = world._fake.requests_to("POST", "/api/chat").len();
        for body in [ask(json!({})), ask(json!({ "seed": 1 }))] {
            let keyed = client.posting("/v1/chat/completions", &body).header("idempotency-key", "k1");
            let answered = answer(keyed).await;
            assert!(matches!(answered.status, 200 | 409), "{who}: {answered:?}");
            assert_ne!(answered.json()["id"], json!(world.has.completion), "{who}");
        }
        assert_eq!(world._fake.requests_to("POST", "/api/chat").len(), before + 1, "{who}");
        // A response of another owner is neither continued nor quoted.
        let item = format!("msg_{}_i0", world.has.response.trim_start_matches("resp_"));
        for (body, status) in [
            (json!({ "model": MODEL, "input": "more", "previous_response_id": world.has.response }), 400),
            (json!({ "model": MODEL, "input": [{ "type": "item_reference", "id": item }] }), 404),
        ] {
            let refused = client.post("/v1/responses", &body).await;
            assert_eq!(refused.status, status, "{who}: {refused:?}");
            assert!(!refused.body.contains(SECRET), "{who}: {refused:?}");
        }
    }
    let history = world.ann.get("/chat/history/diary").await.ok();
    assert!(!history.to_string().contains("what did I say?"), "{history}");
    // A reply of one's own is fetched with the same key.
    let again = world.ann.posting("/v1/chat/completions", &ask(json!({}))).header("idempotency-key", "k1");
    assert_eq!(answer(again).await.ok()["id"], json!(world.has.completion));
}

fn message(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

async fn mcp(client: &HttpClient, method: &str, params: Value) -> Value {
    client.post("/mcp", &message(1, method, params)).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn mcp_tools_and_resources_hold_nothing_of_others() {
    let world = world().await;
    let (completion, conversation) = (&world.has.completion, &world.has.conversation);
    let calls = [
        ("get_completion", json!({ "completion_id": completion, "wait_seconds": 0 })),
        ("get_completion", json!({ "wait_seconds": 0 })),
        ("cancel_completion", json!({ "completion_id": completion })),
        ("get_conversation", json!({ "conversation_id": conversation })),
        ("delete_conversation", json!({ "conversation_id": conversation, "confirm": true })),
        ("list_conversations", json!({})),
    ];
    for (who, client) in &world.others {
        for (tool, arguments) in &calls {
            let result = mcp(client, "tools/call", json!({ "name": tool, "arguments": arguments })).await;
            assert!(!result.to_string().contains(SECRET), "{who}: {tool}: {result}");
            let is_list = *tool == "list_conversations";
            assert_eq!(result["result"]["isError"], json!(!is_list), "{who}: {tool}: {result}");
        }
        let listed = mcp(client, "resources/list", json!({})).await;
        assert!(!listed.to_string().contains("diary"), "{who}: {listed}");
        let uri = format!("ollama://conversations/{conversation}");
        let read = mcp(client, "resources/read", json!({ "uri": uri })).await;
        assert!(read["error"].is_object() && !read.to_string().contains(SECRET), "{who}: {read}");
        let reference = json!({ "type": "ref/resource", "uri": "ollama://conversations/{conversation_id}" });
        let argument = json!({ "name": "conversation_id", "value": "d" });
        let completed =
            mcp(client, "completion/complete", json!({ "ref": reference, "argument": argument })).await;
        assert!(!completed.to_string().contains("diary"), "{who}: {completed}");
    }
    let own = mcp(&world.ann, "tools/call", json!({ "name": calls[3].0, "arguments": calls[3].1 })).await;
    assert!(own.to_string().contains(SECRET), "{own}");
    let own = mcp(&world.ann, "tools/call", json!({ "name": "list_conversations", "arguments": {} })).await;
    assert!(own.to_string().contains("diary"), "{own}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mcp_tool_needs_the_scope_of_what_it_does() {
    let (fake, server) = started().await;
    let (chat, _) = server.with_key(&["chat", "--scopes", "mcp,chat"]).await;
    let (all, _) = server.with_key(&["all", "--scopes", "mcp,admin"]).await;
    let call = |tool: &str| json!({ "name": tool, "arguments": arguments_of(tool) });
    let tools = ["delete_model", "pull_model", "list_conversations", "embed", "show_model", "list_models"];
    for tool in tools {
        let refused = mcp(&chat, "tools/call", call(tool)).await;
        assert_eq!(refused["result"]["structuredContent"]["error"]["code"], "forbidden", "{tool}: {refused}");
        let allowed = mcp(&all, "tools/call", call(tool)).await;
        assert_ne!(allowed["result"]["structuredContent"]["error"]["code"], "forbidden", "{tool}: {allowed}");
    }
    let said = mcp(&chat, "tools/call", call("chat_completion")).await;
    assert_eq!(said["result"]["isError"], false, "{said}");
    // Guests of the machine do not change its models, either.
    let deleted = fake.requests_to("DELETE", "/api/delete").len();
    let refused = mcp(server.guest(), "tools/call", call("delete_model")).await;
    assert_eq!(refused["result"]["structuredContent"]["error"]["code"], "forbidden", "{refused}");
    assert_eq!(fake.requests_to("DELETE", "/api/delete").len(), deleted);
    let read = mcp(&chat, "resources/read", json!({ "uri": "ollama://conversations" })).await;
    assert!(read["error"].is_object(), "{read}");
}

fn arguments_of(tool: &str) -> Value {
    match tool {
        "delete_model" | "pull_model" | "show_model" => json!({ "model": "gemma3:270m", "confirm": true }),
        "embed" => json!({ "model": MODEL, "input": "x" }),
        "chat_completion" => json!({ "model": MODEL, "prompt": "hi" }),
        _ => json!({}),
    }
}

/// Begins a session of MCP; its id.
async fn session(client: &HttpClient) -> String {
    let info = json!({ "name": "tests", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
    let begun = client.posting("/mcp", &message(0, "initialize", params));
    let begun = answer(begun.header("accept", "application/json, text/event-stream")).await;
    begun.header("mcp-session-id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn mcp_session_is_found_by_its_caller_alone() {
    let world = world().await;
    let id = session(&world.ann).await;
    assert!(!id.is_empty());
    for (who, client) in &world.others {
        for (method, body) in [
            ("POST", message(1, "ping", json!({})).to_string()),
            ("GET", String::new()),
            ("DELETE", String::new()),
        ] {
            let request = client.request(method, "/mcp").header("mcp-session-id", &id).body(body);
            let request = request.header("content-type", "application/json");
            let refused = answer(request.header("accept", "application/json, text/event-stream")).await;
            assert_eq!(refused.status, 404, "{who}: {method}: {refused:?}");
        }
    }
    let own = world.ann.posting("/mcp", &message(1, "ping", json!({}))).header("mcp-session-id", &id);
    assert_eq!(answer(own).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn mcp_subscriber_hears_nothing_of_others() {
    let world = world().await;
    let bob = &world.others[0].1;
    let id = session(bob).await;
    let in_session = |request: reqwest::RequestBuilder| {
        request.header("mcp-session-id", &id).header("mcp-protocol-version", "2025-11-25")
    };
    let mut heard =
        stream(in_session(bob.request("GET", "/mcp").header("accept", "text/event-stream"))).await;
    assert_eq!(heard.status, 200);
    for uri in ["ollama://conversations", "ollama://conversations/diary"] {
        let subscribed = answer(in_session(
            bob.posting("/mcp", &message(2, "resources/subscribe", json!({ "uri": uri }))),
        ))
        .await;
        assert_eq!(subscribed.status, 200, "{subscribed:?}");
    }
    let said = |text: &str| json!({ "message": text, "chat_id": "diary", "model": MODEL });
    world.ann.post("/chat", &said("mine")).await.ok();
    bob.post("/chat", &said("his")).await.ok();
    // The first of what he hears is about his own.
    let mut notified = Vec::new();
    while notified.is_empty() {
        let data = heard.data().await.expect("a notification");
        notified.extend(serde_json::from_str::<Value>(&data).ok());
    }
    let own = mcp(bob, "resources/read", json!({ "uri": "ollama://conversations/diary" })).await;
    assert!(own.to_string().contains("his") && !own.to_string().contains("mine"), "{own}");
    assert!(!notified[0].to_string().contains("mine"), "{notified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_caller_does_not_take_all_sessions_of_mcp() {
    let (_fake, server) = started_with(&[("OLLAMA_MCP_SERVE_MAX_SESSIONS", "32")]).await;
    let (greedy, _) = server.with_key(&["greedy"]).await;
    let mut opened = 0;
    while !session(&greedy).await.is_empty() {
        opened += 1;
    }
    assert_eq!(opened, 16);
    assert!(!session(server.guest()).await.is_empty());
}
