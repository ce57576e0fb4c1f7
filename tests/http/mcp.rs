//! MCP over Streamable HTTP: both eras, requests by hand, sessions, limits, and the end.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{started, started_with};
use crate::support::fake_ollama::{Answer, Gate};
use crate::support::http_client::{HttpAnswer, HttpClient, HttpStream, answer, stream};
use crate::support::http_server::HttpServer;
use crate::support::schema::assert_valid_message;

const PATH: &str = "/mcp";
const BOTH: &str = "application/json, text/event-stream";
const OLDER: &str = "2025-11-25";
const NEWER: &str = "2026-07-28";
const MODEL: &str = "gemma3:270m";

fn request(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn call(id: u64, tool: &str, arguments: Value) -> Value {
    request(id, "tools/call", json!({ "name": tool, "arguments": arguments }))
}

/// A chat with progress.
fn chat(id: u64) -> Value {
    let mut chat = call(id, "chat_completion", json!({ "model": "qwen2.5-coder:0.5b", "prompt": "hi" }));
    chat["params"]["_meta"] = json!({ "progressToken": id });
    chat
}

/// A session of 2025-11-25.
struct McpSession {
    client: HttpClient,
    id: String,
}

impl McpSession {
    async fn begin(client: &HttpClient, capabilities: Value) -> Self {
        let answer = answer(initialize(client, capabilities)).await;
        assert_valid_message(OLDER, Some("initialize"), &answer.ok());
        let session = Self { client: client.clone(), id: answer.header("mcp-session-id").to_owned() };
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(session.post(&initialized).await.status, 202);
        session
    }

    fn with_headers(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header("accept", BOTH)
            .header("mcp-session-id", &self.id)
            .header("mcp-protocol-version", OLDER)
    }

    async fn post(&self, message: &Value) -> HttpAnswer {
        answer(self.with_headers(self.client.posting(PATH, message))).await
    }

    async fn post_stream(&self, message: &Value) -> HttpStream {
        stream(self.with_headers(self.client.posting(PATH, message))).await
    }

    async fn get(&self) -> HttpStream {
        stream(self.with_headers(self.client.request("GET", PATH))).await
    }
}

fn initialize(client: &HttpClient, capabilities: Value) -> RequestBuilder {
    let info = json!({ "name": "tests", "version": "1" });
    let params = json!({ "protocolVersion": OLDER, "capabilities": capabilities, "clientInfo": info });
    client.posting(PATH, &request(0, "initialize", params)).header("accept", BOTH)
}

/// A request of 2026-07-28, with its headers.
fn stateless(client: &HttpClient, mut message: Value, capabilities: &Value) -> RequestBuilder {
    let meta = message["params"].as_object_mut().unwrap().entry("_meta").or_insert_with(|| json!({}));
    meta["io.modelcontextprotocol/protocolVersion"] = NEWER.into();
    meta["io.modelcontextprotocol/clientCapabilities"] = capabilities.clone();
    let name = message["params"]["name"].as_str().unwrap_or_default();
    client
        .posting(PATH, &message)
        .header("accept", BOTH)
        .header("mcp-protocol-version", NEWER)
        .header("mcp-method", message["method"].as_str().unwrap())
        .header("mcp-name", name)
}

/// The next message of a stream.
async fn next(stream: &mut HttpStream) -> Value {
    loop {
        let data = stream.data().await.expect("another message");
        if !data.is_empty() {
            return serde_json::from_str(&data).unwrap();
        }
    }
}

/// The messages of a stream to its end.
async fn rest(stream: &mut HttpStream) -> Vec<Value> {
    let rest = stream.rest().await.into_iter().filter(|data| !data.is_empty());
    rest.map(|data| serde_json::from_str(&data).unwrap()).collect()
}

#[tokio::test]
async fn curl_by_hand_is_answered() {
    let (_fake, server) = started().await;
    let tools =
        server.guest().post(PATH, &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" })).await;
    let tools = tools.ok();
    assert_valid_message(OLDER, Some("tools/list"), &tools);
    let chat = &tools["result"]["tools"][0];
    assert_eq!(chat["name"], "chat_completion");
    let arguments = &chat["inputSchema"]["properties"];
    let files = arguments["attachments"]["description"].as_str().unwrap();
    assert!(arguments["prompt"].is_object() && files.starts_with("Ids of uploaded files"), "{files}");
    let said = server.guest().post(PATH, &call(2, "chat_completion", json!({ "prompt": "hi" }))).await.ok();
    assert_eq!(said["result"]["structuredContent"]["status"], "completed", "{said}");
    // As curl -d sends it.
    let form =
        server.guest().request("POST", PATH).header("content-type", "application/x-www-form-urlencoded");
    let pong = answer(form.header("accept", "*/*").body(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#)).await;
    assert_eq!(pong.ok()["result"], json!({}));
    let wrong = answer(server.guest().request("POST", PATH).body("tools/list")).await;
    assert_eq!(wrong.error(400)["code"], -32700);
}

#[tokio::test]
async fn session_streams_progress_and_then_the_answer() {
    let (_fake, server) = started().await;
    let session = McpSession::begin(server.guest(), json!({})).await;
    let messages = rest(&mut session.post_stream(&chat(1)).await).await;
    let (answer, progress) = messages.split_last().unwrap();
    assert_valid_message(OLDER, Some("tools/call"), answer);
    let deltas =
        progress.iter().filter_map(|message| message["params"]["_meta"]["ollama-mcp/delta"].as_str());
    let content = &answer["result"]["structuredContent"]["choices"][0]["message"]["content"];
    assert_eq!(&json!(deltas.collect::<String>()), content);
}

#[tokio::test]
async fn user_confirms_in_a_session_on_the_stream_of_the_call() {
    let (fake, server) = started().await;
    fake.replay("delete");
    let session = McpSession::begin(server.guest(), json!({ "elicitation": {} })).await;
    let mut deleting = session.post_stream(&call(1, "delete_model", json!({ "model": MODEL }))).await;
    let question = next(&mut deleting).await;
    assert_eq!(question["method"], "elicitation/create", "{question}");
    assert!(fake.requests_to("DELETE", "/api/delete").is_empty(), "not before the answer");
    let accepted = json!({ "action": "accept", "content": { "confirm": "Delete" } });
    let reply = json!({ "jsonrpc": "2.0", "id": question["id"], "result": accepted });
    // Another caller cannot answer in its place.
    let theirs = McpSession { client: server.local(), id: session.id.clone() };
    assert_eq!(theirs.post(&reply).await.status, 404);
    assert_eq!(session.post(&reply).await.status, 202);
    let answer = rest(&mut deleting).await.pop().unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "gemma3:270m is deleted.", "{answer}");
}

#[tokio::test]
async fn user_confirms_without_session_by_calling_again() {
    let (fake, server) = started().await;
    fake.replay("delete");
    let capabilities = json!({ "elicitation": { "form": {} } });
    let delete = call(1, "delete_model", json!({ "model": MODEL }));
    let asked = answer(stateless(server.guest(), delete.clone(), &capabilities)).await.ok();
    assert_valid_message(NEWER, Some("tools/call"), &asked);
    let state = &asked["result"]["requestState"];
    let mut again = delete;
    again["params"]["requestState"] = state.clone();
    again["params"]["inputResponses"] =
        json!({ "confirm": { "action": "accept", "content": { "confirm": "Delete" } } });
    let theirs = answer(stateless(&server.local(), again.clone(), &capabilities)).await.ok();
    assert_eq!(theirs["result"]["structuredContent"]["error"]["code"], "not_confirmed", "{theirs}");
    assert!(fake.requests_to("DELETE", "/api/delete").is_empty());
    let done = answer(stateless(server.guest(), again, &capabilities)).await.ok();
    assert_eq!(done["result"]["content"][0]["text"], "gemma3:270m is deleted.", "{done}");
}

#[tokio::test]
async fn closing_stateless_stream_stops_the_model() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(3, &Gate::new()));
    let mut streaming = stream(stateless(server.guest(), chat(1), &json!({}))).await;
    next(&mut streaming).await;
    let asked = fake.wait_for("POST", "/api/chat").await;
    drop(streaming);
    fake.closed(asked.index).await;
    server.still_serves().await;
}

#[tokio::test]
async fn lost_connection_of_session_is_resumed() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(3, &gate));
    let session = McpSession::begin(server.guest(), json!({})).await;
    let mut streaming = session.post_stream(&chat(1)).await;
    let first = streaming.event().await.unwrap();
    let id = first.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    drop(streaming);
    gate.open();
    let again = session.with_headers(session.client.request("GET", PATH)).header("last-event-id", id);
    let answer = rest(&mut stream(again).await).await.pop().unwrap();
    assert_eq!(answer["id"], 1);
    assert_eq!(answer["result"]["structuredContent"]["status"], "completed", "{answer}");
}

