//! The web, through a fake of ollama.com: answers, bounds, failures, and where the key goes.

use std::sync::Arc;

use providers::Timeouts;
use providers::ollama::OllamaWeb;
use serde_json::{Value, json};
use service::ServiceSettings;

use super::{start, text, tools};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::{MODERN, Session, error_line, modern_meta, tool_error};
use crate::support::process::Process;

const KEY: &str = "sesame-web-key";

/// A server whose ollama.com is at an address, which no setting can say.
fn web_at(address: &str, ollama: &FakeOllama) -> Session {
    let web = OllamaWeb::at(address.parse().unwrap(), KEY, Timeouts::default()).unwrap();
    Session::of_services(
        &ollama.url(),
        ServiceSettings { web: Some(Arc::new(web)), ..ServiceSettings::default() },
    )
}

/// A fake of ollama.com, and a server of it.
async fn world() -> (FakeOllama, FakeOllama, Session) {
    let (com, ollama) = (FakeOllama::start().await, FakeOllama::start().await.with_defaults());
    let results = json!({ "results": [
        { "title": "Ollama", "url": "https://ollama.com/", "content": "Run models." },
        { "title": "Long", "url": "https://long.example/", "content": "ä".repeat(4_100) },
    ] });
    com.on("POST", "/api/web_search", Answer::json(200, results));
    let links: Vec<_> = (0..120).map(|n| format!("https://a.example/{n}")).collect();
    let page = json!({ "title": "A page", "content": "x".repeat(41_000), "links": links });
    com.on("POST", "/api/web_fetch", Answer::json(200, page));
    let session = web_at(&com.url(), &ollama);
    (com, ollama, session)
}

#[tokio::test]
async fn search_and_page_are_cut_and_marked() {
    let (com, ollama, mut session) = world().await;
    let result = session.call("web_search", json!({ "query": "ollama", "max_results": 2 })).await;
    let results = &result["structuredContent"]["results"];
    assert_eq!(
        results[0],
        json!({ "title": "Ollama", "url": "https://ollama.com/", "content": "Run models." })
    );
    assert_eq!(results[1]["cut_characters"], 100);
    assert_eq!(results[1]["content"].as_str().unwrap().chars().count(), 4_000);
    let said = text(&result);
    for part in
        ["Ollama\nhttps://ollama.com/\nRun models.", "https://long.example/", "[100 characters more are cut]"]
    {
        assert!(said.contains(part), "{part}: {said:.300}");
    }
    let sent = com.wait_for("POST", "/api/web_search").await;
    assert_eq!(sent.json(), json!({ "query": "ollama", "max_results": 2 }));
    assert_eq!(sent.header("authorization"), Some(format!("Bearer {KEY}").as_str()));

    let result = session.call("web_fetch", json!({ "url": "https://a.example/page" })).await;
    let page = &result["structuredContent"];
    assert_eq!(
        (&page["title"], &page["cut_characters"], &page["more_links"]),
        (&json!("A page"), &json!(1_000), &json!(20))
    );
    assert_eq!(
        (page["content"].as_str().unwrap().len(), page["links"].as_array().unwrap().len()),
        (40_000, 100)
    );
    assert!(text(&result).starts_with("A page\nhttps://a.example/page\n\nxxx"));
    assert!(text(&result).ends_with("[1000 characters more are cut]"));
    com.on("POST", "/api/web_search", Answer::json(200, json!({ "results": [] })));
    assert!(text(&session.call("web_search", json!({ "query": "q" })).await).contains("Nothing was found"));
    assert_eq!(ollama.requests().len(), 0, "none of it concerns Ollama");
}

#[tokio::test]
async fn titles_and_links_of_pages_are_bounded() {
    let (com, _ollama, mut session) = world().await;
    let long = |start: &str| format!("{start}{}", "t".repeat(100_000));
    let page = json!({ "title": long(""), "content": "x", "links": [long("data:text/plain,"), "https://a.example/"] });
    com.on("POST", "/api/web_fetch", Answer::json(200, page));
    let result = session.call("web_fetch", json!({ "url": "https://a.example/page" })).await;
    let page = &result["structuredContent"];
    assert_eq!((&page["links"], &page["more_links"]), (&json!(["https://a.example/"]), &json!(1)));
    assert_eq!(page["title"], "t".repeat(300));
    let one = json!({ "title": long(""), "url": "https://a.example/", "content": "x" });
    let mut results = vec![json!({ "title": "x", "url": long("https://a.example/"), "content": "x" })];
    results.extend(std::iter::repeat_n(one, 40));
    com.on("POST", "/api/web_search", Answer::json(200, json!({ "results": results })));
    let result = session.call("web_search", json!({ "query": "q" })).await;
    let results = result["structuredContent"]["results"].as_array().unwrap();
    assert_eq!((results.len(), &results[0]["title"]), (10, &json!("t".repeat(300))));
}

