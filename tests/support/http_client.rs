//! A plain client of the HTTP server: whole answers, and streams of events.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::time::timeout;

use super::mcp_client::PATIENCE;

/// A client that keeps connections. Clones share them.
#[derive(Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    base: String,
    key: Option<String>,
}

/// A whole answer.
#[derive(Debug)]
pub struct HttpAnswer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// An answer that grows, read piece by piece.
pub struct HttpStream {
    pub status: u16,
    pub headers: HeaderMap,
    response: Response,
    read: Vec<u8>,
}

impl HttpClient {
    pub fn new(address: SocketAddr) -> Self {
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().http1_only().tcp_nodelay(true).no_proxy();
        let client = client.tls_certs_only([]).redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, base: format!("http://{address}"), key: None }
    }

    /// Sends this key with each request.
    pub fn with_key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// A request, to which a test adds what it needs; [`answer`] and [`stream`] send it.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> HttpAnswer {
        answer(self.request("GET", path)).await
    }

    pub async fn delete(&self, path: &str) -> HttpAnswer {
        answer(self.request("DELETE", path)).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> HttpAnswer {
        answer(self.posting(path, body)).await
    }

    /// Posts JSON; the answer is read as it comes.
    pub async fn post_stream(&self, path: &str, body: &Value) -> HttpStream {
        stream(self.posting(path, body)).await
    }

    /// A request with a body of JSON.
    pub fn posting(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request("POST", path).header("content-type", "application/json").body(body.to_string())
    }
}

/// Sends a request and reads its whole answer.
pub async fn answer(request: RequestBuilder) -> HttpAnswer {
    let sent = async {
        let response = request.send().await.unwrap_or_else(|error| panic!("no answer: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_else(|error| panic!("no whole answer: {error:?}"));
        HttpAnswer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    };
    timeout(PATIENCE, sent).await.expect("an answer comes")
}

/// Sends a request; its answer has begun.
pub async fn stream(request: RequestBuilder) -> HttpStream {
    let response = timeout(PATIENCE, request.send()).await.expect("an answer begins").unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    HttpStream { status, headers, response, read: Vec::new() }
}

impl HttpAnswer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// A header, which must be given once at most; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }

    /// The error of the body, whose status must be this one.
    pub fn error(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let error = self.json()["error"].take();
        assert!(error.is_object(), "no error in {self:?}");
        error
    }

    /// The body, whose status must be 200.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// The data of its events.
    pub fn events(&self) -> Vec<String> {
        assert!(self.header("content-type").starts_with("text/event-stream"), "{self:?}");
        events(&self.body)
    }

    /// The lines of a body of NDJSON.
    pub fn lines(&self) -> Vec<Value> {
        self.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl HttpStream {
    pub fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }

    /// The next event or comment, without the empty line; `None` at the end.
    pub async fn event(&mut self) -> Option<String> {
        self.until(b"\n\n").await
    }

    /// The data of the next event that has some, comments left out; `None` at the end.
    pub async fn data(&mut self) -> Option<String> {
        loop {
            let event = self.event().await?;
            if let Some(data) = events(&format!("{event}\n\n")).pop() {
                return Some(data);
            }
        }
    }

    /// The next line; `None` at the end.
    pub async fn line(&mut self) -> Option<String> {
        self.until(b"\n").await
    }

    /// All data that still comes, to the end of the stream.
    pub async fn rest(&mut self) -> Vec<String> {
        let mut rest = Vec::new();
        while let Some(data) = self.data().await {
            rest.push(data);
        }
        rest
    }

    /// Reads what still comes; whether the connection broke, and the answer did not end as a whole one does.
    pub async fn broke(&mut self) -> bool {
        loop {
            match timeout(PATIENCE, self.response.chunk()).await.expect("the stream ends") {
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    /// Whether nothing comes for so long.
    pub async fn is_silent_for(&mut self, time: Duration) -> bool {
        match timeout(time, self.response.chunk()).await {
            Err(_) => self.read.is_empty(),
            Ok(piece) => {
                self.read.extend_from_slice(&piece.unwrap().unwrap_or_default());
                false
            }
        }
    }

    async fn until(&mut self, end: &[u8]) -> Option<String> {
        loop {
            if let Some(at) = self.read.windows(end.len()).position(|window| window == end) {
                let text = self.read.drain(..at + end.len()).take(at).collect();
                return Some(String::from_utf8(text).unwrap());
            }
            let piece = timeout(PATIENCE, self.response.chunk()).await.expect("the stream goes on");
            let Some(piece) = piece.unwrap_or_else(|error| panic!("the stream broke: {error:?}")) else {
                assert!(self.read.is_empty(), "the end cuts {:?}", String::from_utf8_lossy(&self.read));
                return None;
            };
            self.read.extend_from_slice(&piece);
        }
    }
}

/// The data of the events in a text, which must end after an event.
pub fn events(text: &str) -> Vec<String> {
    assert!(text.is_empty() || text.ends_with("\n\n"), "the end cuts an event: {text:?}");
    let data = text.split("\n\n").map(|event| {
        let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    });
    data.filter(|data| !data.is_empty()).collect()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
    assert!(headers.get_all(&name).iter().count() < 2, "{name} is given twice: {headers:?}");
    headers.get(&name).map_or("", |value: &HeaderValue| value.to_str().unwrap())
}
