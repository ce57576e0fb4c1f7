//! Floods of a client: answered or refused by rule, memory bounded, and the server alive after it.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::tool_error;
use crate::support::process::Process;
#[cfg(target_os = "linux")]
use crate::support::process::peak_kib;

/// A model that is installed in the fake's world.
const MODEL: &str = "gemma3:270m";

/// Far above what these floods need, far below what they would take if all of it were kept.
#[cfg(target_os = "linux")]
const MAX_MEMORY_KIB: u64 = 96 * 1024;

/// The server under a flood.
struct Flooded {
    host: Process,
    fake: FakeOllama,
    gate: Gate,
}

/// A process over a fake whose chats stop in the middle until the gate opens.
async fn start(flags: &[&str]) -> Flooded {
    let fake = FakeOllama::start().await.with_defaults();
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(3, &gate));
    let host = Process::start(&fake, flags);
    Flooded { host, fake, gate }
}

fn request(id: &Value, method: &str, params: &Value) -> String {
    format!("{}\n", json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
}

fn chat(prompt: usize) -> Value {
    json!({ "name": "chat_completion", "arguments": { "model": "gemma3:270m", "prompt": format!("{prompt}") } })
}

impl Flooded {
    /// Writes all of it from a task of its own, and keeps the input open.
    fn flood(
        &mut self,
        bytes: Vec<u8>,
    ) -> tokio::task::JoinHandle<Box<dyn tokio::io::AsyncWrite + Send + Unpin>> {
        use tokio::io::AsyncWriteExt as _;
        let mut writer = self.host.take_writer();
        tokio::spawn(async move {
            writer.write_all(&bytes).await.unwrap();
            writer
        })
    }

    /// What the next messages answer: how many of each kind.
    async fn answers(&mut self, n: usize) -> HashMap<String, usize> {
        let mut kinds = HashMap::new();
        for _ in 0..n {
            *kinds.entry(kind(&self.host.next().await)).or_default() += 1;
        }
        kinds
    }

    /// Ends the input; the server ends well, and says nothing more.
    #[allow(clippy::print_stdout, reason = "the measured memory is a finding of the test")]
    async fn over(self, what: &str, started: Instant) {
        println!("{what}: {:?}", started.elapsed());
        #[cfg(target_os = "linux")]
        {
            let peak = peak_kib(self.host.id());
            println!("{what}: at most {peak} KiB resident");
            assert!(peak < MAX_MEMORY_KIB, "{what}: {peak} KiB");
        }
        self.host.finish().await.well();
    }
}

/// What a message is: the status or error code of an answer.
fn kind(message: &Value) -> String {
    let structured = &message["result"]["structuredContent"];
    let found = [&message["error"]["code"], &structured["error"]["code"], &structured["status"]];
    let found = found.into_iter().find(|value| !value.is_null());
    found.map_or_else(|| "result".to_owned(), |value| value.to_string().replace('"', ""))
}

fn counts<const N: usize>(counts: [(&str, usize); N]) -> HashMap<String, usize> {
    counts.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_concurrent_chats_are_answered() {
    let mut flooded = start(&[]).await;
    let started = Instant::now();
    let calls = (0..20_000).map(|id| request(&json!(id), "tools/call", &chat(id)));
    let writing = flooded.flood(calls.collect::<String>().into_bytes());
    // Four run and 1,024 wait; the others are told so at once.
    assert_eq!(flooded.answers(20_000 - 1028).await, counts([("overloaded", 20_000 - 1028)]));
    flooded.gate.open();
    assert_eq!(flooded.answers(1028).await, counts([("completed", 1028)]));
    assert_eq!(flooded.fake.requests_to("POST", "/api/chat").len(), 1028);
    assert!(flooded.fake.peak_in_flight() <= 4);
    flooded.host.give_writer(writing.await.unwrap());
    flooded.over("20,000 chats", started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_over_in_flight_limit_are_answered() {
    let mut flooded = start(&[]).await;
    let started = Instant::now();
    let mut background = chat(0);
    background["arguments"]["background"] = json!(true);
    let first = flooded.host.request("tools/call", background).await;
    let answer = flooded.host.answer(first).await;
    let id = &answer["result"]["structuredContent"]["completion_id"];
    flooded.gate.reached(1).await;
    // By its id: some of them may look for it only when others have seen its end.
    let arguments = json!({ "completion_id": id, "wait_seconds": 600 });
    let params = json!({ "name": "get_completion", "arguments": arguments });
    let calls = (1_000..21_000).map(|id| request(&json!(id), "tools/call", &params));
    let writing = flooded.flood(calls.collect::<String>().into_bytes());
    assert_eq!(flooded.answers(20_000 - 4096).await, counts([("-32603", 20_000 - 4096)]));
    flooded.gate.open();
    assert_eq!(flooded.answers(4096).await, counts([("completed", 4096)]));
    flooded.host.give_writer(writing.await.unwrap());
    flooded.over("20,000 waits", started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_in_flight_id_is_refused() {
    let mut flooded = start(&[]).await;
    let started = Instant::now();
    flooded
        .host
        .send(&json!({ "jsonrpc": "2.0", "id": "same", "method": "tools/call", "params": chat(0) }))
        .await;
    flooded.gate.reached(1).await;
    let again = request(&json!("same"), "tools/list", &json!({}));
    flooded.host.write(again.repeat(1_000)).await;
    assert_eq!(flooded.answers(1_000).await, counts([("-32600", 1_000)]));
    flooded.gate.open();
    assert_eq!(flooded.answers(1).await, counts([("completed", 1)]));
    flooded.host.write(again).await;
    assert_eq!(flooded.answers(1).await, counts([("result", 1)]));
    flooded.over("1,000 duplicates", started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn megabyte_of_garbage_is_refused() {
    const SIZE: usize = 1 << 20;
    let mut flooded = start(&[]).await;
    let started = Instant::now();
    // Whatever bytes, by a generator of our own: the same on every run.
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    let noise: Vec<u8> = (0..SIZE).map(|_| noise()).collect();
    let blank = |line: &&[u8]| !line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    let noisy = noise.split(|byte| *byte == b'\n').filter(blank).count();
    let floods: [(&str, Vec<u8>, Option<usize>); 6] = [
        ("blank lines", b"\n".repeat(SIZE), Some(0)),
        ("short lines", b"nonsense nonsense!\n".repeat(SIZE / 19), Some(SIZE / 19)),
        ("open brackets", [b"[".repeat(SIZE), b"\n".to_vec()].concat(), Some(1)),
        ("open objects", [b"{\"a\":".repeat(SIZE / 5), b"\n".to_vec()].concat(), Some(1)),
        ("zeros", [b"\0".repeat(SIZE), b"\n".to_vec()].concat(), Some(1)),
        ("noise", [noise, b"\n".to_vec()].concat(), None),
    ];
    for (what, bytes, refused) in floods {
        let since = Instant::now();
        let mut bytes = bytes;
        bytes.extend(request(&json!("next"), "tools/list", &json!({})).into_bytes());
        let writing = flooded.flood(bytes);
        let mut codes = HashMap::new();
        loop {
            let answer = flooded.host.next().await;
            if answer["id"] == "next" {
                break;
            }
            *codes.entry(kind(&answer)).or_insert(0) += 1;
        }
        flooded.host.give_writer(writing.await.unwrap());
        println!("{what}: {codes:?} after {:?}", since.elapsed());
        let all: usize = codes.values().sum();
        assert_eq!(all, refused.unwrap_or(noisy), "{what}: {codes:?}");
        assert!(codes.keys().all(|code| code == "-32700" || code == "-32600"), "{what}: {codes:?}");
    }
    flooded.over("garbage", started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_of_ten_thousand_is_answered() {
    let mut flooded = start(&[]).await;
    let started = Instant::now();
    let ping = |id: usize| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
    let batch = |items: Vec<String>| format!("[{}]\n", items.join(",")).into_bytes();
    let writing = flooded.flood(batch((0..10_000).map(ping).collect()));
    assert_eq!(flooded.answers(10_000).await, counts([("result", 10_000)]));
    flooded.host.give_writer(writing.await.unwrap());
    let writing = flooded.flood(batch((0..10_000).map(|n| format!("{n}")).collect()));
    assert_eq!(flooded.answers(10_000).await, counts([("-32600", 10_000)]));
    flooded.host.give_writer(writing.await.unwrap());
    let note = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#.to_owned();
    flooded.host.write(batch(vec![note; 10_000])).await;
    flooded.host.still_serves().await;
    flooded.over("batches", started).await;
}

/// A server that answers, with a fake that says what it likes.
async fn hostile() -> (FakeOllama, Process) {
    let fake = FakeOllama::start().await.with_defaults();
    let mut host = Process::start(&fake, &["--toolsets=all"]);
    host.handshake("2025-11-25", "tests").await;
    (fake, host)
}

/// A tool's answer, and how it is under this memory.
#[allow(clippy::print_stdout, reason = "the measured memory is a finding of the test")]
async fn called(host: &mut Process, tool: &str, arguments: Value, most_mib: u64) -> Value {
    let params = json!({ "name": tool, "arguments": arguments });
    let answer = host.ask("tools/call", params).await;
    #[cfg(target_os = "linux")]
    {
        let peak = peak_kib(host.id()) / 1024;
        println!("{tool}: {peak} MiB");
        assert!(peak <= most_mib, "{tool} took {peak} MiB");
    }
    answer["result"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_from_model_server_are_bounded() {
    let (fake, mut host) = hostile().await;
    let list = |entry: &str, count: usize| format!("[{}]", vec![entry; count].join(","));
    let text = |body: String| Answer::text(200, "application/json", &body);
    let many = |count| text(format!("{{\"models\":{}}}", list("{}", count)));
    let long = || text(format!("{{\"models\":[{{\"name\":\"{}\"}}]}}", "x".repeat(20 << 20)));
    for (path, tool, what, answer) in [
        ("/api/tags", "list_models", "more than 10000 entries", many(1_000_000)),
        ("/api/tags", "list_models", "longer than 16777216 bytes", long()),
        ("/api/ps", "list_running_models", "more than 10000 entries", many(1_000_000)),
        ("/api/ps", "list_running_models", "longer than 16777216 bytes", long()),
    ] {
        fake.on("GET", path, answer);
        let result = called(&mut host, tool, json!({}), 250).await;
        let (code, said) = tool_error(&result);
        assert_eq!(code, "upstream_error", "{tool}: {said}");
        assert!(said.contains(what) && said.len() < 2_000, "{tool}: {said}");
    }
    let vocabulary = text(format!("{{\"model_info\":{{\"a\":{}}}}}", list("0", 5_000_000)));
    fake.on("POST", "/api/show", vocabulary);
    let result = called(&mut host, "show_model", json!({ "model": MODEL, "verbose": true }), 250).await;
    assert_eq!(result["structuredContent"]["metadata"]["a"], "(5000000 items)", "{result:#}");
    for (vectors, what) in [
        (list("[]", 1_000_000), "more than 2049"),
        (format!("[{}]", list("0", 5_000_000)), "more than 65536"),
    ] {
        fake.on("POST", "/api/embed", text(format!("{{\"embeddings\":{vectors}}}")));
        let result = called(&mut host, "embed", json!({ "model": MODEL, "input": "a" }), 250).await;
        assert!(tool_error(&result).1.contains(what), "{result:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_replies_are_stopped_and_partial_text_is_retained() {
    let (fake, mut host) = hostile().await;
    let calls = format!(r#"{{"message":{{"tool_calls":[{}]}},"done":false}}"#, vec!["{}"; 1_000].join(","));
    let calls = format!("{calls}\n").into_bytes();
    fake.on("POST", "/api/chat", Answer::raw_chunks(vec![calls; 400]));
    let chat = json!({ "model": MODEL, "prompt": "?" });
    let result = called(&mut host, "chat_completion", chat.clone(), 250).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "interrupted");
    assert!(said.contains("The reply was stopped: it is longer than 64 MiB"), "{said}");

    let too_many =
        format!(r#"{{"message":{{"tool_calls":[{}]}},"done":false}}"#, vec!["{}"; 100_000].join(","));
    fake.on("POST", "/api/chat", Answer::raw_chunks(vec![format!("{too_many}\n").into_bytes()]));
    let result = called(&mut host, "chat_completion", chat, 250).await;
    assert!(tool_error(&result).1.contains("more than 1000 entries"), "{result:#}");
    host.still_serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_of_waiting_calls_is_bounded_in_sum() {
    const PROMPT: usize = 36 << 20;
    let mut flooded = start(&["--max-message-bytes=40MiB"]).await;
    let mut refused = 0;
    let mut held = Vec::new();
    for _ in 0..9 {
        let params = json!({ "name": "chat_completion", "arguments": { "model": MODEL, "prompt": "x".repeat(PROMPT), "background": true } });
        let id = flooded.host.request("tools/call", params).await;
        let answer = flooded.host.answer(id).await;
        match answer["result"]["isError"] == true {
            true => {
                let (code, said) = tool_error(&answer["result"]);
                assert_eq!(code, "overloaded");
                assert!(said.contains("bytes of prompts, images and files"), "{said}");
                refused += 1;
            }
            false => held.push(answer["result"]["structuredContent"]["completion_id"].clone()),
        }
    }
    assert_eq!((held.len(), refused), (7, 2));
    // So are calls that make no completion.
    let text = "x".repeat(PROMPT);
    for (tool, arguments) in [
        ("embed", json!({ "model": MODEL, "input": text })),
        ("rank", json!({ "model": MODEL, "query": "q", "texts": [text] })),
        ("create_model", json!({ "model": "mine", "from": MODEL, "system": text })),
    ] {
        let answer = flooded.host.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await;
        assert_eq!(tool_error(&answer["result"]).0, "overloaded", "{tool}");
    }
    // Who is stopped gives back what it held.
    for id in held {
        let params = json!({ "name": "cancel_completion", "arguments": { "completion_id": id } });
        flooded.host.ask("tools/call", params).await;
    }
    let params = json!({ "name": "chat_completion", "arguments": { "model": MODEL, "prompt": "x".repeat(PROMPT), "background": true } });
    let answer = flooded.host.ask("tools/call", params).await;
    assert_ne!(answer["result"]["isError"], true, "{answer:#}");
    flooded.gate.open();
}
