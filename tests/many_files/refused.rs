//! What may not be read, and where it may not go.

use serde_json::json;

use super::{EMBEDS, Library};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::{BY_HAND, Session, tool_error};

#[tokio::test]
async fn tools_are_listed_only_where_a_directory_is_allowed() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    let listed = session.result(BY_HAND, "tools/list", json!({})).await.to_string();
    for tool in ["summarize_files", "ask_files", "find_in_files"] {
        assert!(!listed.contains(&format!("\"name\":\"{tool}\"")), "{tool}");
    }
    let mut library = Library::start().await;
    let listed = library.session.result(BY_HAND, "tools/list", json!({})).await.to_string();
    for tool in ["summarize_files", "ask_files", "find_in_files"] {
        assert!(listed.contains(&format!("\"name\":\"{tool}\"")), "{tool}");
    }
}

#[tokio::test]
async fn secrets_and_ignored_files_are_not_indexed() {
    let mut library = Library::start().await;
    library.write(".gitignore", "build/\n");
    library.write("build/out.txt", "generated harbour\n");
    library.write(".env", "KEY=harbour\n");
    library.write("server.pem", "harbour\n");
    library.write("notes.md", "The harbour is closed.\n");
    assert_eq!(library.found("harbour").await, ["notes.md"]);
    let index = std::fs::read(library.place.path().join("data/index.db")).unwrap();
    assert!(!String::from_utf8_lossy(&index).contains("KEY=harbour"));
}

#[tokio::test]
async fn files_do_not_go_to_a_model_elsewhere() {
    let mut library = Library::embedding().await;
    library.write("a.md", "The sea is wide.\n");
    let remote = json!({ "details": {}, "model_info": {}, "capabilities": ["completion", "embedding"],
        "remote_host": "https://ollama.com:443", "remote_model": "big" });
    library.fake.on("POST", "/api/show", Answer::json(200, remote));
    for (tool, arguments) in [
        ("summarize_files", json!({ "files": ["."] })),
        ("ask_files", json!({ "files": ["."], "question": "Why?" })),
        ("find_in_files", json!({ "files": ["."], "query": "sea", "embedding_model": EMBEDS })),
    ] {
        let result = library.session.call(tool, arguments).await;
        let (code, text) = tool_error(&result);
        assert_eq!(code, "attachment_denied", "{tool}: {text}");
        assert!(text.contains("ollama.com"), "{tool}: {text}");
    }
    // An embedding model that nobody named is left out instead.
    let result = library.find("sea").await;
    assert_eq!(result["structuredContent"]["places"][0]["file"], "a.md", "{result:#}");
    assert!(library.embedded().is_empty() && library.asked().is_empty());
}

#[tokio::test]
async fn missing_model_and_missing_server_are_told_before_files_are_read() {
    let mut library = Library::start().await;
    library.write("a.md", "The sea is wide.\n");
    let missing = Answer::json(404, json!({ "error": "model 'lama' not found" }));
    library.fake.on("POST", "/api/show", missing);
    let result = library
        .session
        .call("ask_files", json!({ "files": ["."], "question": "Why?", "model": "lama" }))
        .await;
    assert_eq!(tool_error(&result).0, "model_not_found");
    assert!(!library.place.path().join("data/index.db").exists());
    let closed = FakeOllama::closed_address();
    let files = library.place.path().join("files");
    let mut session = Session::with(&[
        ("OLLAMA_HOST", &format!("http://{closed}")),
        ("OLLAMA_MCP_ALLOWED_DIRS", files.to_str().unwrap()),
        ("OLLAMA_MCP_DATA_DIR", library.place.path().join("data").to_str().unwrap()),
    ]);
    for (tool, arguments) in [
        ("summarize_files", json!({ "files": ["."] })),
        ("ask_files", json!({ "files": ["."], "question": "Why?" })),
    ] {
        let result = session.call(tool, arguments).await;
        assert_eq!(tool_error(&result).0, "ollama_unreachable", "{tool}");
    }
    // Words need no model.
    let result = session.call("find_in_files", json!({ "files": ["."], "query": "sea" })).await;
    assert_eq!(result["structuredContent"]["places"][0]["file"], "a.md", "{result:#}");
}

#[tokio::test]
async fn paths_outside_are_refused() {
    let mut library = Library::start().await;
    library.write("a.md", "x");
    for path in ["/etc/hostname", "../data/index.db", "/etc/*.conf"] {
        let result = library.session.call("find_in_files", json!({ "files": [path], "query": "x" })).await;
        let (code, text) = tool_error(&result);
        assert_eq!(code, "attachment_denied", "{path}: {text}");
        assert!(text.contains("files[0]"), "{path}: {text}");
    }
}
