//! One call in one of the forms that clients send.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::client::{Client, Events, answer, events, json};
use super::{Outcome, Tally, mcp};
use crate::plan::{Kind, MODEL};

const CHAT: &str = "/v1/chat/completions";
/// An owner has at most 100 keys of an hour.
const MAX_KEYS: usize = 40;

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Chat,
    ChatStream,
    /// The chat service's `/chat`, as NDJSON.
    Lines,
    /// The same with a prompt, as one object.
    Prompt,
    /// A turn of one of a few conversations, so that turns wait for each other.
    Turn,
    Generate,
    GenerateStream,
    Embed,
    /// A stream that its caller leaves, and whose completion is fetched afterwards.
    LeftAndFetched,
    /// An `Idempotency-Key` that was sent before, but for the first times.
    Keyed,
    /// A request that is refused.
    Wrong,
    /// A tool without a session, as one answer or as a stream.
    Tool,
    ToolStream,
    /// A session with a call, which is ended or left.
    Session,
}

impl Form {
    /// The form of a call. Some can go wrong in one way only.
    pub(super) fn of(kind: Kind, index: usize) -> Self {
        match index % 20 {
            0..=3 => Self::ChatStream,
            4 | 5 => Self::Chat,
            6 => Self::Prompt,
            7 | 8 => Self::Turn,
            9 => Self::Lines,
            10 => Self::Generate,
            11 => Self::GenerateStream,
            12 => Self::Tool,
            13 => Self::ToolStream,
            14 | 15 => Self::Session,
            16 if kind == Kind::Good => Self::Keyed,
            17 if kind == Kind::Good => Self::Wrong,
            18 if kind == Kind::Good => Self::Embed,
            19 if matches!(kind, Kind::Good | Kind::Background | Kind::Slow) => Self::LeftAndFetched,
            _ => Self::ChatStream,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::ChatStream => "/v1/chat/completions, streamed",
            Self::Lines => "/chat with messages, streamed",
            Self::Prompt => "/chat with a prompt",
            Self::Turn => "/chat with a message",
            Self::Generate => "/api/v1/generate",
            Self::GenerateStream => "/api/v1/generate, streamed",
            Self::Embed => "/v1/embeddings",
            Self::LeftAndFetched => "left, and fetched by id",
            Self::Keyed => "Idempotency-Key",
            Self::Wrong => "refused",
            Self::Tool => "/mcp, a tool by hand",
            Self::ToolStream => "/mcp, a tool with progress",
            Self::Session => "/mcp, a session",
        }
    }

    /// Makes the call. One of a kind that is cancelled is left after a while.
    pub(super) async fn run(self, client: &Client, tally: &Tally, kind: Kind, index: usize) -> Outcome {
        if self == Self::Session {
            return mcp::session(client, tally, kind, index).await;
        }
        let made = self.make(client, kind, index);
        match kind.cancelled_after(index) {
            // Dropping it closes the connection.
            Some(after) => match tokio::time::timeout(after, made).await {
                Ok(outcome) => outcome,
                Err(_) => Outcome::Left,
            },
            None => made.await,
        }
    }

    async fn make(self, client: &Client, kind: Kind, index: usize) -> Outcome {
        let prompt = format!("{kind:?} {index}");
        match self {
            Self::Chat => whole(client.posting(CHAT, &chat(&prompt, false))).await,
            Self::ChatStream => streamed(client.posting(CHAT, &chat(&prompt, true))).await,
            Self::Lines => lines(client.posting("/chat", &chat(&prompt, true))).await,
            Self::Prompt => {
                of_response(client.posting("/chat", &json!({ "model": MODEL, "prompt": prompt }))).await
            }
            Self::Turn => {
                // New ones with each thousand, so that no conversation grows with the run.
                let id = format!("talk-{}-{}", index / 1_000, index % 100);
                let body = json!({ "model": MODEL, "message": prompt, "chat_id": id });
                of_response(client.posting("/chat", &body)).await
            }
            Self::Generate => {
                of_response(client.posting("/api/v1/generate", &json!({ "prompt": prompt }))).await
            }
            Self::GenerateStream => {
                let body = json!({ "prompt": prompt, "stream": true });
                let (status, body) = answer(client.posting("/api/v1/generate", &body)).await;
                told(status, &body, |body| joined(&events(body), "/response"))
            }
            Self::Embed => {
                let (status, body) =
                    json(client.posting("/v1/embeddings", &json!({ "model": MODEL, "input": "x" }))).await;
                assert_eq!((status, &body["data"][0]["index"]), (200, &json!(0)), "{body}");
                Outcome::Other
            }
            Self::LeftAndFetched => left_and_fetched(client, &prompt).await,
            Self::Keyed => keyed(client, index).await,
            Self::Wrong => wrong(client, index / 20).await,
            Self::Tool => mcp::tool(client, &prompt, index, false).await,
            Self::ToolStream => mcp::tool(client, &prompt, index, true).await,
            Self::Session => unreachable!("a session is made by another function"),
        }
    }
}

