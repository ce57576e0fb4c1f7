//! The figures of the HTTP server: the release binary over loopback, beside direct calls to the same fake Ollama, and beside
//! nginx as a plain proxy where it is installed.
//!
//! `cargo bench --bench http` prints the table; `-- --quick` a rougher one in some seconds, and `-- --binary PATH` that of
//! another build.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a measurement that goes wrong stops, and its table goes to stdout"
)]

mod client;
mod load;
mod nginx;
mod server;
mod small;
mod streams;
mod tiny;

#[path = "../common/mod.rs"]
mod common;

use std::path::PathBuf;

use common::report::Table;

/// What is measured, and how often.
struct Plan {
    /// The program.
    binary: PathBuf,
    /// Processes started.
    spawns: usize,
    /// Requests one after another; half as many again are made before, to warm up.
    requests: usize,
    /// Requests that go 64 at a time, for each server.
    load: usize,
    /// Streams that are open concurrently.
    streams: usize,
    /// Pieces of each.
    pieces: usize,
}

fn main() {
    common::open_files::raise_limit();
    let plan = plan();
    let mut table = Table::default();
    type Step = (&'static str, fn(&Plan, &mut Table));
    let steps: [Step; 4] = [
        ("start-up", small::start_up),
        ("requests one by one", small::requests),
        ("64 connections", load::requests),
        ("streams", streams::open),
    ];
    for (name, step) in steps {
        eprintln!("measuring: {name}");
        step(&plan, &mut table);
    }
    println!("{table}");
}

fn plan() -> Plan {
    let mut plan = Plan {
        binary: PathBuf::from(env!("CARGO_BIN_EXE_ollama-mcp")),
        spawns: 100,
        requests: 4000,
        load: 60_000,
        streams: 1000,
        pieces: 200,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo's own.
            "--bench" => {}
            "--quick" => {
                plan = Plan { spawns: 5, requests: 200, load: 2000, streams: 100, pieces: 40, ..plan }
            }
            "--binary" => plan.binary = arguments.next().map(PathBuf::from).unwrap(),
            other => panic!("unknown argument {other:?}; there are --quick and --binary PATH"),
        }
    }
    plan
}
