//! A client of the HTTP server that writes bytes, and reads responses with their exact framing.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::mcp_client::PATIENCE;

/// One connection.
pub struct HttpSocket {
    stream: TcpStream,
    address: SocketAddr,
    read: Vec<u8>,
}

/// The head of a response.
#[derive(Debug)]
pub struct Head {
    pub status: u16,
    /// In the order and spelling in which they came.
    pub headers: Vec<(String, String)>,
}

/// A response with its body free of framing.
#[derive(Debug)]
pub struct RawResponse {
    pub head: Head,
    pub body: Vec<u8>,
}

impl HttpSocket {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await.expect("it accepts").unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, address, read: Vec::new() }
    }

    /// Writes bytes as they are. The server may have closed: what it answered shows that.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let written = timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await;
        if let Err(error) = written.expect("the server reads") {
            assert!(is_end(error.kind()), "{error}");
        }
    }

    /// Writes until the server takes no more for so long; how much it took.
    pub async fn send_until_blocked(&mut self, bytes: &[u8], time: Duration) -> usize {
        let mut sent = 0;
        while let Ok(Ok(written @ 1..)) = timeout(time, self.stream.write(bytes)).await {
            sent += written;
        }
        sent
    }

    /// Sends a request with `Host`, these header lines, and a body with its length if there is one.
    pub async fn request(&mut self, method: &str, path: &str, headers: &[&str], body: &[u8]) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        if !body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        self.send([head.as_bytes(), body].concat()).await;
    }

    /// The head of the next response.
    pub async fn head(&mut self) -> Head {
        loop {
            if let Some(head) = self.parse_head() {
                return head;
            }
            assert!(self.more().await, "no whole head: {:?}", String::from_utf8_lossy(&self.read));
        }
    }

    /// The next chunk of a chunked body; `None` is the last one. Nothing may follow it but the empty line.
    pub async fn chunk(&mut self) -> Option<Vec<u8>> {
        loop {
            if let httparse::Status::Complete((start, size)) =
                httparse::parse_chunk_size(&self.read).expect("the size of a chunk")
            {
                let end = start + usize::try_from(size).unwrap();
                if self.read.len() >= end + 2 {
                    assert_eq!(&self.read[end..end + 2], b"\r\n", "the end of a chunk");
                    let chunk = self.read[start..end].to_vec();
                    self.read.drain(..end + 2);
                    return (size > 0).then_some(chunk);
                }
            }
            assert!(self.more().await, "cut in a chunk: {:?}", String::from_utf8_lossy(&self.read));
        }
    }

    /// The next response to a request that is not HEAD, with its whole body.
    pub async fn response(&mut self) -> RawResponse {
        let head = self.head().await;
        let mut body = Vec::new();
        match (head.header("content-length"), head.header("transfer-encoding")) {
            (length, "") if !length.is_empty() => body = self.exactly(length.parse().unwrap()).await,
            ("", "chunked") => {
                while let Some(chunk) = self.chunk().await {
                    body.extend_from_slice(&chunk);
                }
            }
            ("", "") if matches!(head.status, 204 | 304) => {}
            framing => panic!("no framing, or two of them: {framing:?} in {head:?}"),
        }
        RawResponse { head, body }
    }

    /// So many bytes.
    pub async fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count {
            assert!(self.more().await, "{} bytes came, not {count}", self.read.len());
        }
        self.read.drain(..count).collect()
    }

    /// All bytes to the end of the connection, however the server ends it.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.read)
    }

    /// Waits for the server's end of the connection; nothing may come before.
    pub async fn closed(&mut self) {
        let rest = self.rest().await;
        assert!(rest.is_empty(), "{:?} before the end", String::from_utf8_lossy(&rest));
    }

    /// Whether nothing comes for so long, and the connection stays open.
    pub async fn is_open_and_silent_for(&mut self, time: Duration) -> bool {
        self.read.is_empty() && timeout(time, self.more()).await.is_err()
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Ends the direction to the server; answers can still be read.
    pub async fn end_input(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Reads more; `false` at the end.
    async fn more(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await;
        match read.expect("the server answers, or ends the connection") {
            Ok(count) => count > 0,
            Err(error) if is_end(error.kind()) => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn parse_head(&mut self) -> Option<Head> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = response.parse(&self.read).expect("a head of HTTP") else {
            return None;
        };
        let headers = response
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), String::from_utf8(header.value.to_vec()).unwrap()));
        let head = Head { status: response.code.unwrap(), headers: headers.collect() };
        self.read.drain(..length);
        Some(head)
    }
}

impl Head {
    /// A header, which must be given once at most; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = values.next().map_or("", |(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is given twice: {self:?}");
        value
    }
}

impl RawResponse {
    pub fn status(&self) -> u16 {
        self.head.status
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }
}

/// How a connection ends that the other side has closed or reset.
fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted)
}
