//! What a model gets of a file, and what the caller is told of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;

#[tokio::test]
async fn text_file_is_sent_with_its_name_before_question() {
    let mut host = Host::start(&[]).await;
    host.write("src/main.rs", "fn main() {}\n");
    host.write("umlaut.txt", b"Gr\xfc\xdfe aus K\xf6ln");
    let result = host.chat(&["src/main.rs", "umlaut.txt"]).await;
    assert_eq!(
        result["structuredContent"]["attachments"],
        json!([
            { "name": "src/main.rs", "kind": "text", "bytes": 13 },
            { "name": "umlaut.txt", "kind": "text", "bytes": 14 },
        ])
    );
    let content = "File: src/main.rs\n```\nfn main() {}\n```\n\nFile: umlaut.txt\n```\nGrüße aus Köln\n```\n\nWhat is this?";
    assert_eq!(host.asked().await["messages"], json!([{ "role": "user", "content": content }]));
    // The caller, a model in the cloud, sees nothing of them.
    assert!(!result.to_string().contains("fn main"), "{result:#}");
}

#[tokio::test]
async fn file_is_attached_to_newest_user_message() {
    let mut host = Host::start(&[]).await;
    host.write("a.txt", "inside");
    let path = host.allowed().join("a.txt");
    let messages = json!([
        { "role": "system", "content": "be brief" },
        { "role": "user", "content": "first" },
        { "role": "assistant", "content": "answer" },
        { "role": "user", "content": "second" },
    ]);
    let uri = format!("file://{}", path.display());
    host.call("chat_completion", json!({ "model": MODEL, "messages": messages, "attachments": [uri] })).await;
    let asked = host.asked().await;
    assert_eq!(asked["messages"][1]["content"], "first");
    assert_eq!(asked["messages"][3]["content"], "File: a.txt\n```\ninside\n```\n\nsecond");
}

#[tokio::test]
async fn pdf_is_read_by_page_and_scanned_page_is_reported() {
    let mut host = Host::start(&[]).await;
    host.write("report.txt", pdf(&["First page", "Second page"]));
    let result = host.chat(&["report.txt"]).await;
    let attachments = &result["structuredContent"]["attachments"];
    assert_eq!((&attachments[0]["kind"], &attachments[0]["pages"]), (&json!("pdf"), &json!(2)), "{result:#}");
    let asked = host.asked().await;
    let content = asked["messages"][0]["content"].as_str().unwrap();
    assert!(content.contains("File: report.txt, page 1 of 2\n```\nFirst page\n```\n"), "{content}");
    assert!(content.contains("File: report.txt, page 2 of 2\n```\nSecond page\n```\n"), "{content}");
    host.write("scan.pdf", pdf(&["", ""]));
    let (code, text) = host.refusal("scan.pdf").await;
    assert_eq!(code, "attachment_unreadable");
    assert!(
        text.contains("attachments[0]: \"scan.pdf\" is a PDF of 2 pages without any text, such as a scan"),
        "{text}"
    );
    host.write("broken.pdf", &pdf(&["x"])[..60]);
    assert!(host.refusal("broken.pdf").await.1.contains("is a PDF that cannot be read"));
    host.process.still_serves().await;
}

#[tokio::test]
async fn pdf_that_crashes_reader_fails_one_call_only() {
    let mut host = Host::start(&[]).await;
    // A page that is its own parent, and has no media box: it is looked for for ever.
    let endless = String::from_utf8(pdf(&["x"])).unwrap();
    let box_and_parent = "/Parent 2 0 R /MediaBox [0 0 612 792]";
    let padded = format!("{:1$}", "/Parent 4 0 R", box_and_parent.len());
    let endless = endless.replace(box_and_parent, &padded);
    host.write("endless.pdf", endless.replacen("/Resources <<", "/Resourcez <<", 1));
    let (code, text) = host.refusal("endless.pdf").await;
    assert_eq!(code, "attachment_unreadable");
    assert!(text.contains("is a PDF of which no page can be read"), "{text}");
    host.process.still_serves().await;
}

