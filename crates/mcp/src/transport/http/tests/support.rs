//! A transport over a model that answers when the test lets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http_body::Body as _;
use http_types::{HeaderMap, Request, Response, StatusCode};
use providers::{ChatStream, Provider, ProviderResult};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::state::ServerOptions;
use crate::transport::http::{HttpTransport, HttpTransportOptions, ResponseBody};
use service::{Caller, ServiceSettings, Services};
use types::{
    ChatEnd, ChatEvent, ChatRequest, EmbedRequest, Embeddings, FinishReason, GenerateRequest, Health, Model,
    ModelDetails, Owner, RunningModel, Timings, Usage,
};

/// Longer than anything takes that does not hang.
const PATIENCE: Duration = Duration::from_secs(10);

/// A model that says "one", waits for a permit, and says "two".
#[derive(Debug)]
pub(super) struct Slow {
    gate: Semaphore,
    /// Another model is installed.
    changed: AtomicBool,
    /// Replies that are being generated.
    running: watch::Sender<usize>,
}

struct Generating(Arc<Slow>);

impl Drop for Generating {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running -= 1);
    }
}

#[derive(Debug)]
struct Provided(Arc<Slow>);

impl Provider for Provided {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn address(&self) -> &str {
        "http://127.0.0.1:1"
    }

    fn is_local(&self) -> bool {
        true
    }

    fn health(&self) -> BoxFuture<'_, ProviderResult<Health>> {
        Box::pin(async { Ok(Health::default()) })
    }

    fn list_models(&self) -> BoxFuture<'_, ProviderResult<Vec<Model>>> {
        let mut names = vec!["m:latest"];
        names.extend(self.0.changed.load(Ordering::Relaxed).then_some("n:latest"));
        let models = names.into_iter().map(|name| Model { name: name.to_owned(), ..Model::default() });
        Box::pin(async { Ok(models.collect()) })
    }

    fn running_models(&self) -> BoxFuture<'_, ProviderResult<Vec<RunningModel>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn show_model<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ProviderResult<ModelDetails>> {
        Box::pin(async { Ok(ModelDetails::default()) })
    }

    fn embed<'a>(&'a self, _: &'a EmbedRequest) -> BoxFuture<'a, ProviderResult<Embeddings>> {
        panic!("no test embeds")
    }

    fn generate<'a>(&'a self, _: &'a GenerateRequest) -> BoxFuture<'a, ProviderResult<ChatStream>> {
        panic!("no test completes a bare prompt")
    }

    fn chat<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, ProviderResult<ChatStream>> {
        self.0.running.send_modify(|running| *running += 1);
        let generating = Generating(Arc::clone(&self.0));
        let events = stream::unfold((0, generating), |(step, generating)| async move {
            let event = match step {
                0 => ChatEvent::Content("one ".to_owned()),
                1 => {
                    generating.0.gate.acquire().await.unwrap().forget();
                    ChatEvent::Content("two".to_owned())
                }
                2 => ChatEvent::Done(ChatEnd {
                    finish_reason: FinishReason::Stop,
                    usage: Usage::default(),
                    timings: Timings::default(),
                    model: None,
                    remote: None,
                }),
                _ => return None,
            };
            Some((Ok(event), (step + 1, generating)))
        });
        Box::pin(async move { Ok(Box::pin(events) as ChatStream) })
    }
}

pub(super) struct Server {
    pub(super) transport: HttpTransport,
    pub(super) shutdown: CancellationToken,
    model: Arc<Slow>,
}

pub(super) fn server() -> Server {
    Server::new(|_| {})
}

pub(super) fn caller(name: &str) -> Caller {
    Caller::new(Owner::new(name).unwrap())
}

impl Server {
    pub(super) fn new(options: impl FnOnce(&mut HttpTransportOptions)) -> Self {
        Self::with(ServiceSettings::default(), options)
    }

    pub(super) fn with(
        mut settings: ServiceSettings,
        change: impl FnOnce(&mut HttpTransportOptions),
    ) -> Self {
        let model = Arc::new(Slow {
            gate: Semaphore::new(0),
            changed: AtomicBool::new(false),
            running: watch::Sender::new(0),
        });
        settings.models.poll_interval = Duration::from_millis(20);
        let services = Services::new(Arc::new(Provided(Arc::clone(&model))), settings);
        let shutdown = CancellationToken::new();
        let mut options =
            HttpTransportOptions { shutdown: shutdown.clone(), ..HttpTransportOptions::default() };
        change(&mut options);
        let server = ServerOptions { progress_interval: Duration::ZERO, ..ServerOptions::default() };
        Self { transport: HttpTransport::new(services, server, options), shutdown, model }
    }

