//! A client whose connections end with it.

use std::collections::VecDeque;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::common::serve::Serve;

/// A client of one server. Clones share connections.
#[derive(Clone)]
pub(super) struct Client {
    client: reqwest::Client,
    base: String,
    key: String,
}

impl Client {
    pub(super) fn new(server: &Serve) -> Self {
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().http1_only().tcp_nodelay(true).no_proxy();
        let client = client.tls_certs_only([]).build().unwrap();
        Self { client, base: format!("http://{}", server.address), key: server.key() }
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(super) fn posting(&self, path: &str, body: &Value) -> RequestBuilder {
        self.posting_text(path, body.to_string())
    }

    pub(super) fn posting_text(&self, path: &str, body: String) -> RequestBuilder {
        self.request(Method::POST, path).header("content-type", "application/json").body(body)
    }

    /// The JSON of a path.
    pub(super) async fn json(&self, path: &str) -> Value {
        json(self.get(path)).await.1
    }

    /// The same, as the user who runs the server.
    pub(super) async fn local_json(&self, path: &str) -> Value {
        json(self.get(path).bearer_auth(&self.key)).await.1
    }
}

/// Sends a request; the status and the body.
pub(super) async fn answer(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.expect("an answer begins");
    let status = response.status().as_u16();
    (status, response.text().await.expect("a whole answer"))
}

/// The same, of a body of JSON.
pub(super) async fn json(request: RequestBuilder) -> (u16, Value) {
    let (status, body) = answer(request).await;
    let body = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error} in {status} {body:?}"));
    (status, body)
}

/// The data of the events in a body, without those that are no JSON.
pub(super) fn events(body: &str) -> Vec<Value> {
    body.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter_map(|data| serde_json::from_str(data).ok())
        .collect()
}

/// Events that are read as they come.
pub(super) struct Events {
    response: Response,
    unread: Vec<u8>,
    ready: VecDeque<Value>,
}

impl Events {
    pub(super) fn of(response: Response) -> Self {
        assert_eq!(response.status().as_u16(), 200, "a stream begins");
        Self { response, unread: Vec::new(), ready: VecDeque::new() }
    }

    /// The next event with data of JSON; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Value> {
        while self.ready.is_empty() {
            self.unread.extend_from_slice(&self.response.chunk().await.expect("the stream goes on")?);
            let Some(end) = self.unread.iter().rposition(|byte| *byte == b'\n') else { continue };
            let whole: Vec<u8> = self.unread.drain(..=end).collect();
            self.ready.extend(events(&String::from_utf8(whole).unwrap()));
        }
        self.ready.pop_front()
    }
}
