//! Clients of the server: one that writes and reads raw lines, and rmcp's own.
//!
//! Every line that comes must be JSON, every wait ends loudly, and every tool's answer is held
//! against its published output schema.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use mcp::{Connection, McpServer, ServerOptions, serve};
use providers::ollama::Ollama;
use providers::{ServerConfig, Timeouts};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt as _, RoleClient, RunningService};
use serde_json::{Value, json};
use service::{ServiceSettings, Services};
use settings::{Settings, Sources, ToolSettings, Toolset};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::fake_ollama::FakeOllama;
use super::schema::assert_valid_message;

/// The revision that lines by hand are served as.
pub const BY_HAND: &str = "2025-11-25";
/// The stateless revision.
pub const MODERN: &str = "2026-07-28";

/// How long a wait lasts before it fails the test. Generous: the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes that wait between a client and a server in one process.
const PIPE: usize = 64 * 1024;

/// A connection as lines of JSON.
pub struct Lines {
    writer: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    reader: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    /// Came while something else was waited for.
    aside: VecDeque<Value>,
    next_id: i64,
}

impl Lines {
    /// Over the two ends of a connection.
    pub fn new(
        from_server: impl AsyncRead + Send + Unpin + 'static,
        to_server: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let reader = BufReader::new(Box::new(from_server) as Box<dyn AsyncRead + Send + Unpin>);
        Self { writer: Some(Box::new(to_server)), reader, aside: VecDeque::new(), next_id: 100 }
    }

    /// Writes bytes as they are.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let writer = self.writer.as_mut().expect("the input is still open");
        let written = async {
            writer.write_all(bytes.as_ref()).await?;
            writer.flush().await
        };
        timeout(PATIENCE, written).await.expect("the server does not read").expect("the server reads");
    }

    /// Writes a message as a line.
    pub async fn send(&mut self, message: &Value) {
        self.write(format!("{message}\n")).await;
    }

    /// Sends a request under an id of its own, and returns the id.
    pub async fn request(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        id
    }

    pub async fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    pub async fn cancel(&mut self, id: impl Into<Value>) {
        self.notify("notifications/cancelled", json!({ "requestId": id.into() })).await;
    }

    /// The next message, whatever it is.
    pub async fn next(&mut self) -> Value {
        match self.aside.pop_front() {
            Some(message) => message,
            None => self.read().await.expect("a message, not the end of the output"),
        }
    }

    /// The answer to a request; what else comes is set aside.
    pub async fn answer(&mut self, id: impl Into<Value>) -> Value {
        let id = id.into();
        let is_it = |message: &Value| message.get("method").is_none() && message["id"] == id;
        if let Some(place) = self.aside.iter().position(is_it) {
            return self.aside.remove(place).unwrap();
        }
        loop {
            let message = self.read().await;
            let message = message.unwrap_or_else(|| panic!("the output ended before the answer to {id}"));
            if is_it(&message) {
                return message;
            }
            self.aside.push_back(message);
        }
    }

    /// Asks, and returns the whole answer.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        self.answer(id).await
    }

    /// Asks a server that may be killed meanwhile; `None` where the output ends before the answer.
    pub async fn try_ask(&mut self, method: &str, params: Value) -> Option<Value> {
        self.next_id += 1;
        let id = self.next_id;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let writer = self.writer.as_mut().expect("the input is still open");
        writer.write_all(format!("{request}\n").as_bytes()).await.ok()?;
        writer.flush().await.ok()?;
        loop {
            let message = self.read().await?;
            if message["id"] == id {
                return Some(message);
            }
        }
    }

    /// Asks, checks the answer against the revision's schema, and returns its result.
    pub async fn result(&mut self, revision: &str, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params).await;
        assert!(answer.get("result").is_some(), "{method} failed: {answer}");
        assert_valid_message(revision, Some(method), &answer);
        answer["result"].take()
    }

    /// Asks what must fail, and returns the error's code and message.
    pub async fn error(&mut self, method: &str, params: Value) -> (i64, String) {
        let answer = self.ask(method, params).await;
        error_of(&answer)
    }

    /// Gives the way to the server away, to a writer of its own.
    pub fn take_writer(&mut self) -> Box<dyn AsyncWrite + Send + Unpin> {
        self.writer.take().expect("the input is still open")
    }

    /// Takes the way to the server back.
    pub fn give_writer(&mut self, writer: Box<dyn AsyncWrite + Send + Unpin>) {
        self.writer = Some(writer);
    }

    /// Whether the server still answers; what a test asks after each thing that it did wrong.
    pub async fn still_serves(&mut self) {
        let answer = self.ask("tools/list", json!({})).await;
        assert!(answer["result"]["tools"].is_array(), "{answer}");
    }

    /// Shakes hands, and returns the result of `initialize`.
    pub async fn handshake(&mut self, revision: &str, client: &str) -> Value {
        let params = json!({
            "protocolVersion": revision, "capabilities": {}, "clientInfo": { "name": client, "version": "1" },
        });
        let answer = self.ask("initialize", params).await;
        self.notify("notifications/initialized", json!({})).await;
        answer
    }

    pub async fn end_input(&mut self) {
        if let Some(mut writer) = self.writer.take() {
            // Who has gone cannot be told.
            let _ = writer.shutdown().await;
        }
    }

    /// All messages to the end of the output.
    pub async fn rest(&mut self) -> Vec<Value> {
        let mut messages: Vec<_> = self.aside.drain(..).collect();
        while let Some(message) = self.read().await {
            messages.push(message);
        }
        messages
    }

    /// What has come so far and was not asked for, such as progress.
    pub fn set_aside(&mut self) -> Vec<Value> {
        self.aside.drain(..).collect()
    }

    pub fn stop_reading(&mut self) {
        self.reader = BufReader::new(Box::new(tokio::io::empty()));
    }

    async fn read(&mut self) -> Option<Value> {
        let mut line = Vec::new();
        let read = timeout(PATIENCE, self.reader.read_until(b'\n', &mut line)).await;
        let read = read.unwrap_or_else(|_| panic!("nothing came for {PATIENCE:?}; so far {:?}", self.aside));
        if read.expect("the output can be read") == 0 {
            return None;
        }
        assert_eq!(line.last(), Some(&b'\n'), "a line without its end: {}", String::from_utf8_lossy(&line));
        let message = serde_json::from_slice(&line);
        Some(message.unwrap_or_else(|_| panic!("not JSON on stdout: {:?}", String::from_utf8_lossy(&line))))
    }
}

