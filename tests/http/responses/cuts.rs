//! Streams that are cut anywhere and read on: nothing is missing, nothing comes twice, and it is generated once.

use serde_json::{Value, json};

use super::super::started;
use super::*;
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_client::stream;
use crate::support::http_server::HttpServer;
use crate::support::resume::{all_events, assert_whole, cut_after_bytes, cuts, some_events};

/// The events of a response after those that were read.
async fn resumed(server: &HttpServer, path: &str, read: &[String]) -> Vec<String> {
    let after = parsed(read).last().map(|(_, data)| format!("&starting_after={}", data["sequence_number"]));
    let path = format!("{path}?stream=true{}", after.unwrap_or_default());
    all_events(&mut stream(server.guest().request("GET", &path)).await).await
}

fn background() -> Value {
    ask("hi", json!({ "background": true, "stream": true }))
}

/// A reply with all kinds of items, in characters of several bytes.
fn all_kinds() -> Answer {
    let thought = |text: &str| json!({ "role": "assistant", "content": "", "thinking": text });
    let call = json!({ "function": { "name": "f", "arguments": { "x": "ä" } } });
    let called = json!({ "role": "assistant", "content": "", "tool_calls": [call] });
    reply(&[thought("hm\n\n"), thought("so"), said("日本"), said("語 é"), called], "stop")
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_cut_after_each_event_is_read_on_live() {
    let (fake, server) = started().await;
    // Piece by piece, so that cuts are in mid-generation.
    let slowly = Answer::recorded("chat_stream").slow_drip(170, std::time::Duration::from_millis(3));
    fake.on("POST", "/api/chat", slowly);
    let mut goes_on = 0;
    for read in 1..24 {
        let mut first = stream(server.guest().posting(PATH, &background())).await;
        let before = some_events(&mut first, read).await;
        drop(first);
        let path = path_of(&parsed(&before)[0].1["response"]);
        goes_on += usize::from(server.guest().get(&path).await.ok()["status"] == "in_progress");
        let after = resumed(&server, &path, &before).await;
        let again = resumed(&server, &path, &[]).await;
        assert_whole(&before, &after, &again, "live");
        let (name, end) = parsed(&again).pop().unwrap();
        assert_eq!((name.as_str(), text_of(&end["response"]).is_empty()), ("response.completed", false));
        assert_eq!(fake.requests_to("POST", "/api/chat").len(), read, "generated once each");
    }
    assert!(goes_on > 3, "{goes_on} were cut before their end");
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_cut_at_any_byte_is_read_on() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", all_kinds());
    let mut first = stream(server.guest().posting(PATH, &background())).await;
    let whole = all_events(&mut first).await;
    let path = path_of(&parsed(&whole)[0].1["response"]);
    let all = format!("{path}?stream=true");
    for bytes in cuts(&whole) {
        let before = cut_after_bytes(&server, ("GET", &all, &[], &[]), bytes).await;
        let after = resumed(&server, &path, &before).await;
        assert_whole(&before, &after, &whole, &format!("cut at byte {bytes}"));
    }
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
    let text: String = whole.iter().map(String::len).sum::<usize>().to_string();
    assert!(cuts(&whole).len() > 60, "{text} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn first_stream_with_a_key_is_cut_and_repeated() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", all_kinds());
    let body = ask("hi", json!({ "stream": true })).to_string();
    let mut whole: Vec<String> = Vec::new();
    for bytes in [1, 900, 3000, 1 << 20] {
        let key = "Idempotency-Key: k";
        let headers = [key, "Content-Type: application/json"];
        let before = cut_after_bytes(&server, ("POST", PATH, &headers, body.as_bytes()), bytes).await;
        let request = server.guest().posting(PATH, &serde_json::from_str(&body).unwrap());
        let mut request = request.header("idempotency-key", "k");
        if let Some((_, data)) = parsed(&before).last() {
            request = request.header("last-event-id", data["sequence_number"].to_string());
        }
        let after = all_events(&mut stream(request).await).await;
        if whole.is_empty() {
            whole = [before.clone(), after.clone()].concat();
        }
        assert_whole(&before, &after, &whole, &format!("cut at byte {bytes}"));
    }
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

/// Two that read at the same time get the same events.
#[tokio::test(flavor = "multi_thread")]
async fn streams_of_one_response_are_the_same() {
    let (fake, server) = started().await;
    let gates: Vec<_> = (0..8).map(|_| Gate::new()).collect();
    let slow = |_: &FakeOllama| {
        gates
            .iter()
            .enumerate()
            .fold(Answer::recorded("chat_stream"), |answer, (at, gate)| answer.gate_after(at + 1, gate))
    };
    fake.on("POST", "/api/chat", slow(&fake));
    let mut first = stream(server.guest().posting(PATH, &background())).await;
    let begun = some_events(&mut first, 1).await;
    let path = path_of(&parsed(&begun)[0].1["response"]);
    let second = resumed(&server, &path, &[]);
    let read = async {
        for gate in &gates {
            gate.reached(1).await;
            gate.open();
        }
        [begun.clone(), all_events(&mut first).await].concat()
    };
    let (second, first) = tokio::join!(second, read);
    assert_eq!(first, second);
    assert_eq!(resumed(&server, &path, &[]).await, first);
}

#[tokio::test]
async fn number_that_is_none_is_refused() {
    let (_fake, server) = started().await;
    let response = server.guest().post(PATH, &ask("hi", json!({}))).await.ok();
    let path = format!("{}?stream=true", path_of(&response));
    assert_eq!(server.guest().get(&format!("{path}&starting_after=x")).await.status, 400);
    let request = server.guest().request("GET", &path).header("last-event-id", "x");
    assert_eq!(crate::support::http_client::answer(request).await.error(400)["param"], "Last-Event-ID");
    let beyond = server.guest().get(&format!("{path}&starting_after=999")).await;
    assert_eq!((beyond.status, beyond.body.as_str()), (200, ""));
}