    /// Lets another program install a model.
    pub(super) fn announce_models(&self) {
        self.model.changed.store(true, Ordering::Relaxed);
    }

    /// Lets one reply end.
    pub(super) fn let_model_finish(&self) {
        self.model.gate.add_permits(1);
    }

    /// Waits until so many replies are being generated.
    pub(super) async fn generating(&self, count: usize) {
        let mut running = self.model.running.subscribe();
        within(running.wait_for(|running| *running == count)).await.unwrap();
    }

    pub(super) async fn send(&self, method: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        self.send_as("guest", method, headers, body).await
    }

    pub(super) async fn send_as(
        &self,
        owner: &str,
        method: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        self.send_by(caller(owner), method, headers, body).await
    }

    pub(super) async fn send_by(
        &self,
        caller: Caller,
        method: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri("/mcp");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(ResponseBody::whole(body.into())).unwrap();
        Reply::of(within(self.transport.handle(caller, request)).await)
    }

    pub(super) async fn post(&self, headers: &[(&str, &str)], body: &Value) -> Reply {
        self.send("POST", headers, body.to_string()).await
    }

    /// Begins a session of 2025-11-25; the id.
    pub(super) async fn begin(&self, owner: &str) -> String {
        let reply = self.send_as(owner, "POST", &[("accept", BOTH)], initialize().to_string()).await;
        assert_eq!(reply.status, StatusCode::OK);
        let session = reply.headers["mcp-session-id"].to_str().unwrap().to_owned();
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
        let reply = self.send_as(owner, "POST", &in_session(&session), initialized).await;
        assert_eq!(reply.status, StatusCode::ACCEPTED);
        session
    }
}

pub(super) const BOTH: &str = "application/json, text/event-stream";

pub(super) fn in_session(session: &str) -> [(&str, &str); 3] {
    [("accept", BOTH), ("mcp-session-id", session), ("mcp-protocol-version", "2025-11-25")]
}

pub(super) fn initialize() -> Value {
    request(
        0,
        "initialize",
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } }),
    )
}

pub(super) fn request(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// A chat with progress.
pub(super) fn chat(id: u64) -> Value {
    request(
        id,
        "tools/call",
        json!({
            "name": "chat_completion",
            "arguments": { "model": "m", "prompt": "Count." },
            "_meta": { "progressToken": format!("p{id}") },
        }),
    )
}

pub(super) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it takes too long")
}

/// A response, read as far as the test does.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: std::pin::Pin<Box<ResponseBody>>,
    text: String,
}

/// An event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) id: Option<String>,
    pub(super) data: Value,
}

impl Reply {
    fn of(response: Response<ResponseBody>) -> Self {
        let (head, body) = response.into_parts();
        Self { status: head.status, headers: head.headers, body: Box::pin(body), text: String::new() }
    }

    pub(super) fn content_type(&self) -> &str {
        self.headers.get("content-type").map_or("", |value| value.to_str().unwrap())
    }

    async fn more(&mut self) -> bool {
        let frame = within(std::future::poll_fn(|context| self.body.as_mut().poll_frame(context))).await;
        match frame {
            Some(frame) => {
                self.text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
                true
            }
            None => false,
        }
    }

    /// The rest of the body.
    pub(super) async fn text(mut self) -> String {
        while self.more().await {}
        self.text
    }

    /// The one message of the body.
    pub(super) async fn json(self) -> Value {
        assert_eq!(self.content_type(), "application/json");
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The code of the error that the body is.
    pub(super) async fn error(self) -> (i64, String) {
        let body = self.json().await;
        let error = &body["error"];
        (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())
    }

    /// The next event with a message or an id; `None`: the stream has ended.
    pub(super) async fn event(&mut self) -> Option<Event> {
        assert_eq!(self.content_type(), "text/event-stream");
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let (id, data) = (field("id: "), field("data: ").unwrap_or_default());
                self.text = rest.to_owned();
                if id.is_some() || !data.is_empty() {
                    let data =
                        if data.is_empty() { Value::Null } else { serde_json::from_str(&data).unwrap() };
                    return Some(Event { id, data });
                }
                continue;
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// All events to the end.
    pub(super) async fn events(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.event().await {
            events.push(event);
        }
        events
    }
}
