//! A request as it came in, and its parser.

use std::io::{Error, ErrorKind, Result};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

/// A request that has come in whole.
#[derive(Debug)]
pub struct Request {
    /// Its place among all requests, from 0.
    pub index: usize,
    /// Such as `POST`.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// What stands behind the `?`.
    pub query: Option<String>,
    /// In the order and spelling in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, free of its framing.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of that name, in any case of letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; panics where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            let body = String::from_utf8_lossy(&self.body);
            panic!("{} {} has a body that is no JSON ({error}): {body:.500}", self.method, self.path)
        })
    }

    /// Whether it went to this route.
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }

    /// Whether the client takes further answers on the same connection.
    pub fn keeps_alive(&self) -> bool {
        !self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Reads the next request; `buffer` keeps what came beyond it. `None`: the client has closed.
    pub async fn read(from: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Result<Option<Self>> {
        loop {
            if let Some((mut request, length)) = parse_head(buffer)? {
                buffer.drain(..length);
                request.body = if request.header("transfer-encoding").is_some() {
                    read_chunked(from, buffer).await?
                } else {
                    let length = request.header("content-length").map_or(Ok(0), str::parse);
                    read_sized(from, buffer, length.map_err(|_| bad("content-length"))?).await?
                };
                return Ok(Some(request));
            }
            if from.read_buf(buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// The head at the start of the buffer and its length in bytes, once it is whole.
fn parse_head(buffer: &[u8]) -> Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(buffer).map_err(|error| bad(&error.to_string()))?
    else {
        return Ok(None);
    };
    let target = head.path.unwrap_or_default();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let request = Request {
        index: 0,
        method: head.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query,
        headers: head.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect(),
        body: Vec::new(),
    };
    Ok(Some((request, length)))
}

async fn read_sized(
    from: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    length: usize,
) -> Result<Vec<u8>> {
    let mut body = Vec::with_capacity(length);
    body.extend(buffer.drain(..length.min(buffer.len())));
    let missing = length - body.len();
    if missing > 0 && from.take(missing as u64).read_to_end(&mut body).await? < missing {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

async fn read_chunked(from: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        match httparse::parse_chunk_size(buffer).map_err(|_| bad("chunk size"))? {
            httparse::Status::Complete((start, size)) => {
                buffer.drain(..start);
                let size = usize::try_from(size).map_err(|_| bad("chunk size"))?;
                // The line end belongs to the chunk; trailers are not supported.
                let mut chunk = read_sized(from, buffer, size + 2).await?;
                if size == 0 {
                    return Ok(body);
                }
                chunk.truncate(size);
                body.append(&mut chunk);
            }
            httparse::Status::Partial => {
                if from.read_buf(buffer).await? == 0 {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
            }
        }
    }
}

fn bad(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the fake Ollama cannot read the request: {what}"))
}
