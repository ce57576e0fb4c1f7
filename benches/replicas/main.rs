//! Several servers over one PostgreSQL and two engines: what their callers see when one of all these is killed under load, and
//! that nothing that was acknowledged is lost. It needs PostgreSQL's programs; the engines and both balancers are its own.
//!
//! `cargo bench --bench replicas` prints the tables, and fails where something acknowledged is missing or a caller was not told;
//! `-- --quick` takes a third of the time, and `-- --binary PATH` another build.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a measurement that goes wrong stops, and its table goes to stdout"
)]

mod balancer;
mod clients;
mod engine;
mod ledger;
mod scenarios;
mod throughput;
mod verify;
mod world;

#[path = "../common/mod.rs"]
mod common;
#[path = "../../crates/store/src/postgres/tests/server.rs"]
#[allow(unreachable_pub, reason = "tests of two crates include it")]
mod postgres_server;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What is measured, and for how long.
struct Plan {
    /// The program.
    binary: PathBuf,
    /// Under load before something happens, and after it.
    before: Duration,
    after: Duration,
}

fn main() -> ExitCode {
    common::open_files::raise_limit();
    let plan = plan();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let wrong = runtime.block_on(async {
        let mut postgres = postgres_server::PostgresServer::start();
        let wrong = scenarios::run(&plan, &mut postgres).await;
        throughput::run(&plan, &postgres).await;
        wrong
    });
    for wrong in &wrong {
        eprintln!("wrong: {wrong}");
    }
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn plan() -> Plan {
    let mut plan = Plan {
        binary: PathBuf::from(env!("CARGO_BIN_EXE_ollama-mcp")),
        before: Duration::from_secs(6),
        after: Duration::from_secs(9),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo's own.
            "--bench" => {}
            "--quick" => {
                plan = Plan { before: Duration::from_secs(2), after: Duration::from_secs(4), ..plan }
            }
            "--binary" => plan.binary = arguments.next().map(PathBuf::from).unwrap(),
            other => panic!("unknown argument {other:?}; there are --quick and --binary PATH"),
        }
    }
    plan
}
