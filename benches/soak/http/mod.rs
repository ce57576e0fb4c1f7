//! The calls over HTTP: each dialect, MCP with and without sessions, and rounds of a thousand open streams.

mod client;
mod mcp;
mod open_streams;
mod requests;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::process::Usage;
use crate::common::serve::Serve;
use crate::fake_ollama::{Answer, FakeOllama, Gate, Request};
use crate::plan::{self, Expected, Kind};
use crate::{CALLERS, PATIENCE, Plan, WARM_UP, print_usage};
use client::Client;
use requests::Form;

/// Calls between two rounds of open streams.
const BLOCK: usize = 1_000;
/// Rounds of open streams before memory is measured for the first time.
const WARM_UP_ROUNDS: usize = 8;
/// What memory may grow by between the two measurements, in bytes. It is more than over stdio, as the rounds of streams move it
/// by some megabytes. A leak of 500 bytes a call and a stream exceeds it in 10,000 calls.
const MAX_GROWTH: u64 = 8 << 20;
/// Descriptors that may be more at the end: idle connections to the model server.
const MAX_MORE_FILES: usize = CALLERS;
/// Threads that may be more at the end: those of blocking work end ten seconds after it.
const MAX_MORE_THREADS: usize = 4;
/// How long the server has to come to rest after its clients have gone.
const REST_WITHIN: Duration = Duration::from_secs(20);

/// The settings of the server. Half of the open streams of a round generate, and half wait in the queue.
const SETTINGS: [(&str, &str); 3] = [
    ("OLLAMA_MCP_MAX_CONCURRENT", "500"),
    ("OLLAMA_MCP_CALL_DEADLINE", "1s"),
    // Longer than a busy machine needs to open all streams of a round: those that were opened first are silent meanwhile.
    ("OLLAMA_MCP_IDLE_TIMEOUT", "60s"),
];

/// What came of the calls so far.
#[derive(Default)]
struct Tally {
    forms: Mutex<BTreeMap<&'static str, usize>>,
    kinds: Mutex<BTreeMap<&'static str, usize>>,
    /// Turns of conversations that were answered.
    turns: AtomicUsize,
    /// Sessions that nobody has ended yet.
    left_sessions: Mutex<Vec<String>>,
}

/// What a call came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reply(String),
    /// With its code; empty in dialects that have none.
    Error(String),
    /// Its caller went.
    Left,
    /// It was another kind of call, and ended as it must.
    Other,
}

/// Makes the calls, and asserts what holds after them.
pub(crate) async fn soak(plan: &Plan) {
    let &Plan { calls, seed, .. } = plan;
    let gate = Arc::new(Mutex::new(Gate::new()));
    let fake = fake(Arc::clone(&gate)).await;
    let home = tempfile::TempDir::new().unwrap();
    let server = Serve::start(&plan.binary, &fake.url(), &home.path().join("data"), &SETTINGS);
    let started = Instant::now();
    let tally = Arc::new(Tally::default());

    let mut first = None;
    let mut open = None;
    for start in (0..calls).step_by(BLOCK) {
        run(&server, &tally, seed, start..(start + BLOCK).min(calls)).await;
        // The first rounds of streams spread over the arenas of the allocator: it grows with each of them, and then no more.
        let rounds = if start < WARM_UP { WARM_UP_ROUNDS } else { 1 };
        for _ in 0..rounds {
            open = open_streams::round(&server, &gate).await;
            fake.clear_requests();
        }
        if start < WARM_UP {
            first = Some((resting(&server, None).await, open));
        }
    }
    let (before, first_open) = first.expect("at least one call");
    let after = resting(&server, Some(&before)).await;
    let took = started.elapsed();

    println!("{calls} calls over HTTP (seed {seed}, {CALLERS} at a time) in {:.1} s\n", took.as_secs_f64());
    for (title, counts) in [("form", &tally.forms), ("kind of call", &tally.kinds)] {
        println!("| {title} | ended as it must |\n|---|---|");
        for (name, count) in counts.lock().unwrap().iter() {
            println!("| {name} | {count} |");
        }
        println!();
    }
    println!("| | after {} calls | at the end |\n|---|---|---|", WARM_UP.min(calls));
    print_usage(&before, &after);
    let resident = |usage: Option<Usage>| usage.map_or(0, |usage| usage.resident / 1024);
    let streams = open_streams::COUNT;
    println!(
        "| resident memory with {streams} streams open | {} KiB | {} KiB |",
        resident(first_open),
        resident(open)
    );
    let turns = tally.turns.load(Ordering::SeqCst);
    println!("\nturns of conversations that were answered: {turns}");
    assert_eq!(stored_messages(&server).await, 2 * turns, "what was answered is stored, and nothing else");
    assert!(after.resident <= before.resident + MAX_GROWTH, "memory grew");
    assert!(after.files <= before.files + MAX_MORE_FILES, "open files grew");
    assert!(after.threads <= before.threads + MAX_MORE_THREADS, "threads grew");
    println!("signal to exit 0: {:.1} ms", server.end().as_secs_f64() * 1000.0);
}

