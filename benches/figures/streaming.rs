//! How long a streamed piece takes to its reader: as a progress notification, and straight over HTTP.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::Plan;
use crate::common::report::{Samples, Table};
use crate::pieces::{self, PIECE};
use crate::server::Server;
use crate::upstream::{self, Direct};

/// Pieces of a stream.
pub(crate) const PIECES: usize = 500;

/// Streams of both kinds in turn, coalescing off.
pub(crate) fn deltas(plan: &Plan, table: &mut Table) {
    let source = pieces::start(PIECES);
    let settings = [("OLLAMA_HOST", source.url.as_str()), ("OLLAMA_MCP_PROGRESS_INTERVAL", "0")];
    let mut server = Server::ready(&plan.binary, &settings);
    let direct = Direct::new(&source.url, "Tell a story.");
    let runtime = upstream::runtime();
    let (mut through, mut beside) = (Samples::default(), Samples::default());
    // The first round is to warm up.
    for round in 0..=plan.streams {
        let read = read_direct(&runtime, &direct);
        let straight = delays(&source.written.recv().unwrap(), &read);
        let read = read_progress(&mut server);
        let told = delays(&source.written.recv().unwrap(), &read);
        if round > 0 {
            beside.extend(straight);
            through.extend(told);
        }
    }
    table.row("direct streamed piece, p50 / p99", beside.show());
    table.row("streamed delta over MCP, p50 / p99", through.show());
    // Percentiles of the differences: each piece has the direct one at the same position of the stream before.
    let added = through.added_to(&beside);
    let p50 = added.percentile(50);
    table.goal("time added to a streamed delta, p50 / p99", added.show(), "p50 0.1 ms", p50 <= 0.1);
}

fn delays(written: &[Instant], read: &[Instant]) -> Vec<Duration> {
    assert_eq!(written.len(), read.len(), "pieces were lost");
    written.iter().zip(read).map(|(written, read)| *read - *written).collect()
}

/// When each piece was read from the body.
fn read_direct(runtime: &Runtime, direct: &Direct) -> Vec<Instant> {
    runtime.block_on(async {
        let mut times = Vec::with_capacity(PIECES);
        let mut response = direct.begin().await;
        while let Some(chunk) = response.chunk().await.unwrap() {
            let now = Instant::now();
            let lines = chunk.iter().filter(|byte| **byte == b'\n').count();
            times.extend(std::iter::repeat_n(now, lines));
        }
        // The last line has no piece.
        times.pop();
        times
    })
}

/// When the progress notification that holds each piece was read. Two may share one where the server was late.
fn read_progress(server: &mut Server) -> Vec<Instant> {
    let arguments = json!({ "model": "bench", "prompt": "Tell a story." });
    let params =
        json!({ "name": "chat_completion", "arguments": arguments, "_meta": { "progressToken": "t" } });
    server.send("tools/call", &params);
    let mut lines = Vec::with_capacity(PIECES);
    loop {
        let line = server.read();
        lines.push((Instant::now(), line));
        // Decoded after the stream, so as not to be late for the next line.
        if lines.last().is_some_and(|(_, line)| line.contains("\"result\":")) {
            break;
        }
    }
    let mut times = Vec::with_capacity(PIECES);
    for (at, line) in lines {
        let message: Value = serde_json::from_str(&line).unwrap();
        let delta = message.pointer("/params/_meta/ollama-mcp~1delta").and_then(Value::as_str);
        times.extend(std::iter::repeat_n(at, delta.map_or(0, |delta| delta.matches(PIECE).count())));
    }
    times
}
