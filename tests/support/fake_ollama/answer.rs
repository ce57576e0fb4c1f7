//! What the fake answers: a status, headers, a body in pieces, and where it goes wrong.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Gate, Recording, Request};

/// An answer to a request. Cheap to clone: bodies are shared.
#[derive(Clone)]
pub struct Answer(Source);

#[derive(Clone)]
enum Source {
    Scripted(Script),
    Computed(Arc<dyn Fn(&Request) -> Answer + Send + Sync>),
}

/// An answer written out.
#[derive(Clone)]
pub(super) struct Script {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    /// Held back before the head.
    pub(super) head_gate: Option<Gate>,
    /// Held back after so many pieces.
    pub(super) gates: Vec<(usize, Gate)>,
    /// How it ends, after so many pieces, if not well.
    pub(super) fault: Option<(usize, Fault)>,
    /// The pause after each piece.
    pub(super) tick: Option<Duration>,
}

/// What follows the head.
#[derive(Clone)]
pub(super) enum Body {
    /// With a Content-Length; the pieces are written one by one.
    Sized(Arc<Vec<Vec<u8>>>),
    /// As HTTP chunks, one a piece.
    Chunked(Arc<Vec<Vec<u8>>>),
    /// A line without end, as HTTP chunks.
    EndlessLine,
    /// Bytes in place of head and body.
    Raw(&'static [u8]),
}

/// How an answer breaks off.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fault {
    /// The connection is closed (FIN).
    Cut,
    /// The connection is reset (RST).
    Reset,
    /// Nothing more is sent.
    Stall,
    /// The connection is reset and not a byte was sent.
    ResetBeforeHead,
}

impl Answer {
    /// A JSON object with a length, as `stream: false` answers.
    pub fn json(status: u16, value: Value) -> Self {
        let body = serde_json::to_vec(&value).unwrap();
        Self::empty(status).header("Content-Type", "application/json; charset=utf-8").body(body)
    }

    /// Any text with a length.
    pub fn text(status: u16, content_type: &str, body: &str) -> Self {
        Self::empty(status).header("Content-Type", content_type).body(body.as_bytes().to_vec())
    }

    /// No body and no content type, as copy and delete answer.
    pub fn empty(status: u16) -> Self {
        Self(Source::Scripted(Script {
            status,
            headers: Vec::new(),
            body: Body::Sized(Arc::default()),
            head_gate: None,
            gates: Vec::new(),
            fault: None,
            tick: None,
        }))
    }

    /// The answer of a recording, in the chunks that it came in.
    pub fn recorded(case: &str) -> Self {
        Recording::load(case).answer()
    }

    /// A stream of JSON lines, one an HTTP chunk.
    pub fn ndjson(values: &[Value]) -> Self {
        let lines = values.iter().map(|value| format!("{value}\n").into_bytes());
        Self::raw_chunks(lines.collect()).header("Content-Type", "application/x-ndjson")
    }

    /// A stream of server-sent events, one an HTTP chunk; `data` goes in as it is.
    pub fn sse(data: &[&str]) -> Self {
        let events = data.iter().map(|data| format!("data: {data}\n\n").into_bytes());
        Self::raw_chunks(events.collect()).header("Content-Type", "text/event-stream")
    }

    /// A 200 whose body is these HTTP chunks. None may be empty: that would end the body.
    pub fn raw_chunks(chunks: Vec<Vec<u8>>) -> Self {
        assert!(chunks.iter().all(|chunk| !chunk.is_empty()), "an empty chunk ends an HTTP body");
        Self::empty(200).with(|script| script.body = Body::Chunked(Arc::new(chunks)))
    }

    /// The answer that a function makes of the request.
    pub fn computed(answer: impl Fn(&Request) -> Self + Send + Sync + 'static) -> Self {
        Self(Source::Computed(Arc::new(answer)))
    }

    /// The connection is reset once the request is read.
    pub fn reset_before_head() -> Self {
        Self::empty(200).with(|script| script.fault = Some((0, Fault::ResetBeforeHead)))
    }

    /// Something that speaks no HTTP, then a close.
    pub fn garbage_head() -> Self {
        Self::empty(200).with(|script| {
            script.body = Body::Raw(b"SSH-2.0-OpenSSH_9.6\r\n\0\x01\x02 not HTTP\r\n\r\n");
        })
    }

    /// A line of JSON that grows until the client goes.
    pub fn endless_line() -> Self {
        let answer = Self::empty(200).header("Content-Type", "application/x-ndjson");
        answer.with(|script| script.body = Body::EndlessLine)
    }

    /// Sets the status.
    pub fn status(self, status: u16) -> Self {
        self.with(|script| script.status = status)
    }

    /// Sets a header, in place of one of the same name.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.with(|script| {
            script.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
            script.headers.push((name.to_owned(), value.to_owned()));
        })
    }

    /// Sets a body with a length.
    pub fn body(self, body: Vec<u8>) -> Self {
        self.with(|script| script.body = Body::Sized(Arc::new(vec![body])))
    }

    /// Holds everything back until the gate opens.
    pub fn delay_head(self, gate: &Gate) -> Self {
        self.with(|script| script.head_gate = Some(gate.clone()))
    }

    /// Sends head and `n` pieces, then waits for the gate.
    pub fn gate_after(self, n: usize, gate: &Gate) -> Self {
        self.with(|script| script.gates.push((n, gate.clone())))
    }

    /// Sends head and `n` pieces (or all, if fewer) and closes without the end of the body.
    pub fn cut_after(self, n: usize) -> Self {
        self.with(|script| script.fault = Some((n, Fault::Cut)))
    }

    /// Sends head and `n` pieces (or all, if fewer) and resets the connection.
    pub fn reset_after(self, n: usize) -> Self {
        self.with(|script| script.fault = Some((n, Fault::Reset)))
    }

    /// Sends head and `n` pieces (or all, if fewer) and nothing more, until the client goes.
    pub fn stall_after(self, n: usize) -> Self {
        self.with(|script| script.fault = Some((n, Fault::Stall)))
    }

    /// Cuts the body anew into pieces of `n` bytes, so that lines and UTF-8 split anywhere.
    ///
    /// Call it before `gate_after` and its like are counted out: they count the new pieces.
    pub fn split_bytes(self, n: usize) -> Self {
        self.with(|script| {
            let (Body::Sized(pieces) | Body::Chunked(pieces)) = &mut script.body else {
                panic!("this answer has no body to split");
            };
            *pieces = Arc::new(pieces.concat().chunks(n).map(<[u8]>::to_vec).collect());
        })
    }

    /// Sends `bytes` of the body every `tick`.
    pub fn slow_drip(self, bytes: usize, tick: Duration) -> Self {
        self.split_bytes(bytes).with(|script| script.tick = Some(tick))
    }

    /// The script for a request.
    pub(super) fn script(self, request: &Request) -> Script {
        match self.0 {
            Source::Scripted(script) => script,
            Source::Computed(answer) => answer(request).script(request),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Script)) -> Self {
        match &mut self.0 {
            Source::Scripted(script) => change(script),
            Source::Computed(_) => {
                panic!("change the answer that the function returns, not the computed one")
            }
        }
        self
    }
}