/// The code and message of an error answer, whose form is checked.
pub fn error_of(answer: &Value) -> (i64, String) {
    assert_valid_message(MODERN, None, answer);
    let code = answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {answer}"));
    (code, answer["error"]["message"].as_str().unwrap().to_owned())
}

/// The metadata that a request of the stateless revision carries.
pub fn modern_meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": { "name": "tests", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// A server in this process, by settings given as environment variables.
pub fn server(environment: &[(&str, &str)]) -> McpServer {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let loaded = Settings::load(&Sources { environment, ..Sources::default() }).unwrap();
    ollama_mcp::app::server(&loaded.settings).unwrap()
}

/// A connection to a server in this process.
pub struct Session {
    lines: Lines,
    served: JoinHandle<()>,
    shutdown: CancellationToken,
    output_schemas: HashMap<String, Value>,
}

impl std::ops::Deref for Session {
    type Target = Lines;
    fn deref(&self) -> &Lines {
        &self.lines
    }
}

impl std::ops::DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Lines {
        &mut self.lines
    }
}

impl Session {
    /// Before any handshake, with the fake as Ollama.
    pub fn start(fake: &FakeOllama) -> Self {
        Self::with(&[("OLLAMA_HOST", &fake.url())])
    }

    /// Before any handshake, with the fake as an OpenAI-compatible server.
    pub fn openai(fake: &FakeOllama) -> Self {
        let url = format!("{}/v1", fake.url());
        Self::with(&[("OLLAMA_MCP_PROVIDER", "openai"), ("OLLAMA_MCP_BASE_URL", &url)])
    }

    /// Before any handshake, by these settings.
    pub fn with(environment: &[(&str, &str)]) -> Self {
        Self::over(server(environment))
    }

    /// Before any handshake, with Ollama at an address, and what no setting can be.
    pub fn of_services(address: &str, settings: ServiceSettings) -> Self {
        Self::with_services(address, settings).1
    }

    /// The same, with the services behind it.
    pub fn with_services(address: &str, settings: ServiceSettings) -> (Arc<Services>, Self) {
        let config = ServerConfig {
            base_url: address.parse().unwrap(),
            token: None,
            headers: Vec::new(),
            timeouts: Timeouts::default(),
        };
        let services = Services::new(Arc::new(Ollama::new(&config).unwrap()), settings);
        let tools =
            ToolSettings { toolsets: Toolset::ALL.iter().copied().collect(), ..ToolSettings::default() };
        let options = ServerOptions { tools, ..ServerOptions::default() };
        (Arc::clone(&services), Self::over(McpServer::new(services, options)))
    }

