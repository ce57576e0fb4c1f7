//! A server of one endless occupation: it streams a reply piece by piece and notes when it wrote each one.
//!
//! The fake Ollama does not tell when it writes; this does, on a thread that does nothing else.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::upstream::{content_line, done_line};

/// The pause before each piece: a fast model's.
const PAUSE: Duration = Duration::from_millis(1);

/// A running server.
pub(crate) struct Pieces {
    /// Such as `http://127.0.0.1:40123`.
    pub(crate) url: String,
    /// For each stream that was read to its end, when its pieces were written.
    pub(crate) written: Receiver<Vec<Instant>>,
}

/// Starts it; it lives to the end of the process. Each reply has `count` pieces, all the text [`PIECE`].
pub(crate) fn start(count: usize) -> Pieces {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, written) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            thread::spawn(move || serve(stream.unwrap(), count, &sender));
        }
    });
    Pieces { url, written }
}

/// The text of a piece.
pub(crate) const PIECE: &str = " word";

fn serve(mut stream: TcpStream, count: usize, written: &Sender<Vec<Instant>>) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let piece = chunk(&content_line(PIECE));
    let end = [chunk(&done_line()), b"0\r\n\r\n".to_vec()].concat();
    while read_request(&mut reader) {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            thread::sleep(PAUSE);
            times.push(Instant::now());
            stream.write_all(&piece).unwrap();
        }
        thread::sleep(PAUSE);
        stream.write_all(&end).unwrap();
        written.send(times).unwrap();
    }
}

/// Reads a request to its end; `false` where the client has closed.
fn read_request(reader: &mut BufReader<TcpStream>) -> bool {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if !matches!(reader.read_line(&mut line), Ok(1..)) {
            return false;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            return reader.read_exact(&mut vec![0; length]).is_ok();
        }
    }
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}
