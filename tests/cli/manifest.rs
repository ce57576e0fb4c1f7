//! `manifest`: what this server offers, for tools and registries.

use serde_json::Value;

use super::run;
use crate::support::fake_ollama::FakeOllama;
use crate::support::process::command;

#[tokio::test]
async fn manifest_is_deterministic_json() {
    let first = run(&["manifest"], &[]).await;
    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    let manifest: Value = serde_json::from_str(&first.stdout).unwrap();
    assert!(first.stdout.ends_with("}\n"));
    for field in ["tools", "resources", "resourceTemplates", "prompts", "environment"] {
        assert!(!manifest[field].as_array().unwrap().is_empty(), "{field}");
    }
    let named = |list: &Value, name: &str| list.as_array().unwrap().iter().any(|one| one["name"] == name);
    assert_eq!(manifest["serve"]["run"]["args"], serde_json::json!(["serve"]));
    assert!(named(&manifest["serve"]["environment"], "OLLAMA_MCP_SERVE_LISTEN"), "{manifest}");
    assert!(!named(&manifest["environment"], "OLLAMA_MCP_SERVE_LISTEN"), "{manifest}");
    let revisions = manifest["protocol"]["revisions"].as_array().unwrap();
    assert!(revisions.iter().any(|revision| revision == "2026-07-28"), "{revisions:?}");
    assert!(manifest["digest"].as_str().unwrap().starts_with("sha256:"));
    // This machine's own settings do not belong in it.
    let address = FakeOllama::closed_address().to_string();
    let second = run(&["manifest"], &[("OLLAMA_HOST", &address), ("OLLAMA_MODEL", "sesame")]).await;
    assert_eq!(first.stdout, second.stdout);
}

/// What a host shows in a dialog speaks of no flags.
#[tokio::test]
async fn bundle_settings_have_dialog_titles() {
    let ran = run(&["manifest", "--format", "mcpb"], &[]).await;
    let manifest: Value = serde_json::from_str(&ran.stdout).unwrap();
    for (name, question) in manifest["user_config"].as_object().unwrap() {
        let text = question["description"].as_str().unwrap();
        assert!(
            !text.contains("--") && !text.contains("flag") && !text.contains("OLLAMA_"),
            "{name}: {text}"
        );
    }
}

#[tokio::test]
async fn every_manifest_form_matches_committed_file() {
    for (format, file) in [
        ("manifest", "mcp-manifest.json"),
        ("server-json", "server.json"),
        ("mcpb", "packaging/mcpb/manifest.json"),
        ("markdown", "docs/guide.md"),
    ] {
        let ran = run(&["manifest", "--check", "--format", format], &[]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{format}");
        assert_eq!(ran.stdout, format!("{file} is up to date\n"));
    }
}

#[tokio::test]
async fn stale_file_error_names_command_that_rewrites_it() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::create_dir_all(folder.path().join("packaging/mcpb")).unwrap();
    std::fs::create_dir_all(folder.path().join("docs")).unwrap();
    for (format, file) in [
        ("manifest", "mcp-manifest.json"),
        ("server-json", "server.json"),
        ("mcpb", "packaging/mcpb/manifest.json"),
        ("markdown", "docs/guide.md"),
    ] {
        std::fs::write(folder.path().join(file), "{}\n").unwrap();
        let home = tempfile::TempDir::new().unwrap();
        let mut command = command(&home);
        let output = command
            .current_dir(folder.path())
            .args(["manifest", "--check", "--format", format])
            .output()
            .await
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert!(
            said.contains(&format!("{file} is out of date")) && said.contains("ollama-mcp manifest"),
            "{said}"
        );
    }
}
