//! What is not read, and where nothing goes.

use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use super::*;

#[tokio::test]
async fn refused_files_are_reported_and_never_sent() {
    let mut host = Host::start(&["--max-file-bytes=1KiB", "--max-attachment-bytes=2KiB"]).await;
    let outside = host.place.path().join("outside/secret.txt");
    host.write("a.txt", "inside");
    host.write(".env", "KEY=x");
    host.write("sub/.ssh/config", "x");
    host.write("empty.txt", "");
    host.write("large.txt", "x".repeat(1025));
    host.write("archive.txt", b"PK\x03\x04\x14\0\0\0\0\0");
    symlink(&outside, host.allowed().join("link.txt")).unwrap();
    symlink(".env", host.allowed().join("innocent.txt")).unwrap();
    fifo(&host.allowed().join("fifo"));
    let began = Instant::now();
    let mut errors = Vec::new();
    for path in [
        outside.to_str().unwrap(),
        "/etc/passwd",
        "file:///etc/passwd",
        "../outside/secret.txt",
        "link.txt",
        ".env",
        "sub/.ssh/config",
        "innocent.txt",
        "none.txt",
        "sub/none: a.txt",
        "sub",
        "fifo",
        "empty.txt",
        "large.txt",
        "archive.txt",
    ] {
        let (code, text) = host.refusal(path).await;
        errors.push(format!("{code}: {}", text.replace(host.place.path().to_str().unwrap(), "[folder]")));
    }
    insta::assert_snapshot!(errors.join("\n"), @r#"
    attachment_denied: attachments[0]: "[folder]/outside/secret.txt" is not below an allowed directory ([folder]/allowed)
    attachment_denied: attachments[0]: "/etc/passwd" is not below an allowed directory ([folder]/allowed)
    attachment_denied: attachments[0]: "file:///etc/passwd" is not below an allowed directory ([folder]/allowed)
    attachment_denied: attachments[0]: "../outside/secret.txt" contains ".."; write the path without it
    attachment_denied: attachments[0]: "link.txt" is a link that leads out of the allowed directories
    attachment_denied: attachments[0]: ".env" looks like a secrets file (.env); it is read only if that file itself is allowed. The user can allow it with --allow-dir FILE.
    attachment_denied: attachments[0]: "sub/.ssh/config" looks like a secrets file (.ssh); it is read only if that file itself is allowed. The user can allow it with --allow-dir FILE.
    attachment_denied: attachments[0]: "innocent.txt" is a link to something that looks like a secrets file (.env)
    attachment_unreadable: attachments[0]: "none.txt" does not exist; relative paths start at [folder]/allowed
    attachment_unreadable: attachments[0]: "sub/none: a.txt" does not exist; relative paths start at [folder]/allowed
    attachment_unreadable: attachments[0]: "sub" is a directory; name the files in it
    attachment_unreadable: attachments[0]: "fifo" is not a regular file
    attachment_unreadable: attachments[0]: "empty.txt" is empty
    attachment_unreadable: attachments[0]: "large.txt" has 1025 bytes; at most 1024 are read. The user can raise OLLAMA_MCP_MAX_FILE_BYTES.
    attachment_unreadable: attachments[0]: "archive.txt" seems to be application/zip; text, PDF, PNG, JPEG, WebP and GIF can be attached
    "#);
    assert!(began.elapsed() < Duration::from_secs(10), "something was waited for");

    for name in ["b.txt", "c.txt", "d.txt"] {
        host.write(name, "x".repeat(1000));
    }
    let result = host.chat(&["b.txt", "c.txt", "d.txt"]).await;
    insta::assert_snapshot!(tool_error(&result).1, @r#"attachments[2]: "d.txt" is too much: the files of a call have at most 2048 bytes together. The user can raise OLLAMA_MCP_MAX_ATTACHMENT_BYTES."#);
    let many = vec!["a.txt"; 21];
    let result = host.chat(&many).await;
    assert_eq!(
        tool_error(&result),
        ("invalid_argument", "attachments has 21 files; at most 20 go with a call")
    );
    assert!(host.fake.requests_to("POST", "/api/chat").is_empty());
    assert!(host.chat(&["a.txt"]).await["structuredContent"]["attachments"].is_array());
}

#[tokio::test]
async fn secret_file_is_read_if_allowed_itself() {
    let place = TempDir::new().unwrap();
    std::fs::write(place.path().join(".env"), "KEY=x").unwrap();
    let fake = FakeOllama::start().await.with_defaults();
    let (all, one) = (place.path().to_str().unwrap(), place.path().join(".env"));
    let one = one.to_str().unwrap();
    let mut process = Process::start(&fake, &["--allow-dir", all, "--allow-dir", one]);
    process.handshake("2025-11-25", "tests").await;
    let result = call(&mut process, "chat_completion", chat(&[one])).await;
    assert_eq!(result["structuredContent"]["attachments"][0]["name"], ".env", "{result:#}");
}

#[tokio::test]
async fn without_allowed_directory_hint_names_settings() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut process = Process::start(&fake, &[]);
    process.handshake("2025-11-25", "tests").await;
    let result = call(&mut process, "chat_completion", chat(&["/etc/passwd"])).await;
    let (code, text) = tool_error(&result);
    assert_eq!(code, "attachment_denied");
    insta::assert_snapshot!(text, @"attachments[0]: no directory is allowed for files. The user can allow one in the host's configuration: --allow-dir DIR, or OLLAMA_MCP_ALLOWED_DIRS.");
    assert!(fake.requests().is_empty(), "nothing was asked of anyone");
}

#[tokio::test]
async fn cloud_model_gets_file_only_with_allow_remote_files() {
    let cloud = json!({ "remote_host": "https://ollama.com:443", "remote_model": "big" });
    let mut host = Host::start(&[]).await;
    host.all_models(&cloud);
    host.write("a.txt", "inside");
    let (code, text) = host.refusal("a.txt").await;
    assert_eq!(code, "attachment_denied");
    insta::assert_snapshot!(text, @r#"Model "gemma3:270m" runs at https://ollama.com:443, not on this machine, so the files would be sent there. Use a model whose location is local (list_models), or let the user allow it with --allow-remote-files."#);
    assert!(
        host.fake.requests().iter().all(|request| !String::from_utf8_lossy(&request.body).contains("inside"))
    );

    let mut host = Host::start(&["--allow-remote-files"]).await;
    host.all_models(&cloud);
    host.write("a.txt", "inside");
    let result = host.chat(&["a.txt"]).await;
    assert_eq!(result["structuredContent"]["attachments"][0]["name"], "a.txt", "{result:#}");
}

#[tokio::test]
async fn cloud_model_is_recognized_by_tag() {
    let mut host = Host::start(&[]).await;
    host.all_models(&json!({}));
    host.write("a.txt", "inside");
    for model in ["big:cloud", "big:120b-cloud", "BIG:120B-Cloud", "big:120b-cloud@sha256-0"] {
        let arguments = json!({ "model": model, "prompt": "?", "attachments": ["a.txt"] });
        let result = host.call("chat_completion", arguments).await;
        assert!(tool_error(&result).1.contains("runs at ollama.com"), "{model}: {result:#}");
    }
    assert!(host.fake.requests_to("POST", "/api/chat").is_empty());
}

#[tokio::test]
async fn location_of_pulled_model_is_checked_after_pull() {
    let mut host = Host::start(&["--auto-pull"]).await;
    host.all_models(&json!({ "remote_host": "https://ollama.com:443", "remote_model": "big" }));
    host.fake.on_next("POST", "/api/show", Answer::json(404, json!({ "error": "model 'big' not found" })));
    host.fake.on("POST", "/api/pull", Answer::ndjson(&[json!({ "status": "success" })]));
    host.write("a.txt", "inside");
    let arguments = json!({ "model": "big", "prompt": "?", "attachments": ["a.txt"] });
    let result = host.call("chat_completion", arguments).await;
    assert!(tool_error(&result).1.contains("runs at https://ollama.com:443"), "{result:#}");
    assert_eq!(host.fake.requests_to("POST", "/api/pull").len(), 1);
    assert!(host.fake.requests_to("POST", "/api/chat").is_empty());
}

#[tokio::test]
async fn own_and_host_files_are_refused_below_allowed_home() {
    let home = TempDir::new().unwrap();
    let at = |path: &str| home.path().join(path);
    for (path, text) in [
        (".config/ollama-mcp/config.toml", "auth_token = \"secret\"\n"),
        (".config/ollama-mcp/config.toml~", "auth_token = \"secret\"\n"),
        (".config/ollama-mcp/config.toml.bak", "auth_token = \"secret\"\n"),
        (".config/zed/settings.json", "{}"),
        (".config/zed/settings.json.bak-1700000000-2", "{}"),
        (".config/opencode/opencode.json", "{}"),
        ("project/.zed/settings.json", "{}"),
        ("project/.zed/.ollama-mcp-aB3dE6.tmp", "{}"),
        (".cursor/mcp.json", "{}"),
        (".claude.json", "{}"),
        (".codex/auth.json", "{}"),
        ("notes.txt", "inside"),
    ] {
        std::fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        std::fs::write(at(path), text).unwrap();
    }
    symlink(at(".config/ollama-mcp/config.toml"), at("innocent.txt")).unwrap();
    let fake = FakeOllama::start().await.with_defaults();
    let mut command = crate::support::process::command(&home);
    command.args(["--allow-dir", home.path().to_str().unwrap()]).env("OLLAMA_HOST", fake.url());
    let mut process = Process::spawn(command, TempDir::new().unwrap());
    process.handshake("2025-11-25", "tests").await;
    // So that its file is there.
    let turn = json!({ "conversation_id": "a", "prompt": "x", "model": MODEL, "attachments": ["notes.txt"] });
    call(&mut process, "converse", turn).await;
    let database = at(".local/share/ollama-mcp/conversations.db");
    assert!(database.exists());
    for path in [
        "~/.config/ollama-mcp/config.toml",
        "innocent.txt",
        ".config/ollama-mcp/config.toml~",
        ".config/ollama-mcp/config.toml.bak",
        ".config/zed/settings.json",
        ".config/zed/settings.json.bak-1700000000-2",
        ".config/opencode/opencode.json",
        "project/.zed/settings.json",
        "project/.zed/.ollama-mcp-aB3dE6.tmp",
        ".cursor/mcp.json",
        ".claude.json",
        ".codex/auth.json",
        database.to_str().unwrap(),
    ] {
        let result = call(&mut process, "chat_completion", chat(&[path])).await;
        let (code, text) = tool_error(&result);
        assert_eq!(code, "attachment_denied", "{path}: {text}");
        assert!(text.contains("secrets"), "{path}: {text}");
    }
    let weights = json!({ "model": "mine", "gguf": database });
    let result = call(&mut process, "create_model", weights).await;
    assert_eq!(tool_error(&result).0, "attachment_denied", "{result:#}");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

#[tokio::test]
async fn remote_server_gets_no_file() {
    let place = TempDir::new().unwrap();
    std::fs::write(place.path().join("a.txt"), "inside").unwrap();
    let allow = place.path().to_str().unwrap();
    // An address for documents, where nobody answers: it is refused before anyone is asked.
    let environment = [("OLLAMA_HOST", "http://192.0.2.1:11434"), ("OLLAMA_MCP_ALLOWED_DIRS", allow)];
    let mut process = Process::with(&[], &environment);
    process.handshake("2025-11-25", "tests").await;
    let result = call(&mut process, "chat_completion", chat(&["a.txt"])).await;
    let (code, text) = tool_error(&result);
    assert_eq!(code, "attachment_denied");
    assert!(text.contains("runs at http://192.0.2.1:11434"), "{text}");
}

#[tokio::test]
async fn wrong_type_and_unknown_argument_are_refused_by_name() {
    let mut host = Host::start(&[]).await;
    for (arguments, text) in [
        (json!({ "prompt": "x", "attachments": "a.txt" }), "attachments"),
        (json!({ "prompt": "x", "attachments": [1] }), "attachments[0]"),
        (json!({ "prompt": "x", "attachment": ["a.txt"] }), "attachments"),
    ] {
        let result = host.call("chat_completion", arguments).await;
        let (code, said) = tool_error(&result);
        assert_eq!(code, "invalid_argument");
        assert!(said.contains(text), "{said}");
    }
}