#[tokio::test]
async fn session_belongs_to_its_caller_and_ends_by_delete() {
    let (_fake, server) = started().await;
    let session = McpSession::begin(&server.local(), json!({})).await;
    let foreign = McpSession { client: server.guest().clone(), id: session.id.clone() };
    let unknown = McpSession { client: server.guest().clone(), id: "nothing".to_owned() };
    let ping = request(1, "ping", json!({}));
    let expected = unknown.post(&ping).await.error(404);
    assert_eq!(foreign.post(&ping).await.error(404), expected);
    let delete = |session: &McpSession| session.with_headers(session.client.request("DELETE", PATH));
    assert_eq!(answer(delete(&foreign)).await.error(404), expected);
    assert_eq!(session.post(&ping).await.ok()["result"], json!({}));
    assert_eq!(answer(delete(&session)).await.status, 204);
    assert_eq!(session.post(&ping).await.error(404), expected);
}

#[tokio::test]
async fn sessions_and_bodies_are_bounded() {
    let limits = [("OLLAMA_MCP_SERVE_MAX_SESSIONS", "1"), ("OLLAMA_MCP_SERVE_MAX_BODY_BYTES", "65536")];
    let (_fake, server) = started_with(&limits).await;
    let _session = McpSession::begin(server.guest(), json!({})).await;
    let full = answer(initialize(server.guest(), json!({}))).await;
    assert_eq!(full.header("retry-after"), "30");
    assert!(full.error(503)["message"].as_str().unwrap().contains("all 1 sessions are in use"));
    let long =
        server.guest().post(PATH, &call(1, "chat_completion", json!({ "prompt": "x".repeat(70_000) }))).await;
    assert!(long.error(413)["message"].as_str().unwrap().contains("OLLAMA_MCP_SERVE_MAX_BODY_BYTES"));
    server.still_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signal_tells_open_streams_and_ends_process() {
    let (fake, server): (_, HttpServer) = started_with(&[("OLLAMA_MCP_MAX_CONCURRENT", "4")]).await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(3, &Gate::new()));
    let session = McpSession::begin(server.guest(), json!({})).await;
    let listening = session.get().await;
    let mut streams = vec![
        session.post_stream(&chat(1)).await,
        stream(stateless(server.guest(), chat(2), &json!({}))).await,
    ];
    for streaming in &mut streams {
        next(streaming).await;
    }
    let asked = fake.wait_for_requests_to("POST", "/api/chat", 2).await;
    server.signal("TERM");
    for mut streaming in streams {
        let last = rest(&mut streaming).await.pop().unwrap();
        assert_eq!(last["result"]["structuredContent"]["error"]["code"], "cancelled", "{last}");
    }
    drop(listening);
    let ended = server.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.took.as_millis() < 1_700, "{:?}", ended.took);
    for request in asked {
        fake.closed(request.index).await;
    }
}
