//! Start-up, small calls one by one and 32 at a time, and sizes.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::Plan;
use crate::common::report::{MB, Samples, Table};
use crate::server::{Server, assert_completed, chat};
use crate::upstream::{self, Direct};

const PROMPT: &str = "Say hello.";

/// Calls that are under way at a time.
const PARALLEL: usize = 32;

/// Calls before the fake's log of requests is emptied.
const LOGGED: usize = 500;

/// From before the process is started to the answer of `initialize`, and its memory after `tools/list`.
pub(crate) fn start_up(plan: &Plan, table: &mut Table) {
    let mut samples = Samples::default();
    // Of each process: how much of a file the kernel maps differs by half a megabyte.
    let mut resident = Vec::new();
    for _ in 0..plan.spawns {
        let start = Instant::now();
        let mut server = Server::start(&plan.binary, &[]);
        server.initialize();
        samples.push(start.elapsed());
        server.ask("tools/list", &json!({}));
        resident.extend(server.memory().map(|memory| memory.resident));
    }
    let p50 = samples.percentile(50);
    table.goal("spawn to `initialize` answer, p50 / p99", samples.show(), "p50 5 ms", p50 <= 5.0);
    resident.sort_unstable();
    let median = resident.get(resident.len() / 2).copied();
    table.megabytes("resident memory after `tools/list`, p50", median, 10.0);
}

/// `tools/list`, chat calls one by one beside direct ones, then 32 at a time; memory after them.
pub(crate) fn calls(plan: &Plan, table: &mut Table) {
    let fake = upstream::start();
    let url = fake.url();
    let settings = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MCP_MAX_CONCURRENT", "32")];
    let mut server = Server::ready(&plan.binary, &settings);

    let mut lists = Samples::default();
    for _ in 0..plan.lists {
        let start = Instant::now();
        server.ask("tools/list", &json!({}));
        lists.push(start.elapsed());
    }
    let p50 = lists.percentile(50);
    table.goal("`tools/list` round trip, p50 / p99", lists.show(), "p50 0.1 ms", p50 <= 0.1);

    let direct = Direct::new(&url, PROMPT);
    let runtime = upstream::runtime();
    let (mut through, mut beside) = (Samples::default(), Samples::default());
    for number in 0..plan.chats * 3 / 2 {
        let start = Instant::now();
        runtime.block_on(direct.call());
        let middle = Instant::now();
        server.chat(PROMPT);
        // The first third is to warm up.
        if number >= plan.chats / 2 {
            beside.push(middle - start);
            through.push(middle.elapsed());
        }
        if number % LOGGED == 0 {
            fake.clear_requests();
        }
    }
    table.row("direct HTTP chat call, p50 / p99", beside.show());
    table.row("chat call over MCP, p50 / p99", through.show());
    // Percentiles of the differences: each call has the direct one that was made just before it.
    let added = through.added_to(&beside);
    let (p50, p99) = (added.percentile(50), added.percentile(99));
    table.goal("time added to a chat call, p50 / p99", added.show(), "0.2 / 1 ms", p50 <= 0.2 && p99 <= 1.0);

    fake.clear_requests();
    let total = plan.parallel / PARALLEL * PARALLEL;
    let beside = total as f64 / runtime.block_on(direct_in_parallel(&direct, total)).as_secs_f64();
    fake.clear_requests();
    let through = total as f64 / in_parallel(&mut server, total).as_secs_f64();
    table.row("direct HTTP calls, 32 in flight", format!("{beside:.0} a second"));
    table.row("calls over MCP, 32 in flight", format!("{through:.0} a second"));
    let loaded = server.memory().map_or("not known on this system".to_owned(), |memory| {
        format!("{:.1} MB", memory.resident as f64 / MB)
    });
    table.row(&format!("resident memory after {} calls", plan.chats * 3 / 2 + total), loaded);
}

/// What is on disk, and what `tools/list` costs a host.
pub(crate) fn sizes(plan: &Plan, table: &mut Table) {
    let binary = std::fs::metadata(&plan.binary).unwrap().len();
    // 14 before the HTTP server came into it.
    table.megabytes("release binary", Some(binary), 22.0);
    let mut server = Server::ready(&plan.binary, &[]);
    let answer = server.ask("tools/list", &json!({}));
    let limit = 24 * 1024;
    let figure = format!("{} bytes", answer.len());
    table.goal("`tools/list` answer", figure, &format!("{limit} bytes"), answer.len() <= limit);
}

fn in_parallel(server: &mut Server, total: usize) -> Duration {
    let params = chat(PROMPT);
    let start = Instant::now();
    for _ in 0..PARALLEL {
        server.send("tools/call", &params);
    }
    for answered in 0..total {
        assert_completed(&server.read());
        if answered + PARALLEL < total {
            server.send("tools/call", &params);
        }
    }
    start.elapsed()
}

async fn direct_in_parallel(direct: &Direct, total: usize) -> Duration {
    let start = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..PARALLEL {
        let direct = direct.clone();
        callers.spawn(async move {
            for _ in 0..total / PARALLEL {
                direct.call().await;
            }
        });
    }
    callers.join_all().await;
    start.elapsed()
}
