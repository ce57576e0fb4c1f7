//! Requests a second over 64 connections: through the server, through nginx, and straight to the model server.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

use crate::Plan;
use crate::client::{chat, find, ollama_chat};
use crate::common::report::Table;
use crate::nginx::Nginx;
use crate::server::Server;
use crate::tiny;

const CONNECTIONS: usize = 64;
/// Each measurement is made so often, in turn with the others; the best counts.
const ROUNDS: usize = 3;

pub(crate) fn requests(plan: &Plan, table: &mut Table) {
    let ollama = tiny::start();
    let server = Server::over(&plan.binary, &format!("http://{ollama}"));
    let nginx = Nginx::start(ollama);
    let (through, plain) = (chat("Say hello.", false), ollama_chat("Say hello."));
    let (mut ours, mut proxy, mut direct) = (0.0_f64, 0.0_f64, 0.0_f64);
    let mut processor = f64::INFINITY;
    for _ in 0..ROUNDS {
        let count = plan.load / ROUNDS;
        let before = server.processor();
        ours = ours.max(rate(server.address, &through, count));
        if let Some(took) = before.and_then(|before| Some(server.processor()? - before)) {
            processor = processor.min(took.as_secs_f64() * 1e6 / count as f64);
        }
        if let Some(nginx) = &nginx {
            proxy = proxy.max(rate(nginx.address, &plain, count));
        }
        direct = direct.max(rate(ollama, &plain, count));
    }
    table.row("requests a second, direct, 64 connections", format!("{direct:.0}"));
    table.goal("requests a second, 64 connections", format!("{ours:.0}"), "15,000", ours >= 15_000.0);
    if processor.is_finite() {
        table.row("processor time a request", format!("{processor:.1} µs"));
    }
    if nginx.is_some() {
        table.row("requests a second, nginx as a proxy", format!("{proxy:.0}"));
        let ratio = ours / proxy;
        table.goal("beside nginx", format!("{ratio:.2}"), "0.5", ratio >= 0.5);
    } else {
        table.row("beside nginx", "nginx is not installed");
    }
}

/// Requests a second, all of them answered.
fn rate(address: SocketAddr, request: &[u8], count: usize) -> f64 {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut sockets = Vec::new();
        for _ in 0..CONNECTIONS {
            let socket = TcpStream::connect(address).await.unwrap();
            socket.set_nodelay(true).unwrap();
            sockets.push(socket);
        }
        let start = Instant::now();
        let each = count / CONNECTIONS;
        let tasks: Vec<_> =
            sockets.into_iter().map(|socket| tokio::spawn(ask(socket, request.to_vec(), each))).collect();
        for task in tasks {
            task.await.unwrap();
        }
        (each * CONNECTIONS) as f64 / start.elapsed().as_secs_f64()
    })
}

async fn ask(mut socket: TcpStream, request: Vec<u8>, times: usize) {
    let mut read = Vec::with_capacity(1 << 13);
    for _ in 0..times {
        socket.write_all(&request).await.unwrap();
        read.clear();
        while !is_whole(&read) {
            assert!(socket.read_buf(&mut read).await.unwrap() > 0, "the server has closed");
        }
        assert!(read.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&read));
    }
}

/// Whether a response with a length, or with chunks, is there to its end.
fn is_whole(read: &[u8]) -> bool {
    let Some(head) = find(read, b"\r\n\r\n") else { return false };
    let name = b"ontent-length: ";
    let length = find(&read[..head], name).or_else(|| find(&read[..head], b"ontent-Length: "));
    match length {
        Some(at) => {
            let digits: usize = read[at + name.len()..head]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
            read.len() >= head + 4 + digits
        }
        None => read.ends_with(b"0\r\n\r\n"),
    }
}
