//! The recordings of a real Ollama, and the answer that each one holds.

use std::path::Path;

use serde::Deserialize;

use super::Answer;

/// A recorded exchange.
#[derive(Clone)]
pub struct Recording {
    /// The method that was asked.
    pub method: String,
    /// The path that was asked.
    pub path: String,
    /// The exact body that was sent, empty where there was none.
    pub request_body: String,
    /// The status that came back.
    pub status: u16,
    /// The headers that came back, all of them.
    pub headers: Vec<(String, String)>,
    /// The exact body that came back.
    pub body: String,
    /// The body in the HTTP chunks that it came in, if it came in chunks.
    pub chunks: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct File {
    request: Asked,
    response: Answered,
}

#[derive(Deserialize)]
struct Asked {
    method: String,
    path: String,
    body: Option<String>,
}

#[derive(Deserialize)]
struct Answered {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    body_encoding: String,
    chunks: Option<Vec<String>>,
    complete: bool,
}

impl Recording {
    /// Reads `tests/fixtures/ollama/<case>.json`.
    pub fn load(case: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/ollama/{case}.json"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("no recording {case:?}: {error}"));
        let File { request, response } =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("recording {case:?}: {error}"));
        assert!(
            response.complete && response.body_encoding == "utf-8",
            "recording {case:?} cannot be replayed"
        );
        Self {
            method: request.method,
            path: request.path,
            request_body: request.body.unwrap_or_default(),
            status: response.status,
            headers: response.headers,
            body: response.body,
            chunks: response.chunks,
        }
    }

    /// The recorded answer. Its date, length and framing are the fake's own.
    pub fn answer(&self) -> Answer {
        let mut answer = match &self.chunks {
            Some(chunks) => {
                Answer::raw_chunks(chunks.iter().map(|chunk| chunk.clone().into_bytes()).collect())
            }
            None => Answer::empty(self.status).body(self.body.clone().into_bytes()),
        };
        answer = answer.status(self.status);
        for (name, value) in &self.headers {
            // HEAD has no body, but tells the length that GET would have.
            let own =
                ["date", "connection", "transfer-encoding"].iter().any(|own| name.eq_ignore_ascii_case(own))
                    || (name.eq_ignore_ascii_case("content-length") && self.method != "HEAD");
            if !own {
                answer = answer.header(name, value);
            }
        }
        answer
    }
}
