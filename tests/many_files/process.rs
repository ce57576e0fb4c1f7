//! The real program: PDFs, and what leaves it.

use serde_json::json;
use tempfile::TempDir;

use super::{MODEL, install, said};
use crate::attachments::pdf;
use crate::support::fake_ollama::FakeOllama;
use crate::support::process::Process;

#[tokio::test]
async fn pdf_is_cited_by_page_and_nothing_of_it_leaves_but_the_answer() {
    let place = TempDir::new().unwrap();
    let fake = FakeOllama::start().await.with_defaults();
    install(&fake, false);
    let file = pdf(&["Nothing of interest", "The rent is 900 euros a month"]);
    std::fs::write(place.path().join("contract.pdf"), file).unwrap();
    fake.on("POST", "/api/chat", said("It is 900 euros [2]."));
    let allow = format!("--allow-dir={}", place.path().display());
    let mut process = Process::start(&fake, &[&allow, "--log=trace"]);
    process.handshake("2025-11-25", "tests").await;
    let arguments = json!({ "files": ["contract.pdf"], "question": "What is the rent?", "model": MODEL });
    let answer = process.ask("tools/call", json!({ "name": "ask_files", "arguments": arguments })).await;
    let structured = &answer["result"]["structuredContent"];
    assert_eq!(structured["answer"], "It is 900 euros [contract.pdf p. 2].", "{answer:#}");
    assert_eq!(structured["citations"], json!([{ "file": "contract.pdf", "page": 2 }]));
    let ended = process.finish().await;
    let wire = format!("{:?}", ended.messages);
    for text in ["Nothing of interest", "The rent is 900"] {
        assert!(!wire.contains(text) && !answer.to_string().contains(text), "{text} reached the host");
        assert!(!ended.stderr.contains(text), "{text} reached the log");
    }
}
