//! A client that blocks, and that keeps its connection: no runtime of the measuring side adds to the figures.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

/// A whole response.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// When the first bytes of the body that hold a piece of text were read.
    pub(crate) first: Option<Instant>,
}

/// What stands before the text of a piece, in Ollama's lines and in OpenAI's chunks.
const CONTENT: &[u8] = b"\"content\":\"";

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::with_capacity(1 << 16) }
    }

    /// Sends a request and reads its response.
    pub(crate) fn call(&mut self, request: &[u8]) -> Response {
        self.read_response(request, false)
    }

    /// The same, and when the first piece of text was there. To search for it takes time, which is no time of the server.
    pub(crate) fn call_streamed(&mut self, request: &[u8]) -> Response {
        self.read_response(request, true)
    }

    fn read_response(&mut self, request: &[u8], times_first: bool) -> Response {
        self.stream.write_all(request).unwrap();
        let mut first = None;
        let head = loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                break end + 4;
            }
            self.more();
        };
        let text = String::from_utf8_lossy(&self.read[..head]).to_ascii_lowercase();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
        let end = match length {
            Some(length) => head + length.trim().parse::<usize>().unwrap(),
            None => usize::MAX,
        };
        loop {
            // An empty text is that of the first chunk, which has the role.
            if times_first
                && first.is_none()
                && find(&self.read[head..], CONTENT).is_some_and(|at| self.has_text(head + at))
            {
                first = Some(Instant::now());
            }
            let is_whole =
                if end == usize::MAX { self.read.ends_with(b"0\r\n\r\n") } else { self.read.len() >= end };
            if is_whole {
                break;
            }
            self.more();
        }
        let body = self.read.split_off(head);
        self.read.clear();
        Response { status, body, first }
    }

    /// Whether a text that is not empty begins at or behind this position.
    fn has_text(&self, mut at: usize) -> bool {
        loop {
            let text = at + CONTENT.len();
            if self.read.get(text).is_some_and(|byte| *byte != b'"') {
                return true;
            }
            match find(&self.read[text..], CONTENT) {
                Some(next) => at = text + next,
                None => return false,
            }
        }
    }

    fn more(&mut self) {
        let mut piece = [0; 1 << 14];
        let count = self.stream.read(&mut piece).unwrap();
        assert!(count > 0, "the server has closed: {}", String::from_utf8_lossy(&self.read));
        self.read.extend_from_slice(&piece[..count]);
    }
}

/// A POST of JSON.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A chat of OpenAI's.
pub(crate) fn chat(prompt: &str, stream: bool) -> Vec<u8> {
    let body = format!(
        r#"{{"model":"bench","messages":[{{"role":"user","content":"{prompt}"}}],"stream":{stream}}}"#
    );
    post("/v1/chat/completions", &body)
}

/// The same, of Ollama's own.
pub(crate) fn ollama_chat(prompt: &str) -> Vec<u8> {
    post(
        "/api/chat",
        &format!(r#"{{"model":"bench","messages":[{{"role":"user","content":"{prompt}"}}],"stream":true}}"#),
    )
}

pub(crate) fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
