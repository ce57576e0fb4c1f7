//! What storing a turn costs, beside an fsync of the same disk: `cargo bench -p ollama-mcp-store`.
//!
//! SQLite's file is in the current directory. For PostgreSQL, `TURNS_DATABASE_URL` names an empty database; its server
//! should keep its data on the same disk.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a benchmark")]

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime};

use ollama_mcp_store::{Store, StoredMessage, Turn};
use types::{Owner, Role};

const TURNS: usize = 300;

#[tokio::main]
async fn main() {
    let home = tempfile::tempdir_in(".").unwrap();
    println!("| | p50 | p99 |\n|---|---|---|");
    let mut file = File::create(home.path().join("file")).unwrap();
    let mut times = Vec::new();
    for _ in 0..TURNS {
        let started = Instant::now();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        times.push(started.elapsed());
    }
    show("4 KiB written and synced", times);
    turns("SQLite", &Store::sqlite(Some(home.path().join("data")))).await;
    if let Ok(url) = std::env::var("TURNS_DATABASE_URL") {
        turns("PostgreSQL", &Store::postgres(&url, "bench").unwrap()).await;
    }
}

/// As a conversation does it: the lock, what was said, the turn.
async fn turns(name: &str, store: &Store) {
    let (store, owner) = (store.conversations(), Owner::local());
    let message = |role| {
        StoredMessage::text(
            role,
            "A sentence of some length, as people write. ".repeat(10),
            SystemTime::now(),
        )
    };
    let (mut written, mut all) = (Vec::new(), Vec::new());
    for number in 0..TURNS {
        // Conversations of ten turns.
        let id = format!("c{}", number / 10);
        let started = Instant::now();
        let lock = store.try_lock(&owner, &id).await.unwrap();
        let after = store.get_end(&owner, &id, None, 1 << 20).await.unwrap().map(|found| found.revision);
        let messages = vec![message(Role::User), message(Role::Assistant)];
        let writing = Instant::now();
        store.append(&owner, Turn { id, after, replaces: 0, system: None, messages }).await.unwrap();
        written.push(writing.elapsed());
        drop(lock);
        all.push(started.elapsed());
    }
    show(&format!("{name}: writing a turn"), written);
    show(&format!("{name}: lock, reading, writing"), all);
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let ms = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1000.0;
    println!("| {what} | {:.2} ms | {:.2} ms |", ms(50), ms(99));
}
