//! A thousand chat calls under way at once, the queue open.

use std::time::Instant;

use crate::Plan;
use crate::common::report::{MB, Table};
use crate::fake_ollama::Gate;
use crate::server::{Server, assert_completed, chat};
use crate::upstream;

const CALLS: usize = 1000;

/// All calls reach the fake before the first one is answered.
pub(crate) fn thousand_in_flight(plan: &Plan, table: &mut Table) {
    let fake = upstream::start();
    let gate = Gate::new();
    fake.on("POST", "/api/chat", upstream::small_reply().delay_head(&gate));
    let url = fake.url();
    let settings = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MCP_MAX_CONCURRENT", "1000")];
    let mut server = Server::ready(&plan.binary, &settings);
    let start = Instant::now();
    for _ in 0..CALLS {
        server.send("tools/call", &chat("Say hello."));
    }
    upstream::runtime().block_on(fake.wait_for_requests_to("POST", "/api/chat", CALLS));
    let gathered = start.elapsed();
    gate.open();
    for _ in 0..CALLS {
        assert_completed(&server.read());
    }
    let total = start.elapsed();
    let figure = format!(
        "{CALLS} answered; all at Ollama after {:.0} ms, all answered after {:.0} ms",
        gathered.as_secs_f64() * 1e3,
        total.as_secs_f64() * 1e3
    );
    table.goal("1,000 chat calls in flight", figure, "all answered", true);
    let peak = server.memory().map(|memory| memory.peak as f64 / MB);
    match peak {
        Some(peak) => {
            table.goal("peak memory with them", format!("{peak:.1} MB"), "under 64 MB", peak < 64.0);
        }
        None => table.row("peak memory with them", "not known on this system"),
    }
}