    /// Before any handshake, over a server.
    pub fn over(server: McpServer) -> Self {
        let shutdown = CancellationToken::new();
        let (ours, served) = connect(server, shutdown.clone());
        let (from_server, to_server) = tokio::io::split(ours);
        let lines = Lines::new(from_server, to_server);
        Self { lines, served, shutdown, output_schemas: HashMap::new() }
    }

    /// Calls a tool, and checks its answer against the protocol and the tool's own schema.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.call_with(tool, json!({ "name": tool, "arguments": arguments })).await
    }

    /// Calls a tool with a progress token; returns its answer and the params of all progress before it.
    pub async fn call_watched(&mut self, tool: &str, arguments: Value) -> (Value, Vec<Value>) {
        let meta = json!({ "progressToken": "watched" });
        let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
        let answer = self.call_with(tool, params).await;
        let mut progress = Vec::new();
        for message in self.set_aside() {
            assert_valid_message(BY_HAND, None, &message);
            assert_eq!(message["method"], "notifications/progress", "{message}");
            assert_eq!(message["params"]["progressToken"], "watched");
            progress.push(message["params"].clone());
        }
        (answer, progress)
    }

    async fn call_with(&mut self, tool: &str, params: Value) -> Value {
        if self.output_schemas.is_empty() {
            let listed = self.lines.result(BY_HAND, "tools/list", json!({})).await;
            for tool in listed["tools"].as_array().unwrap() {
                let name = tool["name"].as_str().unwrap().to_owned();
                self.output_schemas.insert(name, tool["outputSchema"].clone());
            }
        }
        let result = self.lines.result(BY_HAND, "tools/call", params).await;
        check_output(&self.output_schemas[tool], tool, &result);
        result
    }

    /// Ends the input, and waits for the server to end; returns what still came.
    pub async fn finish(mut self) -> Vec<Value> {
        self.lines.end_input().await;
        let rest = self.lines.rest().await;
        timeout(PATIENCE, &mut self.served).await.expect("the server ends").unwrap();
        rest
    }

    /// What ends the server as a signal does.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// Panics unless a tool's answer, an error too, stands up to the tool's own schema.
pub fn check_output(schema: &Value, tool: &str, result: &Value) {
    let structured = result.get("structuredContent");
    let structured = structured.unwrap_or_else(|| panic!("{tool} gave no structuredContent: {result}"));
    let validator = jsonschema::validator_for(schema).unwrap();
    let wrong: Vec<_> = validator
        .iter_errors(structured)
        .map(|error| format!("{}: {error}", error.instance_path().as_str()))
        .collect();
    assert!(wrong.is_empty(), "{tool} breaks its output schema: {}\n{structured:#}", wrong.join("; "));
    assert!(!result["content"][0]["text"].as_str().unwrap_or_default().is_empty(), "no text: {result}");
    assert_eq!(result["isError"] == true, structured.get("error").is_some(), "{result}");
}

/// The code and text of a tool's error.
pub fn tool_error(result: &Value) -> (&str, &str) {
    assert_eq!(result["isError"], true, "no error: {result:#}");
    let code = result["structuredContent"]["error"]["code"].as_str().unwrap();
    (code, result["content"][0]["text"].as_str().unwrap())
}

/// The code and text of a tool's error, on one line.
pub fn error_line(result: &Value) -> String {
    let (code, text) = tool_error(result);
    format!("{code}: {text}")
}

/// rmcp's own client of a server in this process.
pub async fn rmcp_client(
    server: McpServer,
    lifecycle: ClientLifecycleMode,
) -> RunningService<RoleClient, ()> {
    let (ours, _) = connect(server, CancellationToken::new());
    let client = timeout(PATIENCE, ().serve_with_lifecycle(ours, lifecycle)).await;
    client.expect("the handshake ends").expect("the handshake succeeds")
}

fn connect(server: McpServer, shutdown: CancellationToken) -> (tokio::io::DuplexStream, JoinHandle<()>) {
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let (input, output) = tokio::io::split(theirs);
    let connection = Connection { max_message_bytes: 16 << 20 };
    (ours, tokio::spawn(serve(server, connection, input, output, shutdown)))
}
