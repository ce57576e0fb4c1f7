//! A prompt of 10 MB, and replies of 10 MB.

use std::time::Instant;

use crate::Plan;
use crate::common::report::{MB, Table};
use crate::fake_ollama::{Answer, FakeOllama};
use crate::server::Server;
use crate::upstream::{self, content_line, done_line};

const SIZE: usize = 10_000_000;

/// Pieces of the reply that comes in many.
const PIECE: usize = 4 * 1024;

/// Each in a process of its own, so that peaks do not mix.
pub(crate) fn ten_megabytes(plan: &Plan, table: &mut Table) {
    let fake = upstream::start();
    let text = text();
    measure(plan, table, &fake, "10 MB prompt", &text, 5.0);

    let mut pieces: Vec<_> = text.as_bytes().chunks(PIECE).map(ascii_line).collect();
    pieces.push(done_line());
    reply(&fake, pieces);
    measure(plan, table, &fake, "10 MB reply in pieces of 4 KB", "Go on.", 10.0);

    reply(&fake, vec![content_line(&text), done_line()]);
    measure(plan, table, &fake, "10 MB reply in one piece", "Go on.", 10.0);
}

fn measure(plan: &Plan, table: &mut Table, fake: &FakeOllama, what: &str, prompt: &str, times: f64) {
    let url = fake.url();
    let settings = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MCP_MAX_MESSAGE_BYTES", "64MiB")];
    let mut server = Server::ready(&plan.binary, &settings);
    let start = Instant::now();
    let answer = server.chat(prompt);
    let took = start.elapsed().as_secs_f64() * 1e3;
    assert!(prompt.len() == SIZE || answer.len() > SIZE, "the answer has {} bytes", answer.len());
    let Some(memory) = server.memory() else {
        return table.row(what, format!("answered in {took:.0} ms; memory not known on this system"));
    };
    let ratio = memory.peak as f64 / SIZE as f64;
    let figure = format!("{took:.0} ms, peak {:.1} MB ({ratio:.1} times its size)", memory.peak as f64 / MB);
    table.goal(what, figure, &format!("peak under {times:.0} times"), ratio < times);
}

fn reply(fake: &FakeOllama, chunks: Vec<Vec<u8>>) {
    let answer: Answer = upstream::reply(chunks);
    fake.on("POST", "/api/chat", answer);
}

/// Prose with line ends and quotes, which JSON escapes.
fn text() -> String {
    "He said \"the sky is blue, and the sea is as well\".\n".chars().cycle().take(SIZE).collect()
}

fn ascii_line(bytes: &[u8]) -> Vec<u8> {
    content_line(std::str::from_utf8(bytes).unwrap())
}
