//! The calls over stdio: tools, through the pipes of one host.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::json;

use crate::host::{self, Host};
use crate::plan::{self, Expected, Kind, Tool};
use crate::{CALLERS, MAX_GROWTH, Plan, WARM_UP, print_usage};

/// Makes the calls, and asserts what holds after them.
pub(crate) async fn soak(plan: &Plan) {
    let &Plan { calls, seed, .. } = plan;
    let fake = plan::fake().await;
    let host = Arc::new(Host::start(&plan.binary, &fake.url()));
    let started = Instant::now();
    let tally = Arc::new(Tally::default());

    run(&host, &tally, seed, 0..WARM_UP.min(calls)).await;
    fake.clear_requests();
    let before = host.usage().await;
    for start in (WARM_UP..calls).step_by(1_000) {
        run(&host, &tally, seed, start..(start + 1_000).min(calls)).await;
        fake.clear_requests();
    }
    let after = host.usage().await;
    let took = started.elapsed();

    println!("{calls} calls (seed {seed}, {CALLERS} at a time) in {:.1} s\n", took.as_secs_f64());
    println!("| kind of call | ended as it must |\n|---|---|");
    for (kind, count) in tally.kinds.lock().unwrap().iter() {
        println!("| {kind} | {count} |");
    }
    println!("\nfollowed to their end with get_completion: {}", tally.followed.load(Ordering::SeqCst));
    println!(
        "cancelled: {}, of which answered all the same: {}",
        host.cancelled(),
        host.answered_though_cancelled()
    );
    println!("\n| | after {WARM_UP} calls | at the end |\n|---|---|---|");
    print_usage(&before, &after);
    let turns = tally.turns.load(Ordering::SeqCst);
    println!("\nturns of conversations that were answered: {turns}");
    assert_eq!(stored_messages(&host).await, 2 * turns, "what was answered is stored, and nothing else");
    let unanswered = host.unanswered();
    println!("\ncalls without an answer that were not cancelled: {unanswered}");
    assert_eq!((unanswered, host.answered_though_cancelled()), (0, 0));
    assert!(after.resident <= before.resident + MAX_GROWTH, "memory grew");
    assert!(after.files <= before.files + CALLERS, "open files grew");
    let ended = host.finish().await;
    println!("end of input to exit 0: {:.1} ms", ended.as_secs_f64() * 1000.0);
}

#[derive(Default)]
struct Tally {
    kinds: Mutex<BTreeMap<&'static str, usize>>,
    followed: AtomicUsize,
    /// Turns of conversations that were answered.
    turns: AtomicUsize,
}

/// Makes the calls of a range, so many at a time.
async fn run(host: &Arc<Host>, tally: &Arc<Tally>, seed: u64, range: std::ops::Range<usize>) {
    let next = Arc::new(AtomicUsize::new(range.start));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (host, tally, next) = (Arc::clone(host), Arc::clone(tally), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    if index >= range.end {
                        return;
                    }
                    let kind = Kind::of(seed, index);
                    one(&host, &tally, kind, index).await;
                    *tally.kinds.lock().unwrap().entry(kind.name()).or_default() += 1;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

/// Makes one call, and holds its answer against what its kind deserves.
async fn one(host: &Host, tally: &Tally, kind: Kind, index: usize) {
    let tool = Tool::of(kind, index);
    let mut params = json!({ "name": tool.name(), "arguments": kind.arguments(index, &host.file) });
    if index.is_multiple_of(2) {
        params["_meta"] = json!({ "progressToken": index });
    }
    let (id, answer) = host.request("tools/call", params).await;
    if let Some(after) = kind.cancelled_after(index) {
        tokio::time::sleep(after).await;
        return host.cancel(id).await;
    }
    let mut result = host::in_time(answer).await["result"].take();
    while result["structuredContent"]["status"] == "in_progress" {
        tally.followed.fetch_add(1, Ordering::SeqCst);
        let arguments = json!({ "completion_id": result["structuredContent"]["completion_id"] });
        let params = json!({ "name": "get_completion", "arguments": arguments });
        let (_, answer) = host.request("tools/call", params).await;
        result = host::in_time(answer).await["result"].take();
    }
    let structured = &result["structuredContent"];
    if tool == Tool::Embed {
        return assert!(result["isError"] != true, "{kind:?} {index}: {result:#}");
    }
    if kind == Kind::Background && structured["error"]["code"] == "overloaded" {
        // On a slow machine as many as may are past their deadline, and no more may begin so.
        return;
    }
    if tool == Tool::Converse && structured["status"] == "completed" {
        tally.turns.fetch_add(1, Ordering::SeqCst);
    }
    let reply = &structured["choices"][0]["message"]["content"];
    let (status, code) = (&structured["status"], &structured["error"]["code"]);
    match kind.expected() {
        Expected::Reply(text) => {
            assert!(status == "completed" && reply == text, "{kind:?} {index}: {result:#}")
        }
        Expected::Error(expected) => assert!(code == expected, "{kind:?} {index}: {result:#}"),
        Expected::Nothing => panic!("{kind:?} {index} is cancelled, not answered"),
    }
}

/// How many messages all conversations have.
async fn stored_messages(host: &Host) -> usize {
    let (mut messages, mut arguments) = (0, json!({}));
    loop {
        let params = json!({ "name": "list_conversations", "arguments": arguments });
        let (_, answer) = host.request("tools/call", params).await;
        let page = host::in_time(answer).await["result"]["structuredContent"].take();
        let listed = page["conversations"].as_array().unwrap();
        messages += listed.iter().map(|one| one["messages"].as_u64().unwrap() as usize).sum::<usize>();
        match page["next_cursor"].as_str() {
            Some(next) => arguments = json!({ "cursor": next }),
            None => return messages,
        }
    }
}
