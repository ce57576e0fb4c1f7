//! Streams of events that are cut and read on: nothing may be missing, and nothing may come twice.

use super::http_client::HttpStream;
use super::http_server::HttpServer;

/// All events that still come, each as its text without the empty line.
pub async fn all_events(stream: &mut HttpStream) -> Vec<String> {
    let mut events = Vec::new();
    while let Some(event) = stream.event().await {
        events.push(event);
    }
    events
}

/// The next `count` events, or fewer where the stream ends before.
pub async fn some_events(stream: &mut HttpStream, count: usize) -> Vec<String> {
    let mut events = Vec::new();
    while events.len() < count {
        match stream.event().await {
            Some(event) => events.push(event),
            None => break,
        }
    }
    events
}

/// Sends a request, reads so many bytes of its body, and resets the connection; the events that are whole among them.
pub async fn cut_after_bytes(
    server: &HttpServer,
    (method, path, headers, body): (&str, &str, &[&str], &[u8]),
    bytes: usize,
) -> Vec<String> {
    let mut socket = server.socket().await;
    socket.request(method, path, headers, body).await;
    let head = socket.head().await;
    assert_eq!(head.status, 200, "{head:?}");
    let mut read = Vec::new();
    while read.len() < bytes {
        match socket.chunk().await {
            Some(chunk) => read.extend_from_slice(&chunk),
            None => break,
        }
    }
    socket.reset();
    read.truncate(bytes);
    let text = String::from_utf8_lossy(&read);
    let Some((whole, _)) = text.rsplit_once("\n\n") else { return Vec::new() };
    whole.split("\n\n").map(str::to_owned).collect()
}

/// Where to cut a stream of these events: in each of them at several bytes, between all of them, and before the first.
pub fn cuts(events: &[String]) -> Vec<usize> {
    let mut cuts = vec![0];
    let mut start = 0;
    for event in events {
        let length = event.len() + 2;
        cuts.extend([1, length / 3, length / 2, length - 1, length].map(|byte| start + byte));
        start += length;
    }
    cuts.dedup();
    cuts
}

/// What was read before a cut and after it is the whole.
pub fn assert_whole(before: &[String], after: &[String], whole: &[String], what: &str) {
    assert_eq!([before, after].concat(), whole, "{what}, {} events before it", before.len());
}
