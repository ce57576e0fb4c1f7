//! The start, and requests one by one beside direct ones.

use std::time::Instant;

use crate::Plan;
use crate::client::{Client, chat, ollama_chat, post};
use crate::common::report::{Samples, Table};
use crate::server::Server;
use crate::tiny;

const PROMPT: &str = "Say hello.";

/// From before the process is started to its first answer, and what is resident then.
pub(crate) fn start_up(plan: &Plan, table: &mut Table) {
    let ollama = format!("http://{}", tiny::start());
    let mut samples = Samples::default();
    let mut resident = Vec::new();
    // The first one makes the key and migrates.
    Server::over(&plan.binary, &ollama)
        .client()
        .call(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    for _ in 0..plan.spawns {
        let start = Instant::now();
        let server = Server::over(&plan.binary, &ollama);
        let response = server.client().call(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
        samples.push(start.elapsed());
        assert_eq!(response.status, 200);
        server.client().call(&chat(PROMPT, false));
        resident.extend(server.resident());
    }
    let p50 = samples.percentile(50);
    table.goal("start to the first answered request, p50 / p99", samples.show(), "p50 10 ms", p50 <= 10.0);
    resident.sort_unstable();
    table.megabytes(
        "resident memory, idle after one completion, p50",
        resident.get(resident.len() / 2).copied(),
        14.0,
    );
}

/// Whole completions and first pieces beside direct calls; `tools/list`.
pub(crate) fn requests(plan: &Plan, table: &mut Table) {
    let ollama = tiny::start();
    let server = Server::over(&plan.binary, &format!("http://{ollama}"));
    let (mut through, mut direct) = (server.client(), Client::connect(ollama));
    for (stream, what, p50, p99) in [
        (false, "time added to a whole completion", 0.1, 0.3),
        (true, "time added to the first token", 0.15, 0.35),
    ] {
        let (mut with, mut without) = (Samples::default(), Samples::default());
        let (request, plain) = (chat(PROMPT, stream), ollama_chat(PROMPT));
        for number in 0..plan.requests * 3 / 2 {
            let call = if stream { Client::call_streamed } else { Client::call };
            let start = Instant::now();
            let response = call(&mut direct, &plain);
            let direct_took = response.first.unwrap_or_else(Instant::now) - start;
            let start = Instant::now();
            let response = call(&mut through, &request);
            let took = response.first.unwrap_or_else(Instant::now) - start;
            assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
            if number >= plan.requests / 2 {
                without.push(direct_took);
                with.push(took);
            }
        }
        let added = with.added_to(&without);
        let met = added.percentile(50) <= p50 && added.percentile(99) <= p99;
        table.goal(&format!("{what}, p50 / p99"), added.show(), &format!("{p50} / {p99} ms"), met);
    }
    let list = post("/mcp", r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    let mut lists = Samples::default();
    for _ in 0..plan.requests / 4 {
        let start = Instant::now();
        let response = through.call(&list);
        lists.push(start.elapsed());
        assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
    }
    let p50 = lists.percentile(50);
    table.goal("`tools/list` on /mcp, p50 / p99", lists.show(), "p50 0.3 ms", p50 <= 0.3);
}
