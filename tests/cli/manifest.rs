//! `manifest`: what this server offers, for tools and registries.

use serde_json::Value;

use super::run;
use crate::support::fake_ollama::FakeOllama;

#[tokio::test]
async fn it_is_json_and_the_same_each_time_wherever_it_runs() {
    let first = run(&["manifest"], &[]).await;
    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    let manifest: Value = serde_json::from_str(&first.stdout).unwrap();
    assert!(first.stdout.ends_with("}\n"));
    for field in ["tools", "resources", "resourceTemplates", "prompts", "environment"] {
        assert!(!manifest[field].as_array().unwrap().is_empty(), "{field}");
    }
    let revisions = manifest["protocol"]["revisions"].as_array().unwrap();
    assert!(revisions.iter().any(|revision| revision == "2026-07-28"), "{revisions:?}");
    assert!(manifest["digest"].as_str().unwrap().starts_with("sha256:"));
    // This machine's own settings do not belong in it.
    let address = FakeOllama::closed_address().to_string();
    let second = run(&["manifest"], &[("OLLAMA_HOST", &address), ("OLLAMA_MODEL", "sesame")]).await;
    assert_eq!(first.stdout, second.stdout);
}
