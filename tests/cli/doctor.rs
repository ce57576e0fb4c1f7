//! `doctor`: is all well, and if not, what to do.

use serde_json::{Value, json};

use super::run;
use crate::support::fake_ollama::FakeOllama;

#[tokio::test]
async fn answering_server_exits_0() {
    let fake = FakeOllama::start().await.with_defaults();
    let environment = [("OLLAMA_HOST", fake.url())];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let ran = run(&["doctor"], &environment).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    for word in
        ["answers at", &fake.url(), "gemma3:270m", "OLLAMA_HOST = ", "(from environment)", "config directory"]
    {
        assert!(ran.stdout.contains(word), "{word} is not in: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains('\u{1b}'), "no colours into a pipe");
    let json = run(&["doctor", "--json"], &environment).await;
    assert_eq!((json.code, json.stderr.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&report["ok"], &report["server"]["reachable"]), (&json!(true), &json!(true)));
    assert_eq!((&report["address"], &report["location"]), (&json!(fake.url()), &json!("local")));
    assert_eq!(report["default_model"], json!({ "name": "gemma3:270m", "reason": "the loaded model" }));
    let host = report["settings"].as_array().unwrap().iter().find(|setting| setting["name"] == "OLLAMA_HOST");
    assert_eq!(host.unwrap()["from"], "environment");
}

#[tokio::test]
async fn unreachable_server_exits_1_with_next_step() {
    let address = FakeOllama::closed_address().to_string();
    let environment = [("OLLAMA_HOST", address.as_str())];
    let ran = run(&["doctor"], &environment).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains(&address) && ran.stdout.contains("ollama serve"), "{}", ran.stdout);
    let json = run(&["doctor", "--json"], &environment).await;
    assert_eq!(json.code, Some(1));
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&report["ok"], &report["server"]["reachable"]), (&json!(false), &json!(false)));
    assert!(report["server"]["next_step"].as_str().unwrap().contains("ollama serve"), "{report}");
}

#[tokio::test]
async fn server_without_models_exits_1() {
    let fake = FakeOllama::start().await;
    fake.replay("tags_empty").replay("ps_none").replay("version").replay("root_get");
    let url = fake.url();
    let ran = run(&["doctor"], &[("OLLAMA_HOST", &url)]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("no models yet") && ran.stdout.contains("pull"), "{}", ran.stdout);
}

#[tokio::test]
async fn secrets_are_never_shown() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let environment = [
        ("OLLAMA_HOST", url.as_str()),
        ("OLLAMA_MCP_AUTH_TOKEN", "sesame-token"),
        ("OLLAMA_MCP_HEADERS", "X-Key: sesame-header"),
        ("OLLAMA_API_KEY", "sesame-key"),
        ("OLLAMA_MCP_LOG", "trace"),
    ];
    for arguments in [&["doctor"][..], &["doctor", "--json"]] {
        let ran = run(arguments, &environment).await;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("sesame"), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("OLLAMA_MCP_AUTH_TOKEN") && ran.stdout.contains("***"), "{}", ran.stdout);
    }
}

#[tokio::test]
async fn allowed_directories_are_shown_with_existence() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let place = tempfile::tempdir().unwrap();
    let (there, gone) = (place.path().to_str().unwrap(), place.path().join("gone"));
    let gone = gone.to_str().unwrap();
    let flags = ["doctor", "--allow-dir", there, "--allow-dir", gone];
    let ran = run(&flags, &[("OLLAMA_HOST", &url)]).await;
    assert!(ran.stdout.contains(&format!("✓ allowed directory: {there}")), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("! allowed directory {gone} does not exist")), "{}", ran.stdout);
    let json = run(&[&flags[..], &["--json"]].concat(), &[("OLLAMA_HOST", &url)]).await;
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    let expected = json!([{ "path": there, "exists": true }, { "path": gone, "exists": false }]);
    assert_eq!(report["allowed_dirs"], expected);
    let none = run(&["doctor"], &[("OLLAMA_HOST", &url)]).await;
    assert!(none.stdout.contains("no allowed directories"), "{}", none.stdout);
}

#[cfg(unix)]
#[tokio::test]
async fn directories_that_others_can_write_are_reported_with_their_mode() {
    use std::os::unix::fs::PermissionsExt as _;

    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for (mode, is_reported) in [(0o755, false), (0o775, true), (0o777, true)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        for (name, consequence) in [
            ("OLLAMA_MCP_CONFIG_DIR", "the settings of this server"),
            ("OLLAMA_MCP_DATA_DIR", "the conversations"),
        ] {
            let ran = run(&["doctor"], &[("OLLAMA_HOST", &url), (name, path)]).await;
            assert_eq!(ran.code, Some(0), "{}", ran.stdout);
            assert!(ran.stdout.contains(&format!("mode {mode:o}")), "{}", ran.stdout);
            for text in [
                format!("other users can write to {path}, and so change {consequence}"),
                format!("chmod go-w {path}"),
            ] {
                assert_eq!(ran.stdout.contains(&text), is_reported, "{text} and {mode:o}: {}", ran.stdout);
            }
        }
    }
}
