//! Clients of five kinds, each one request after another until the end: who is refused or cut off asks again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::engine::{MODEL, reply_to};
use crate::ledger::{End, Kept, Ledger};

/// The longest time that a request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Before a client asks again.
const PAUSE: Duration = Duration::from_millis(50);
const CHAT: &str = "/v1/chat/completions";

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Turns of a conversation of its own.
    Turns,
    /// Streams.
    Streams,
    /// Responses in the background, which it asks for until they have ended.
    Background,
    /// Requests with an `Idempotency-Key`, which it sends again after a failure.
    Keyed,
    /// Answers that are stored.
    Stored,
}

impl Kind {
    pub(crate) const ALL: [(Self, usize); 5] =
        [(Self::Turns, 8), (Self::Streams, 6), (Self::Background, 4), (Self::Keyed, 4), (Self::Stored, 4)];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Turns => "turn",
            Self::Streams => "stream",
            Self::Background => "background",
            Self::Keyed => "keyed",
            Self::Stored => "stored",
        }
    }
}

/// One client, with a key of its own.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) number: usize,
    pub(crate) kind: Kind,
    pub(crate) key: String,
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) stopping: Arc<AtomicBool>,
}

/// A client whose every request has a connection of its own, so that each goes to the next server.
pub(crate) fn http() -> reqwest::Client {
    // An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().http1_only().tcp_nodelay(true).no_proxy().tls_certs_only([]);
    client.pool_max_idle_per_host(0).build().unwrap()
}

impl Client {
    /// Asks until it is told to stop, or so many times.
    pub(crate) async fn run(self, most: usize) {
        for nth in 0..most {
            let question = format!("question {nth} of client {}", self.number);
            // Until it has its answer.
            loop {
                if self.stopping.load(Ordering::Relaxed) {
                    return;
                }
                let began = Instant::now();
                let end = match timeout(PATIENCE, self.ask(&question, nth)).await {
                    Ok(end) => end,
                    Err(_) => End::Untold(format!("no end of {question:?} within {PATIENCE:?}")),
                };
                self.ledger.note(self.kind.name(), self.number, began, end.clone());
                if end == End::Answered {
                    break;
                }
                sleep(PAUSE).await;
            }
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    fn posting(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).header("content-type", "application/json").body(body.to_string())
    }

    async fn ask(&self, question: &str, nth: usize) -> End {
        let chat = json!({ "model": MODEL, "messages": [{ "role": "user", "content": question }] });
        match self.kind {
            Kind::Turns => {
                let body = json!({ "model": MODEL, "message": question, "chat_id": "talk" });
                let (end, _) = self.whole(self.posting("/chat", &body), "/response", question).await;
                if end == End::Answered {
                    self.ledger.keep(self.number, Kept::Turn { question: question.to_owned() });
                }
                end
            }
            Kind::Stored => {
                let mut body = chat;
                body["store"] = json!(true);
                let (end, answer) = self.whole(self.posting(CHAT, &body), CONTENT, question).await;
                if end == End::Answered {
                    let id = answer["id"].as_str().unwrap().to_owned();
                    self.ledger.keep(self.number, Kept::Stored { id, question: question.to_owned() });
                }
                end
            }
            Kind::Keyed => {
                let request = self.posting(CHAT, &chat).header("idempotency-key", format!("key-{nth}"));
                self.whole(request, CONTENT, question).await.0
            }
            Kind::Streams => {
                let mut body = chat;
                body["stream"] = json!(true);
                self.streamed(self.posting(CHAT, &body), question).await
            }
            Kind::Background => self.background(question).await,
        }
    }

    /// A whole answer with the reply at this place.
    async fn whole(&self, request: RequestBuilder, place: &str, question: &str) -> (End, Value) {
        let (status, body) = match answer(request).await {
            Ok(answer) => answer,
            Err(end) => return (end, Value::Null),
        };
        if status != 200 {
            return (refusal(status, &body), Value::Null);
        }
        let said = body.pointer(place).and_then(Value::as_str);
        let end = if said == Some(&reply_to(question)) {
            End::Answered
        } else {
            End::Untold(format!("200 with {body}"))
        };
        (end, body)
    }

    async fn streamed(&self, request: RequestBuilder, question: &str) -> End {
        let Ok(response) = request.send().await else { return End::Broken };
        let status = response.status().as_u16();
        let Ok(body) = response.text().await else { return End::Broken };
        if status != 200 {
            return refusal(status, &serde_json::from_str(&body).unwrap_or_default());
        }
        let data = body.lines().filter_map(|line| line.strip_prefix("data: "));
        let mut said = String::new();
        for data in data {
            if data == "[DONE]" {
                return if said == reply_to(question) {
                    End::Answered
                } else {
                    End::Untold(format!("[DONE] after {said:?}"))
                };
            }
            let chunk: Value = serde_json::from_str(data).unwrap();
            if let Some(code) = chunk.pointer("/error/code").and_then(Value::as_str) {
                return End::Refused(format!("event {code}"));
            }
            said.push_str(
                chunk.pointer("/choices/0/delta/content").and_then(Value::as_str).unwrap_or_default(),
            );
        }
        End::Untold(format!("a stream without [DONE] or error: {body:?}"))
    }

    /// Starts a response, and asks for it until it has ended.
    async fn background(&self, question: &str) -> End {
        let body = json!({ "model": MODEL, "input": question, "background": true });
        let id = match answer(self.posting("/v1/responses", &body)).await {
            Err(end) => return end,
            Ok((200, response)) => response["id"].as_str().unwrap().to_owned(),
            Ok((status, body)) => return refusal(status, &body),
        };
        loop {
            match answer(self.request(Method::GET, &format!("/v1/responses/{id}"))).await {
                Ok((200, response)) => match response["status"].as_str() {
                    Some("queued" | "in_progress") => {}
                    Some("completed") => {
                        self.ledger.keep(self.number, Kept::Response { id, question: question.to_owned() });
                        return End::Answered;
                    }
                    _ => {
                        let message = response.pointer("/error/message").and_then(Value::as_str);
                        return match message {
                            Some(message) if !message.is_empty() => {
                                End::Refused("response failed".to_owned())
                            }
                            _ => End::Untold(format!("a failed response without a reason: {response}")),
                        };
                    }
                },
                // Another server makes it: asked again below. As is a server that has gone.
                Ok((409 | 500..=599, _)) | Err(_) => {}
                Ok((status, body)) => return End::Untold(format!("response {id} has {status} {body}")),
            }
            sleep(PAUSE).await;
        }
    }
}

/// Where OpenAI's answer has its text.
const CONTENT: &str = "/choices/0/message/content";

/// The status and the body of an answer.
pub(crate) async fn answer(request: RequestBuilder) -> Result<(u16, Value), End> {
    let response = request.send().await.map_err(|_| End::Broken)?;
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(|_| End::Broken)?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

fn refusal(status: u16, body: &Value) -> End {
    match body.pointer("/error/code").and_then(Value::as_str) {
        Some(code) => End::Refused(format!("{status} {code}")),
        None => End::Untold(format!("{status} without a code: {body}")),
    }
}
