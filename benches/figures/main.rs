//! The figures of `docs/performance.md`: the release binary over real pipes, beside direct HTTP calls to the same fake Ollama.
//!
//! `cargo bench` prints the table; `cargo bench -- --quick` a rougher one in a few seconds, and
//! `cargo bench -- --binary PATH` that of another build, such as the one before a change.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a measurement that goes wrong stops, and its table goes to stdout"
)]

mod large;
mod load;
mod pieces;
mod server;
mod small;
mod streaming;
mod upstream;

#[path = "../common/mod.rs"]
mod common;
#[path = "../../tests/support/fake_ollama/mod.rs"]
mod fake_ollama;

use std::path::PathBuf;

use common::report::Table;

/// What is measured, and how often.
struct Plan {
    /// The program.
    binary: PathBuf,
    /// Processes started.
    spawns: usize,
    /// `tools/list` calls.
    lists: usize,
    /// Chat calls one after another; half as many again are made before, to warm up.
    chats: usize,
    /// Streams, each of [`PIECES`](streaming::PIECES) pieces.
    streams: usize,
    /// Chat calls that go 32 at a time.
    parallel: usize,
}

fn main() {
    let plan = plan();
    let mut table = Table::default();
    type Step = (&'static str, fn(&Plan, &mut Table));
    let steps: [Step; 6] = [
        ("start-up", small::start_up),
        ("calls one by one, and 32 at a time", small::calls),
        ("streams", streaming::deltas),
        ("1,000 in flight", load::thousand_in_flight),
        ("10 MB", large::ten_megabytes),
        ("sizes", small::sizes),
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
        lists: 1000,
        chats: 4000,
        streams: 6,
        parallel: 8000,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo's own.
            "--bench" => {}
            "--quick" => {
                plan = Plan { spawns: 10, lists: 100, chats: 300, streams: 1, parallel: 600, ..plan }
            }
            "--binary" => plan.binary = arguments.next().map(PathBuf::from).unwrap(),
            other => panic!("unknown argument {other:?}; there are --quick and --binary PATH"),
        }
    }
    plan
}
