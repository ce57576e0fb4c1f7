//! `create_model` from a local GGUF file: fenced, checked, hashed, and uploaded once.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{start, text};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::{Session, tool_error};

/// A server that may read `dir`.
async fn allowed(dir: &Path) -> (FakeOllama, Session) {
    let (fake, session) =
        start(&[("OLLAMA_MCP_ALLOWED_DIRS", dir.to_str().unwrap()), ("OLLAMA_MCP_PROGRESS_INTERVAL", "0")])
            .await;
    fake.replay("create_from_stream");
    (fake, session)
}

/// A file of that name and size that begins as a GGUF does, with the path of its blob.
fn weights(dir: &Path, name: &str, size: usize) -> (String, Vec<u8>, String) {
    let mut bytes = b"GGUF".to_vec();
    bytes.resize(size, 7);
    let path = dir.join(name);
    std::fs::write(&path, &bytes).unwrap();
    let hex: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    (path.to_str().unwrap().to_owned(), bytes, format!("/api/blobs/sha256:{hex}"))
}

fn from_file(path: &str) -> Value {
    json!({ "model": "mine", "gguf": path, "system": "x" })
}

#[tokio::test]
async fn gguf_file_is_uploaded_and_created() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes, blob) = weights(dir.path(), "mine.gguf", 3_000_000);
    let (fake, mut session) = allowed(dir.path()).await;
    fake.on("HEAD", &blob, Answer::empty(404)).on("POST", &blob, Answer::empty(201));
    let (result, progress) = session.call_watched("create_model", from_file(&path)).await;
    assert_eq!(text(&result), "create of mine is complete.");
    let uploads = fake.requests_to("POST", &blob);
    assert_eq!(uploads.len(), 1);
    assert_eq!(uploads[0].body, bytes);
    let body = fake.requests_to("POST", "/api/create")[0].json();
    let digest = blob.strip_prefix("/api/blobs/").unwrap();
    assert_eq!(body["files"], json!({ "mine.gguf": digest }));
    assert!(body.get("from").is_none(), "{body}");
    let steps: Vec<_> = progress.iter().map(|params| params["progress"].as_f64().unwrap()).collect();
    assert!(steps.is_sorted_by(|a, b| a < b), "{steps:?}");
    assert!(progress.iter().any(|params| params["total"] == 6_000_000.0), "{progress:?}");
    assert!(
        progress.iter().all(|params| params["progress"].as_f64() <= params["total"].as_f64()),
        "{progress:?}"
    );

    // What the server has is not sent again.
    fake.on("HEAD", &blob, Answer::empty(200));
    text(&session.call("create_model", from_file(&path)).await);
    assert_eq!(
        (fake.requests_to("POST", &blob).len(), fake.requests_to("POST", "/api/create").len()),
        (1, 2)
    );
}

#[tokio::test]
async fn invalid_or_denied_file_is_refused_before_any_request() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (outside, ..) = weights(elsewhere.path(), "mine.gguf", 100);
    let (fake, mut session) = allowed(dir.path()).await;
    for content in ["GGU", "", "PK\u{3}\u{4} and more"] {
        let path = dir.path().join("other.gguf");
        std::fs::write(&path, content).unwrap();
        let result = session.call("create_model", from_file(path.to_str().unwrap())).await;
        let (code, said) = tool_error(&result);
        assert_eq!(code, "invalid_argument", "{said}");
        assert!(said.contains("gguf") && said.contains("other.gguf"), "{said}");
    }
    let result = session.call("create_model", from_file(&outside)).await;
    assert_eq!(tool_error(&result).0, "attachment_denied");
    let missing = dir.path().join("missing.gguf");
    let result = session.call("create_model", from_file(missing.to_str().unwrap())).await;
    assert_eq!(tool_error(&result).0, "attachment_unreadable");
    let both = json!({ "model": "mine", "gguf": outside, "from": super::MODEL });
    let result = session.call("create_model", both).await;
    assert!(tool_error(&result).1.contains("gguf and from are both given"), "{result}");
    assert!(fake.requests().iter().all(|request| !request.path.starts_with("/api/blobs")));
    assert!(fake.requests_to("POST", "/api/create").is_empty());
}

#[tokio::test]
async fn gguf_file_leaves_machine_only_with_allow_remote_files() {
    let dir = tempfile::tempdir().unwrap();
    let (path, ..) = weights(dir.path(), "mine.gguf", 100);
    let mut session = Session::with(&[
        ("OLLAMA_HOST", "http://192.0.2.1:11434"),
        ("OLLAMA_MCP_ALLOWED_DIRS", dir.path().to_str().unwrap()),
    ]);
    let result = session.call("create_model", from_file(&path)).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "attachment_denied");
    assert!(said.contains("192.0.2.1") && said.contains("--allow-remote-files"), "{said}");
}

#[tokio::test]
async fn file_changed_during_upload_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _, blob) = weights(dir.path(), "mine.gguf", 100);
    let (fake, mut session) = allowed(dir.path()).await;
    fake.on("HEAD", &blob, Answer::empty(404));
    fake.on("POST", &blob, Answer::recorded("blob_post_digest_mismatch"));
    let result = session.call("create_model", from_file(&path)).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "invalid_argument");
    assert!(said.starts_with("gguf changed"), "{said}");

    // Cut between being read and being uploaded.
    let gate = Gate::new();
    fake.on("HEAD", &blob, Answer::empty(404).delay_head(&gate));
    let call = json!({ "name": "create_model", "arguments": from_file(&path) });
    let id = session.request("tools/call", call).await;
    gate.reached(1).await;
    std::fs::write(&path, "GGUF").unwrap();
    gate.open();
    let result = session.answer(id).await["result"].take();
    let (code, said) = tool_error(&result);
    assert!(code == "invalid_argument" && said.starts_with("gguf changed"), "{said}");
    assert!(fake.requests_to("POST", "/api/create").is_empty());
}

#[tokio::test]
async fn cancelling_stops_upload() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _, blob) = weights(dir.path(), "mine.gguf", 1000);
    let (fake, mut session) = allowed(dir.path()).await;
    let gate = Gate::new();
    fake.on("HEAD", &blob, Answer::empty(404)).on("POST", &blob, Answer::empty(201).delay_head(&gate));
    let call = json!({ "name": "create_model", "arguments": from_file(&path) });
    let id = session.request("tools/call", call).await;
    let upload = fake.wait_for("POST", &blob).await;
    session.cancel(id).await;
    fake.closed(upload.index).await;
    session.still_serves().await;
    assert!(fake.requests_to("POST", "/api/create").is_empty());
}

#[tokio::test]
async fn truncated_gguf_file_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _, blob) = weights(dir.path(), "mine.gguf", 3_000);
    let (fake, mut session) = allowed(dir.path()).await;
    fake.on("HEAD", &blob, Answer::empty(200));
    for said in [
        "unexpected EOF",
        "invalid file magic",
        "tensor \"token_embd.weight\" offset+size (9) exceeds file size (5)",
    ] {
        let steps = [json!({ "status": "parsing GGUF" }), json!({ "error": said })];
        fake.on("POST", "/api/create", Answer::ndjson(&steps));
        let result = session.call("create_model", from_file(&path)).await;
        let (code, text) = tool_error(&result);
        assert_eq!(code, "invalid_argument");
        assert!(text.starts_with("gguf is damaged or not complete") && text.contains(said), "{text}");
    }
}
