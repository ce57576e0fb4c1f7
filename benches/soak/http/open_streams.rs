//! A round of a thousand open streams: half of them generate and half wait in the queue; half are left and half are read.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::client::{Client, Events};
use crate::PATIENCE;
use crate::common::process::Usage;
use crate::common::serve::Serve;
use crate::fake_ollama::{Gate, Request};
use crate::plan::{MODEL, WHOLE};

/// Streams of a round.
pub(super) const COUNT: usize = 1_000;
/// Pieces that the fake sends before it waits for the gate.
pub(super) const BEFORE_GATE: usize = 2;
/// What the prompts of these streams begin with.
const PROMPT: &str = "Hold";

pub(super) fn is_of_round(request: &Request) -> bool {
    request.json()["messages"][0]["content"].as_str().is_some_and(|prompt| prompt.starts_with(PROMPT))
}

/// Opens all streams, leaves half of them, and reads the others to their ends; what the server held with all of them open.
pub(super) async fn round(server: &Serve, gate: &Mutex<Gate>) -> Option<Usage> {
    *gate.lock().unwrap() = Gate::new();
    let client = Client::new(server);
    let opening: Vec<_> = (0..COUNT).map(|number| tokio::spawn(open(client.clone(), number))).collect();
    let mut streams = Vec::with_capacity(COUNT);
    for stream in opening {
        streams.push(stream.await.unwrap());
    }
    let open = server.usage();
    let mut number = 0;
    streams.retain(|_| {
        number += 1;
        number % 2 == 0
    });
    gate.lock().unwrap().open();
    for stream in streams {
        let read = tokio::time::timeout(PATIENCE, text(stream)).await.expect("a stream ends");
        assert_eq!(read, WHOLE, "nothing of a stream is lost");
    }
    open
}

/// A stream that has begun, or has told its place in the queue; and the text so far.
async fn open(client: Client, number: usize) -> (Events, String) {
    let body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": format!("{PROMPT} {number}") }], "stream": true });
    let request = client.posting("/v1/chat/completions", &body).header("x-ollama-mcp-events", "queue");
    let opened = async {
        let mut events = Events::of(request.send().await.unwrap());
        let first = events.next().await.expect("a first event");
        let text = content(&first);
        (events, text)
    };
    tokio::time::timeout(PATIENCE, opened).await.expect("a stream begins")
}

async fn text((mut events, mut text): (Events, String)) -> String {
    while let Some(event) = events.next().await {
        assert!(event["error"].is_null(), "{event}");
        text.push_str(&content(&event));
    }
    text
}

fn content(event: &Value) -> String {
    event.pointer("/choices/0/delta/content").and_then(Value::as_str).unwrap_or_default().to_owned()
}
