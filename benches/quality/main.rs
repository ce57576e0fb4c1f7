//! The quality of searches in files (`docs/quality.md`): for 200 questions over this repository, how often the passage that answers
//! is among the first five, by words, by vectors and by both.
//!
//! `cargo bench --bench quality` measures words alone. With `--embedder URL` (an Ollama, or `tests/quality/embedder.py`) and
//! `--model NAME` vectors too; with `--program PATH` also what `find_in_files` of that build answers. `--bytes`, `--overlap` and
//! `--form` try other cuts, `--grid` other ways to fuse ranks.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a measurement that goes wrong stops, and its table goes to stdout"
)]

mod corpus;
mod embedder;
mod program;
mod ranks;

#[allow(dead_code, unused_imports, reason = "the bench asks for no version, and runs no unit tests")]
#[path = "../../crates/service/src/documents/embedding_text.rs"]
mod embedding_text;

use std::path::PathBuf;

use corpus::Corpus;
use embedder::Embedder;
use passages::Limits;
use ranks::{Fusion, Share};

/// What an embedding model is given of a passage.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// The text, under its heading.
    Heading,
    /// The text alone.
    Text,
    /// The text, under its heading and the name of its file.
    Name,
}

struct Plan {
    limits: Limits,
    form: Form,
    embedder: Option<String>,
    model: String,
    program: Option<PathBuf>,
    grid: bool,
}

#[tokio::main]
async fn main() {
    let plan = plan();
    let questions = corpus::questions();
    let corpus = Corpus::read(plan.limits).await;
    eprintln!("{} files, {} passages", corpus.files, corpus.passages.len());
    let answers: Vec<_> = questions.iter().map(|question| corpus.answers(question)).collect();
    let unanswered = answers.iter().filter(|answers| answers.is_empty()).count();
    if unanswered > 0 {
        eprintln!("{unanswered} answers are cut in two by the passages, and are never found");
    }
    println!("| of 100 questions, the passage is among the first 5 | {} |", Share::columns());
    println!("|---|{}", "---|".repeat(Share::COLUMNS));
    let show = |name: &str, ranks: &[Vec<usize>]| {
        println!("| {name} | {} |", Share::of(&questions, &answers, ranks));
    };
    let by_words = corpus.by_words(&questions).await;
    show("words", &by_words);
    if let Some(url) = &plan.embedder {
        let embedder = Embedder::new(url, &plan.model);
        let vectors = embedder.passages(&corpus, plan.form).await;
        let by_vectors = embedder.nearest(&questions, &vectors).await;
        show("vectors", &by_vectors);
        show("both", &Fusion::CHOSEN.of(&by_words, &by_vectors));
        if plan.grid {
            for fusion in Fusion::grid() {
                show(&format!("both, {fusion}"), &fusion.of(&by_words, &by_vectors));
            }
        }
    }
    if let Some(program) = &plan.program {
        let found = program::find(program, plan.embedder.as_deref(), &plan.model, &questions);
        println!("| `find_in_files` | {} |", Share::of_hits(&questions, &found));
    }
}

fn plan() -> Plan {
    let mut plan = Plan {
        limits: Limits { max_bytes: 1200, overlap: 150 },
        form: Form::Heading,
        embedder: None,
        model: "all-minilm".to_owned(),
        program: None,
        grid: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} needs a value"));
        match argument.as_str() {
            // Cargo's own.
            "--bench" => {}
            "--grid" => plan.grid = true,
            "--embedder" => plan.embedder = Some(value()),
            "--model" => plan.model = value(),
            "--program" => plan.program = Some(value().into()),
            "--bytes" => plan.limits.max_bytes = value().parse().unwrap(),
            "--overlap" => plan.limits.overlap = value().parse().unwrap(),
            "--form" => {
                plan.form = match value().as_str() {
                    "heading" => Form::Heading,
                    "text" => Form::Text,
                    "name" => Form::Name,
                    other => panic!("{other:?} is no form: heading, text, name"),
                }
            }
            other => {
                panic!("unknown argument {other:?}; the first lines of benches/quality/main.rs name them")
            }
        }
    }
    plan
}
