//! A client that writes and does not read: the server stops reading, and does not grow.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::support::fake_ollama::FakeOllama;
use crate::support::process::Process;

const REQUESTS: usize = 5_000;

/// All answers together are several times this.
const MAX_MEMORY: u64 = 48 * 1024 * 1024;

#[tokio::test]
async fn slow_reader_applies_backpressure_and_loses_nothing() {
    let fake = FakeOllama::start().await;
    let mut host = Process::start(&fake, &[]);
    // The padding makes the requests more than the pipe and the server's own read can hold.
    let padding = "x".repeat(200);
    let mut writer = host.take_writer();
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let writing = tokio::spawn(async move {
        for id in 0..REQUESTS {
            let params = json!({ "_meta": { "padding": padding } });
            let request = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list", "params": params });
            writer.write_all(format!("{request}\n").as_bytes()).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
        }
        writer
    });
    let stuck = settled(&written).await;
    println!("unread answers stop the server after {stuck} requests");
    assert!(stuck < REQUESTS / 2, "{stuck} requests were taken though nobody reads");
    #[cfg(target_os = "linux")]
    {
        let memory = resident_bytes(host.id());
        println!("resident memory then: {} KiB", memory / 1024);
        assert!(memory < MAX_MEMORY, "{memory} bytes");
    }
    let mut seen = HashSet::new();
    let mut bytes = 0;
    for _ in 0..REQUESTS {
        let answer = host.next().await;
        bytes += answer.to_string().len();
        assert!(answer["result"]["tools"].is_array(), "{answer}");
        assert!(seen.insert(answer["id"].as_i64().unwrap()), "answered twice: {}", answer["id"]);
    }
    let mut writer = writing.await.unwrap();
    assert_eq!(seen.len(), REQUESTS);
    #[cfg(target_os = "linux")]
    assert!(resident_bytes(host.id()) < MAX_MEMORY);
    assert!(bytes as u64 > MAX_MEMORY / 2, "{bytes} bytes of answers prove little");
    writer.shutdown().await.unwrap();
    drop(writer);
    host.finish().await.well();
}

/// The count once it has not moved for a second.
async fn settled(count: &AtomicUsize) -> usize {
    let (mut last, mut quiet) = (0, 0);
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = count.load(Ordering::SeqCst);
        quiet = if now == last && now > 0 { quiet + 1 } else { 0 };
        last = now;
        if quiet == 10 || now == REQUESTS {
            return now;
        }
    }
    panic!("the writer never came to rest: {last}");
}

#[cfg(target_os = "linux")]
fn resident_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}
