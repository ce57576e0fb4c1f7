//! A soak: ten thousand calls, good, slow, broken and cancelled ones, against the real program over pipes or over HTTP.
//!
//! `cargo bench --bench soak [-- [--http] [--binary PATH] [CALLS [SEED]]]`. Memory, threads and open files must be flat, every
//! call that was not cancelled must have the answer that its fault deserves, and the process must end well.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program for developers: it prints its findings and ends at the first thing that is wrong"
)]

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

#[path = "../common/mod.rs"]
mod common;
#[path = "../../tests/support/fake_ollama/mod.rs"]
mod fake_ollama;
mod host;
mod http;
mod plan;
mod stdio;

use common::process::Usage;

/// Calls before memory is measured for the first time.
const WARM_UP: usize = 1_000;
/// Calls at a time.
const CALLERS: usize = 64;
/// What memory may grow by between the two measurements, in bytes.
const MAX_GROWTH: u64 = 4 << 20;
/// How long an answer may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is run.
struct Plan {
    binary: PathBuf,
    over_http: bool,
    calls: usize,
    seed: u64,
}

fn main() {
    let plan = plan();
    // The fake has threads of its own, so that it holds up nobody.
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if plan.over_http {
        common::open_files::raise_limit();
        runtime().block_on(http::soak(&plan));
    } else {
        runtime().block_on(stdio::soak(&plan));
    }
}

fn plan() -> Plan {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_ollama-mcp"));
    let mut plan = Plan { binary, over_http: false, calls: 10_000, seed: 1 };
    let mut numbers = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo's own.
            "--bench" => {}
            "--http" => plan.over_http = true,
            "--binary" => plan.binary = arguments.next().map(PathBuf::from).unwrap(),
            number => numbers.push(number.parse::<u64>().unwrap_or_else(|_| {
                panic!("unknown argument {number:?}; there are --http, --binary PATH, CALLS and SEED")
            })),
        }
    }
    if let Some(calls) = numbers.first() {
        plan.calls = usize::try_from(*calls).unwrap();
    }
    plan.seed = numbers.get(1).copied().unwrap_or(plan.seed);
    plan
}

fn print_usage(before: &Usage, after: &Usage) {
    println!("| resident memory | {} KiB | {} KiB |", before.resident / 1024, after.resident / 1024);
    println!("| most resident memory | {} KiB | {} KiB |", before.peak / 1024, after.peak / 1024);
    println!("| open file descriptors | {} | {} |", before.files, after.files);
    println!("| threads | {} | {} |", before.threads, after.threads);
}

/// What a message says, in short.
fn short(message: &Value) -> String {
    message.to_string().chars().take(300).collect()
}