fn chat(prompt: &str, stream: bool) -> Value {
    json!({ "model": MODEL, "messages": [{ "role": "user", "content": prompt }], "stream": stream })
}

async fn whole(request: RequestBuilder) -> Outcome {
    let (status, body) = json(request).await;
    ended(status, &body, "/choices/0/message/content")
}

async fn of_response(request: RequestBuilder) -> Outcome {
    let (status, body) = json(request).await;
    ended(status, &body, "/response")
}

async fn streamed(request: RequestBuilder) -> Outcome {
    let (status, body) = answer(request).await;
    told(status, &body, |body| {
        let outcome = joined(&events(body), "/choices/0/delta/content");
        assert_eq!(matches!(outcome, Outcome::Reply(_)), body.ends_with("data: [DONE]\n\n"), "{body}");
        outcome
    })
}

async fn lines(request: RequestBuilder) -> Outcome {
    let (status, body) = answer(request).await;
    told(status, &body, |body| {
        let lines: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        joined(&lines, "/message/content")
    })
}

/// The outcome of a body, which is that of an error where the status says so.
fn told(status: u16, body: &str, of_body: impl FnOnce(&str) -> Outcome) -> Outcome {
    match status {
        200 => of_body(body),
        _ => ended(status, &serde_json::from_str(body).unwrap(), ""),
    }
}

fn ended(status: u16, body: &Value, reply: &str) -> Outcome {
    if status == 200 {
        return Outcome::Reply(body.pointer(reply).and_then(Value::as_str).unwrap_or_default().to_owned());
    }
    let code = body["error"]["code"].as_str();
    Outcome::Error(code.unwrap_or_else(|| panic!("{status} without a code: {body}")).to_owned())
}

/// The texts of all values, or the error that is the last of them.
fn joined(values: &[Value], text: &str) -> Outcome {
    match values.last().and_then(|last| last.get("error")) {
        Some(error) => Outcome::Error(error["code"].as_str().unwrap_or_default().to_owned()),
        None => Outcome::Reply(
            values.iter().filter_map(|value| value.pointer(text).and_then(Value::as_str)).collect(),
        ),
    }
}

async fn left_and_fetched(client: &Client, prompt: &str) -> Outcome {
    let mut body = chat(prompt, true);
    body["background"] = true.into();
    let response = client.posting(CHAT, &body).send().await.unwrap();
    if response.status().as_u16() == 429 {
        // As many as may already go on without their callers.
        return Outcome::Other;
    }
    let mut stream = Events::of(response);
    let first = stream.next().await.expect("a first chunk");
    drop(stream);
    let path = format!("/x/completions/{}?stream=true", first["id"].as_str().unwrap());
    let mut stream = Events::of(client.get(&path).send().await.unwrap());
    let mut last = Value::Null;
    while let Some(event) = stream.next().await {
        last = event;
    }
    assert_eq!(last["state"]["status"], "completed", "{last}");
    Outcome::Reply(last["state"]["content"].as_str().unwrap().to_owned())
}

async fn keyed(client: &Client, index: usize) -> Outcome {
    let number = index / 20 % MAX_KEYS;
    let key = format!("key-{number}");
    let prompt = format!("Good key {number}");
    let request =
        |prompt: &str, stream| client.posting(CHAT, &chat(prompt, stream)).header("idempotency-key", &key);
    let outcome = match number.is_multiple_of(2) {
        true => streamed(request(&prompt, true)).await,
        false => whole(request(&prompt, false)).await,
    };
    // A key belongs to one body.
    let (status, body) = json(request("another", false)).await;
    assert_eq!((status, body["error"]["code"].as_str()), (409, Some("idempotency_conflict")), "{body}");
    outcome
}

/// A request that is refused, and leaves nothing behind.
async fn wrong(client: &Client, number: usize) -> Outcome {
    let bad = |body: &str| client.posting_text(CHAT, body.to_owned());
    let (request, expected) = match number % 8 {
        0 => (client.get("/v1/nothing"), 404),
        1 => (client.get("/x/completions/chatcmpl-0"), 404),
        2 => (client.request(Method::DELETE, CHAT), 405),
        3 => (bad("{\"messages\": ["), 400),
        4 => (bad("{\"messages\": [{\"role\": \"wizard\", \"content\": \"x\"}]}"), 400),
        5 => (client.get("/v1/models").bearer_auth("omk_wrong"), 401),
        6 => (client.get("/v1/models").header("origin", "https://example.com"), 403),
        _ => (client.posting_text("/mcp", "tools/list".to_owned()), 400),
    };
    let (status, body) = json(request).await;
    assert_eq!(status, expected, "{body}");
    assert!(body["error"]["message"].is_string(), "{body}");
    Outcome::Other
}