#[tokio::test]
async fn image_is_sent_to_vision_models_only() {
    let mut host = Host::start(&[]).await;
    let small = png(3, 2);
    host.write("picture", &small);
    host.write("huge.png", png(4100, 10));
    let (code, text) = host.refusal("picture").await;
    assert_eq!(code, "unsupported");
    assert!(text.contains("cannot read images"), "{text}");
    assert!(host.fake.requests_to("POST", "/api/chat").is_empty());

    host.all_models(&json!({ "capabilities": ["completion", "vision"] }));
    let arguments =
        json!({ "model": "qwen2.5-tools:0.5b", "prompt": "?", "attachments": ["picture", "huge.png"] });
    let result = host.call("chat_completion", arguments).await;
    let sent = &result["structuredContent"]["attachments"];
    assert_eq!(sent[0], json!({ "name": "picture", "kind": "image", "bytes": small.len() }), "{result:#}");
    let message = &host.asked().await["messages"][0];
    assert_eq!(message["content"], "?");
    assert_eq!(message["images"][0], STANDARD.encode(&small));
    let scaled = STANDARD.decode(message["images"][1].as_str().unwrap()).unwrap();
    assert_eq!(image::load_from_memory(&scaled).unwrap().width(), 2048);
}

#[tokio::test]
async fn every_tool_that_generates_takes_files() {
    let mut host = Host::start(&[]).await;
    host.write("a.txt", "alpha");
    host.write("b.txt", "beta");
    host.fake.on("POST", "/api/generate", Answer::recorded("generate_stream"));
    host.call("generate", json!({ "model": MODEL, "prompt": "go on", "attachments": ["a.txt"] })).await;
    let asked = host.fake.wait_for("POST", "/api/generate").await.json();
    assert_eq!(asked["prompt"], "File: a.txt\n```\nalpha\n```\n\ngo on");

    let models = [MODEL, "qwen2.5-tools:0.5b"];
    let arguments = json!({ "models": models, "prompt": "?", "attachments": ["a.txt"] });
    let result = host.call("compare_models", arguments).await;
    assert_eq!(result["structuredContent"]["results"][1]["attachments"][0]["name"], "a.txt", "{result:#}");
    for request in host.fake.wait_for_requests_to("POST", "/api/chat", 2).await {
        assert_eq!(request.json()["messages"][0]["content"], "File: a.txt\n```\nalpha\n```\n\n?");
    }

    let arguments = json!({ "model": MODEL, "instruction": "Sum up.", "inputs": ["text"], "files": ["b.txt", "none.txt"] });
    let result = host.call("batch_completion", arguments).await;
    let answer = &result["structuredContent"];
    assert_eq!((&answer["total"], &answer["failed"]), (&json!(3), &json!(1)), "{result:#}");
    assert_eq!(answer["results"][1]["attachments"][0]["name"], "b.txt");
    assert_eq!(answer["results"][2]["error"]["code"], "attachment_unreadable");
    assert!(
        answer["results"][2]["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("files[1]: \"none.txt\" does not")
    );
    let asked: Vec<_> =
        host.fake.requests_to("POST", "/api/chat").iter().map(|request| request.json()).collect();
    assert!(
        asked.iter().any(|asked| asked["messages"][0]["content"] == "File: b.txt\n```\nbeta\n```\n\nSum up.")
    );
}

#[tokio::test]
async fn trace_log_holds_no_file_content() {
    let fake = FakeOllama::start().await.with_defaults();
    let place = TempDir::new().unwrap();
    std::fs::write(place.path().join("a.txt"), "private-text-1").unwrap();
    std::fs::write(place.path().join("b.pdf"), pdf(&["private-page-2"])).unwrap();
    std::fs::write(place.path().join("c.bin"), b"private-bytes-3\0\x01").unwrap();
    let (url, dirs) = (fake.url(), place.path().to_str().unwrap());
    let settings =
        [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MCP_LOG", "trace"), ("OLLAMA_MCP_ALLOWED_DIRS", dirs)];
    let mut process = Process::with(&[], &settings);
    process.handshake("2025-11-25", "tests").await;
    for path in ["a.txt", "b.pdf", "c.bin"] {
        call(&mut process, "chat_completion", chat(&[path])).await;
    }
    let sent = fake.wait_for_requests_to("POST", "/api/chat", 2).await;
    assert!(sent[1].json()["messages"][0]["content"].as_str().unwrap().contains("private-page-2"));
    let ended = process.finish().await;
    assert!(ended.stderr.lines().count() > 3, "hardly at trace: {}", ended.stderr);
    let line = ended.stderr.lines().find(|line| line.contains("private"));
    assert_eq!(line, None);
}
