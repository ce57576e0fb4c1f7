//! A thousand streams at 20 pieces a second each: delays, losses, memory, processor time, and the end of the server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::time::{MissedTickBehavior, interval_at};

use crate::Plan;
use crate::client::{chat, find, ollama_chat};
use crate::common::report::{Samples, Table};
use crate::server::Server;
use crate::tiny::request_end;

/// The pause between two pieces of a stream.
const PAUSE: Duration = Duration::from_millis(50);
/// A stream that is silent for so long has stalled.
const STALL: Duration = Duration::from_secs(1);
/// What every piece has, and nothing else.
const MARK: &[u8] = b"\" word\"";

/// When the pieces of each stream were written, by the number in its prompt.
type Written = Arc<Mutex<Vec<Vec<Instant>>>>;

pub(crate) fn open(plan: &Plan, table: &mut Table) {
    let written: Written = Arc::new(Mutex::new(vec![Vec::new(); plan.streams]));
    let source = source(Arc::clone(&written), plan.pieces);
    let server = Server::over(&plan.binary, &format!("http://{source}"));
    // Direct, then through the server: both load the machine, so they cannot run beside one another.
    let direct = run(source, plan, |number| ollama_chat(&format!("stream {number}")), &written);
    let before = server.processor();
    let through = run(server.address, plan, |number| chat(&format!("stream {number}"), true), &written);
    let pieces = plan.streams * plan.pieces;
    let what = format!("{} streams at 20 pieces a second", plan.streams);
    table.row(&format!("{what}, direct, delay of a piece, p50 / p99"), direct.delays.show());
    table.row(&format!("{what}, delay of a piece, p50 / p99"), through.delays.show());
    let added = through.delays.percentile(99) - direct.delays.percentile(99);
    table.goal("p99 added to a piece", format!("{added:.2} ms"), "5 ms", added <= 5.0);
    let lost = pieces - through.pieces;
    let figure = format!("{lost} lost, {} stalled", through.stalled);
    table.goal("pieces lost, streams stalled", figure, "none", lost == 0 && through.stalled == 0);
    if let Some(took) = before.and_then(|before| Some(server.processor()? - before)) {
        let each = took.as_secs_f64() * 1e6 / pieces as f64;
        table.goal("processor time a piece", format!("{each:.1} µs"), "20 µs", each <= 20.0);
    }
    end(plan, table, server);
}

/// What was read of all streams.
struct Read {
    delays: Samples,
    pieces: usize,
    stalled: usize,
}

/// Reads all streams to their ends.
fn run(address: SocketAddr, plan: &Plan, request: impl Fn(usize) -> Vec<u8>, written: &Written) -> Read {
    written.lock().unwrap().iter_mut().for_each(Vec::clear);
    let requests: Vec<_> = (0..plan.streams).map(request).collect();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let read: Vec<Vec<Instant>> = runtime.block_on(async {
        let tasks: Vec<_> =
            requests.into_iter().map(|request| tokio::spawn(follow(address, request))).collect();
        let mut read = Vec::with_capacity(tasks.len());
        for task in tasks {
            read.push(task.await.unwrap().0);
        }
        read
    });
    let written = written.lock().unwrap();
    let mut delays = Samples::default();
    let mut stalled = 0;
    for (written, read) in written.iter().zip(&read) {
        delays.extend(written.iter().zip(read).map(|(written, read)| *read - *written));
        stalled += usize::from(read.windows(2).any(|pair| pair[1] - pair[0] > STALL));
    }
    Read { delays, pieces: read.iter().map(Vec::len).sum(), stalled }
}

/// When each piece of a stream was read, and all that came last.
async fn follow(address: SocketAddr, request: Vec<u8>) -> (Vec<Instant>, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(&request).await.unwrap();
    let (mut times, mut read) = (Vec::new(), Vec::with_capacity(1 << 12));
    loop {
        let is_open = matches!(stream.read_buf(&mut read).await, Ok(1..));
        let now = Instant::now();
        while let Some(at) = find(&read, MARK) {
            times.push(now);
            read.drain(..at + MARK.len());
        }
        if !is_open || read.ends_with(b"0\r\n\r\n") {
            return (times, read);
        }
    }
}

/// The end of the server while all streams are open, each of which must be told.
fn end(plan: &Plan, table: &mut Table, server: Server) {
    let (address, count) = (server.address, plan.streams);
    let (sender, begun) = mpsc::channel();
    let readers = std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let tasks: Vec<_> = (0..count)
                .map(|number| tokio::spawn(follow(address, chat(&format!("stream {number}"), true))))
                .collect();
            sender.send(()).unwrap();
            let mut told = 0;
            for task in tasks {
                let (_, rest) = task.await.unwrap();
                told += usize::from(find(&rest, b"server_shutdown").is_some());
            }
            told
        })
    });
    begun.recv().unwrap();
    // All of them are open, and have pieces left.
    std::thread::sleep(PAUSE * plan.pieces.min(60) as u32 / 3);
    let resident = server.resident();
    let took = server.end();
    let told = readers.join().unwrap();
    table.megabytes("resident memory with them", resident, 64.0);
    let figure = format!("{:.0} ms, {told} of {count} told", took.as_secs_f64() * 1e3);
    table.goal(
        "end with them open",
        figure,
        "1 s, all told",
        took <= Duration::from_secs(1) && told == count,
    );
}

/// A model server that streams to each, and notes when.
fn source(written: Written, pieces: usize) -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&written), pieces));
            }
        });
    });
    receiver.recv().unwrap()
}

async fn serve(mut stream: TcpStream, written: Written, pieces: usize) {
    stream.set_nodelay(true).unwrap();
    let mut read = Vec::with_capacity(1 << 12);
    loop {
        while let Some(end) = request_end(&read) {
            let request = String::from_utf8_lossy(&read[..end]).into_owned();
            read.drain(..end);
            let answered = match request.split_once("stream ") {
                Some((_, number)) if request.starts_with("POST /api/chat ") => {
                    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap();
                    send(&mut stream, &written, number[..digits].parse().unwrap(), pieces).await
                }
                _ => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await,
            };
            if answered.is_err() {
                return;
            }
        }
        if !matches!(stream.read_buf(&mut read).await, Ok(1..)) {
            return;
        }
    }
}

async fn send(
    stream: &mut TcpStream,
    written: &Written,
    number: usize,
    pieces: usize,
) -> std::io::Result<()> {
    let line = |content: &str, end: &str| {
        let line = format!(
            "{{\"model\":\"bench\",\"created_at\":\"2026-01-02T03:04:05.678901234Z\",\"message\":{{\"role\":\"assistant\",\"content\":\"{content}\"}},{end}}}\n"
        );
        format!("{:x}\r\n{line}\r\n", line.len())
    };
    let piece = line(" word", "\"done\":false");
    let last = line("", "\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":26,\"eval_count\":9")
        + "0\r\n\r\n";
    stream
        .write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        .await?;
    // The streams are spread over the pause, as those of different people are.
    let offset = PAUSE.mul_f64((number % 50) as f64 / 50.0);
    let mut ticks = interval_at((Instant::now() + offset).into(), PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..pieces {
        ticks.tick().await;
        written.lock().unwrap()[number].push(Instant::now());
        stream.write_all(piece.as_bytes()).await?;
    }
    stream.write_all(last.as_bytes()).await
}
