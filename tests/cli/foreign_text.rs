//! What people read of other programs' texts has no escapes, no invisible marks, and no lines of their making.

use serde_json::{Value, json};

use super::home::{Home, PROGRAM};
use super::run;
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::hostile::{EVIL, misleading};

#[tokio::test]
async fn doctor_sanitizes_text_of_model_server() {
    let fake = FakeOllama::start().await.with_defaults();
    let long = format!("{EVIL}{}", "x".repeat(100_000));
    let models = json!({ "models": [{ "name": EVIL, "model": EVIL }, { "name": long, "model": long }] });
    fake.on("GET", "/api/tags", Answer::json(200, models.clone()));
    fake.on("GET", "/api/ps", Answer::json(200, models));
    fake.on("GET", "/api/version", Answer::json(200, json!({ "version": EVIL })));
    let url = fake.url();
    let ran = run(&["doctor"], &[("OLLAMA_HOST", &url)]).await;
    assert_eq!(misleading(&ran.stdout), None, "{:?}", ran.stdout);
    assert!(ran.stdout.contains("models installed: 2") && ran.stdout.len() < 20_000, "{}", ran.stdout);
    let json = run(&["doctor", "--json"], &[("OLLAMA_HOST", &url)]).await;
    assert_eq!(misleading(&json.stdout), None);
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(report["server"]["models_installed"][0], EVIL, "programs get the exact name");
}

#[tokio::test]
async fn list_hosts_and_doctor_sanitize_text_of_host_files() {
    let home = Home::new();
    let command = format!("/opt/{EVIL}/ollama-mcp");
    let entries = json!({ EVIL: { "command": PROGRAM }, "ollama": { "command": command } });
    home.write(".cursor/mcp.json", &json!({ "mcpServers": entries }).to_string());
    home.write(".gemini/settings.json", &format!("{{ {EVIL}"));
    for arguments in [&["list-hosts"][..], &["list-hosts", "--json"], &["doctor"], &["doctor", "--json"]] {
        let ran = home.run(arguments).await;
        assert_eq!(misleading(&ran.stdout), None, "{arguments:?}: {:?}", ran.stdout);
        assert!(ran.stdout.contains("mcp.json"), "{arguments:?}: {}", ran.stdout);
    }
}

#[tokio::test]
async fn try_sanitizes_status() {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("GET", "/api/version", Answer::json(200, json!({ "version": EVIL })));
    fake.on("POST", "/api/chat", Answer::json(400, json!({ "error": EVIL })));
    let url = fake.url();
    let ran = run(&["try", "x"], &[("OLLAMA_HOST", &url)]).await;
    assert_eq!(
        (ran.code, ran.stdout.as_str(), misleading(&ran.stderr)),
        (Some(1), "", None),
        "{}",
        ran.stderr
    );
}