#[tokio::test]
async fn web_search_works_in_stateless_revision() {
    let (_com, _ollama, mut session) = world().await;
    let arguments = json!({ "query": "ollama" });
    let params = json!({ "name": "web_search", "arguments": arguments, "_meta": modern_meta() });
    let result = session.result(MODERN, "tools/call", params).await;
    assert_eq!(result["structuredContent"]["results"][0]["title"], "Ollama");
}

#[tokio::test]
async fn invalid_arguments_send_no_request() {
    let (com, _ollama, mut session) = world().await;
    let mut errors = Vec::new();
    for (tool, arguments) in [
        ("web_search", json!({ "query": " " })),
        ("web_search", json!({})),
        ("web_search", json!({ "query": "q", "max_results": 11 })),
        ("web_search", json!({ "query": "q", "max_results": 0 })),
        ("web_search", json!({ "query": "q", "max_result": 1 })),
        ("web_fetch", json!({ "url": "file:///etc/passwd" })),
        ("web_fetch", json!({ "url": "example.com" })),
        ("web_fetch", json!({ "url": "https://me:secret@example.com" })),
    ] {
        errors.push(error_line(&session.call(tool, arguments).await));
    }
    insta::assert_snapshot!(errors.join("\n"), @r#"
    invalid_argument: query is empty; it must have text
    invalid_argument: the argument `query` is missing
    invalid_argument: max_results is 11; it must be between 1 and 10
    invalid_argument: max_results is 0; it must be between 1 and 10
    invalid_argument: "max_result" is not an argument of this tool. Did you mean "max_results"?
    invalid_argument: url must begin with http:// or https://
    invalid_argument: url is not a URL, such as https://example.com/page
    invalid_argument: url has a name or password in it, which would go to ollama.com; leave them out
    "#);
    assert_eq!(com.requests().len(), 0);
}

#[tokio::test]
async fn failures_have_code_and_next_step() {
    let (com, ollama, mut session) = world().await;
    let error = |status: u16| Answer::json(status, json!({ "error": "said so" }));
    let mut errors = Vec::new();
    for answer in [
        error(401),
        error(429).header("Retry-After", "7"),
        error(503),
        error(500),
        Answer::text(200, "text/html", "<html>"),
        Answer::reset_before_head(),
    ] {
        com.on("POST", "/api/web_fetch", answer);
        let result = session.call("web_fetch", json!({ "url": "https://example.com" })).await;
        let (code, text) = tool_error(&result);
        assert!(!text.contains(KEY), "{text}");
        errors.push(format!("{code}: {text}"));
    }
    insta::assert_snapshot!(errors.join("\n"), @"
    upstream_error: ollama.com does not take the API key (401). Set OLLAMA_API_KEY to a key from ollama.com/settings/keys and restart the server.
    overloaded: ollama.com has reached the rate limit of this key (429): said so. Try again in 7 s; the account's limits are shown at ollama.com/settings.
    overloaded: ollama.com is busy (503): said so. Try again later; the account's limits are shown at ollama.com/settings.
    upstream_error: ollama.com answered 500: said so. Try another page or query.
    upstream_error: The answer of ollama.com cannot be read: api/web_fetch answered with something else than its JSON (expected value at line 1 column 1): <html>. A proxy may have answered instead.
    interrupted: ollama.com: the answer broke off: connection reset before the answer began. Try again.
    ");
    let mut offline = web_at(&format!("http://{}", FakeOllama::closed_address()), &ollama);
    let result = offline.call("web_search", json!({ "query": "q" })).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "ollama_unreachable");
    assert!(said.contains("Cannot reach ollama.com") && said.contains("internet"), "{said}");
    offline.still_serves().await;
}

#[tokio::test]
async fn cancelled_call_closes_connection() {
    let (com, _ollama, mut session) = world().await;
    let gate = Gate::new();
    com.on("POST", "/api/web_search", Answer::json(200, json!({ "results": [] })).delay_head(&gate));
    let params = json!({ "name": "web_search", "arguments": { "query": "q" } });
    let id = session.request("tools/call", params).await;
    let request = com.wait_for("POST", "/api/web_search").await;
    session.cancel(id).await;
    com.closed(request.index).await;
    session.still_serves().await;
    assert!(session.finish().await.is_empty(), "a cancelled call is not answered");
}

#[tokio::test]
async fn api_key_is_sent_to_ollama_com_only() {
    // A redirect is not followed, least of all with the key.
    let (com, ollama, mut session) = world().await;
    let elsewhere = FakeOllama::start().await;
    let target = format!("{}/api/web_search", elsewhere.url());
    for status in [301, 302, 307, 308] {
        com.on("POST", "/api/web_search", Answer::empty(status).header("Location", &target));
        let result = session.call("web_search", json!({ "query": "q" })).await;
        assert_eq!(tool_error(&result).0, "upstream_error");
    }
    assert_eq!(elsewhere.requests().len(), 0);
    session.call("list_models", json!({})).await;

    // Nor does Ollama itself get it, in a program that has it.
    let mut host =
        Process::with(&["--toolsets=all"], &[("OLLAMA_HOST", &ollama.url()), ("OLLAMA_API_KEY", KEY)]);
    for call in [
        json!({ "name": "health_check" }),
        json!({ "name": "chat_completion", "arguments": { "prompt": "x" } }),
    ] {
        host.ask("tools/call", call).await;
    }
    host.finish().await.well();
    assert!(ollama.requests().len() > 4);
    for request in ollama.requests() {
        assert_eq!(request.header("authorization"), None, "{} {}", request.method, request.path);
        assert!(!format!("{request:?}").contains(KEY));
    }
}

async fn web_tools(settings: &[(&str, &str)]) -> Vec<String> {
    let (_fake, mut session) = start(settings).await;
    tools(&mut session).await.into_iter().filter(|tool| tool.starts_with("web_")).collect()
}

#[tokio::test]
async fn web_tools_need_key_and_toolset() {
    let key = ("OLLAMA_API_KEY", KEY);
    let chosen = |names| ("OLLAMA_MCP_TOOLSETS", names);
    let both = ["web_search", "web_fetch"];
    assert_eq!(web_tools(&[key, chosen("web")]).await, both);
    assert_eq!(web_tools(&[key, chosen("all")]).await, both);
    let none: [&[(&str, &str)]; 5] = [
        &[key],
        &[chosen("web")],
        &[chosen("all")],
        &[key, chosen("core")],
        &[key, chosen("all"), ("OLLAMA_MCP_READ_ONLY", "true")],
    ];
    for settings in none {
        assert_eq!(web_tools(settings).await, [""; 0], "{settings:?}");
    }
}

#[tokio::test]
async fn web_toolset_without_key_is_warned_of() {
    let fake = FakeOllama::start().await.with_defaults();
    for (toolsets, warned) in [("models,web", true), ("all", false)] {
        let mut host = Process::start(&fake, &[&format!("--toolsets={toolsets}")]);
        host.still_serves().await;
        let ended = host.finish().await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let says = ended.stderr.contains("OLLAMA_API_KEY is not set") && ended.stderr.contains("--toolsets");
        assert_eq!(says, warned, "{toolsets}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn descriptions_call_pages_untrusted() {
    let (_com, _ollama, mut session) = world().await;
    let listed: Value = session.ask("tools/list", json!({})).await;
    let listed = listed["result"]["tools"].as_array().unwrap().clone();
    let web: Vec<_> =
        listed.iter().filter(|tool| tool["name"].as_str().unwrap().starts_with("web_")).collect();
    assert_eq!(web.len(), 2);
    for tool in web {
        assert!(tool["description"].as_str().unwrap().contains("untrusted"), "{tool}");
        assert_eq!(tool["annotations"]["openWorldHint"], true);
        assert_eq!(tool["annotations"]["readOnlyHint"], true);
    }
}