/// Makes the calls of a range, so many at a time.
async fn run(server: &Serve, tally: &Arc<Tally>, seed: u64, range: std::ops::Range<usize>) {
    let next = Arc::new(AtomicUsize::new(range.start));
    // One client for each range: its connections end with it.
    let client = Client::new(server);
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (client, tally, next) = (client.clone(), Arc::clone(tally), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    if index >= range.end {
                        return;
                    }
                    one(&client, &tally, seed, index).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

/// Makes one call, and compares what comes of it with what its kind deserves.
async fn one(client: &Client, tally: &Tally, seed: u64, index: usize) {
    let kind = Kind::of(seed, index);
    let form = Form::of(kind, index);
    let made = tokio::time::timeout(PATIENCE, form.run(client, tally, kind, index)).await;
    let outcome = made.unwrap_or_else(|_| panic!("{form:?} {kind:?} {index} has no end"));
    let as_it_must = match (kind.expected(), &outcome) {
        (_, Outcome::Other) => true,
        (Expected::Reply(text), Outcome::Reply(reply)) => reply == text,
        (Expected::Error(expected), Outcome::Error(code)) => code.is_empty() || code == expected,
        (Expected::Nothing, Outcome::Left) => true,
        _ => false,
    };
    assert!(as_it_must, "{form:?} {kind:?} {index}: {outcome:?}");
    if form == Form::Turn && matches!(outcome, Outcome::Reply(_)) {
        tally.turns.fetch_add(1, Ordering::SeqCst);
    }
    *tally.forms.lock().unwrap().entry(form.name()).or_default() += 1;
    *tally.kinds.lock().unwrap().entry(kind.name()).or_default() += 1;
}

/// What the server holds when nothing runs and no client is connected. With `before` it has time to come back to that.
async fn resting(server: &Serve, before: Option<&Usage>) -> Usage {
    let started = Instant::now();
    loop {
        let client = Client::new(server);
        let queue = client.local_json("/x/queue").await;
        drop(client);
        let rests = queue["running"] == 0 && queue["waiting"] == 0;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let usage = server.usage().expect("a system with /proc");
        let is_back = before.is_none_or(|before| {
            usage.files <= before.files + MAX_MORE_FILES && usage.threads <= before.threads
        });
        // Before the first measurement idle threads have time to end.
        let has_waited = before.is_some() || started.elapsed() > Duration::from_secs(11);
        if rests && is_back && has_waited {
            return usage;
        }
        if started.elapsed() > REST_WITHIN {
            assert!(rests, "work goes on without callers: {queue}");
            return usage;
        }
    }
}

/// How many messages all conversations have.
async fn stored_messages(server: &Serve) -> usize {
    let listed = Client::new(server).json("/chat/history").await;
    let chats = listed["chats"].as_object().unwrap().values();
    chats.map(|chat| chat["message_count"].as_u64().unwrap() as usize).sum()
}

/// A fake that does as the prompts say. Streams of an open round wait for its gate.
async fn fake(gate: Arc<Mutex<Gate>>) -> FakeOllama {
    let fake = FakeOllama::start().await.with_defaults();
    let seen = Mutex::new(HashSet::new());
    fake.on(
        "POST",
        "/api/embed",
        Answer::json(200, json!({ "model": plan::MODEL, "embeddings": [[0.5, 1.0]] })),
    );
    let answer = Answer::computed(move |request| match open_streams::is_of_round(request) {
        true => Answer::ndjson(&plan::lines()).gate_after(open_streams::BEFORE_GATE, &gate.lock().unwrap()),
        false if is_slow(request) => Answer::ndjson(&plan::lines()).slow_drip(60, Duration::from_millis(150)),
        false => plan::answer(request, &seen),
    });
    fake.on("POST", "/api/chat", answer);
    fake
}

/// Slower than the deadline here, which is longer than over stdio: a call that is cancelled must be so before it, also where
/// a session takes several requests on a machine that is busy.
fn is_slow(request: &Request) -> bool {
    let body = request.json();
    let last = body["messages"].as_array().and_then(|messages| messages.last());
    last.is_some_and(|last| last["content"].as_str().is_some_and(|prompt| prompt.starts_with("Slow ")))
}
