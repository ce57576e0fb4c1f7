//! What reading many files costs: the release binary over stdio, with a fake Ollama that embeds and answers immediately.
//!
//! `cargo bench --bench documents` prints the table; `-- --quick` one over a tenth of the files, `-- --binary PATH` that of another
//! build. What it serves for the files is made up, with words as frequent as those of a language.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a measurement that goes wrong stops, and its table goes to stdout"
)]

mod corpus;
mod models;
mod questions;

#[path = "../common/mod.rs"]
mod common;
#[path = "../../tests/support/fake_ollama/mod.rs"]
mod fake_ollama;
#[path = "../figures/server.rs"]
#[allow(dead_code, reason = "the figures use all of it")]
mod server;

use std::path::PathBuf;
use std::time::Instant;

use common::report::{MB, Table};
use corpus::Corpus;
use models::Models;
use questions::Asking;

/// What is measured, and how often.
struct Plan {
    /// The program.
    binary: PathBuf,
    /// Files of 10 KB.
    small: usize,
    /// Files of 60 KB, which are about 50 passages each.
    large: usize,
    questions: usize,
}

fn main() {
    let plan = plan();
    let mut table = Table::default();
    eprintln!("measuring: {} files of 10 KB", plan.small);
    many_files(&plan, &mut table);
    eprintln!("measuring: questions over {} files of 60 KB, which takes minutes to index", plan.large);
    many_passages(&plan, &mut table);
    println!("{table}");
}

/// Indexing, and finding what was changed.
fn many_files(plan: &Plan, table: &mut Table) {
    let (models, mut corpus) = (Models::start(), Corpus::new(plan.small, 10_000));
    let mut asking = Asking::start(plan, &models, &corpus);
    let before = asking.memory();
    let start = Instant::now();
    asking.find("nothing");
    let (took, embedding) = (start.elapsed().as_secs_f64(), models.take_time().as_secs_f64());
    let files = plan.small as f64;
    let figure =
        format!("{:.1} s, {:.0} files/s ({embedding:.1} s of it in the fake embedder)", took, files / took);
    table.row(&format!("index {} files, {:.0} MB", plan.small, files / 100.0), figure);
    memory(table, "memory while indexing", before, &asking);

    let mut times = common::report::Samples::default();
    let mut embedder = common::report::Samples::default();
    for change in 0..10 {
        let word = format!("quetzal{change}");
        corpus.change(change * 7 % plan.small, &word);
        models.take_time();
        let start = Instant::now();
        let found = asking.find(&word);
        times.push(start.elapsed());
        embedder.push(models.take_time());
        assert!(found.contains(&corpus.name(change * 7 % plan.small)), "the change is not found: {found}");
    }
    let own = times.added_to(&embedder);
    table.row("a file changes: until it is found, without the embedder (p50 / p99)", own.show());
}

/// Questions over many passages.
fn many_passages(plan: &Plan, table: &mut Table) {
    let (models, corpus) = (Models::start(), Corpus::new(plan.large, 60_000));
    let mut asking = Asking::start(plan, &models, &corpus);
    let start = Instant::now();
    let answer = asking.ask("which words are first");
    let took = start.elapsed().as_secs_f64();
    let passages = questions::count(&answer, "passages");
    let embedding = models.take_time().as_secs_f64();
    let figure = format!("{took:.0} s ({embedding:.0} s of it in the fake embedder)");
    table.row(&format!("index {passages} passages of {} files", plan.large), figure);
    // A process that did not index: what a host starts.
    drop(asking);
    let mut asking = Asking::start(plan, &models, &corpus);
    let before = asking.memory();
    let mut added = common::report::Samples::default();
    for number in 0..=plan.questions {
        let question = corpus.question(number);
        let begun = Instant::now();
        models.take_time();
        asking.ask(&question);
        let sample =
            models.chat_arrived().saturating_duration_since(begun).saturating_sub(models.take_time());
        if number == 0 {
            let figure = format!("{:.1} ms", sample.as_secs_f64() * 1e3);
            table.row("first question of a process: added before the model", figure);
        } else {
            added.push(sample);
        }
    }
    let what = format!("a question over {passages} passages: added before the model (p50 / p99)");
    table.goal(&what, added.show(), "50 ms p50", added.percentile(50) <= 50.0);
    memory(table, "memory after the questions", before, &asking);
}

fn memory(table: &mut Table, what: &str, before: Option<u64>, asking: &Asking) {
    table.megabytes(&format!("{what}, peak"), asking.peak(), 200.0);
    if let Some(before) = before {
        table.row("before it", format!("{:.1} MB", before as f64 / MB));
    }
}

fn plan() -> Plan {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_ollama-mcp"));
    let mut plan = Plan { binary, small: 1000, large: 2000, questions: 200 };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo's own.
            "--bench" => {}
            "--quick" => plan = Plan { small: 100, large: 200, questions: 20, ..plan },
            "--binary" => plan.binary = arguments.next().map(PathBuf::from).unwrap(),
            other => panic!("unknown argument {other:?}; there are --quick and --binary PATH"),
        }
    }
    plan
}
