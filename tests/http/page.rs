//! The page: its document, its files, its link, and the routes that it has for itself.

use serde_json::json;

use super::{started, started_with};
use crate::support::fake_ollama::FakeOllama;
use crate::support::http_client::answer;
use crate::support::http_server::HttpServer;

const MODEL: &str = "qwen2.5-coder:0.5b";

#[tokio::test]
async fn browsers_get_the_page_and_programs_the_routes() {
    let (_fake, server) = started().await;
    let page = answer(server.guest().request("GET", "/").header("accept", "text/html,*/*;q=0.8")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.body.starts_with("<!doctype html>"), "{}", page.body);
    let policy = page.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "script-src 'self';",
        "require-trusted-types-for 'script'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert!(!page.body.contains("style=") && !page.body.contains(" on"), "{}", page.body);
    let info = server.guest().get("/").await.ok();
    assert_eq!(info["app_name"], "ollama-mcp");
    assert!(info["endpoints"].as_array().unwrap().contains(&json!("/x/events")));
}

#[tokio::test]
async fn every_file_that_the_page_names_is_there() {
    let (_fake, server) = started().await;
    let page = answer(server.guest().request("GET", "/").header("accept", "text/html")).await.body;
    let named: Vec<_> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(named.iter().any(|name| name.ends_with("/main.js")), "{page}");
    assert!(named.iter().any(|name| name.ends_with("/style.css")), "{page}");
    for name in named {
        let file = server.guest().get(name).await;
        let expected =
            if name.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
        assert_eq!((file.status, file.header("content-type")), (200, expected), "{name}");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
    }
    for missing in ["none.js", "index.html", "../Cargo.toml", "%2e%2e/Cargo.toml"] {
        server.guest().get(&format!("/assets/x/{missing}")).await.error(404);
    }
}

#[tokio::test]
async fn files_are_packed_for_clients_that_unpack() {
    let (_fake, server) = started().await;
    let socket_of = |accept: &'static str| {
        let server = &server;
        async move {
            let mut socket = server.socket().await;
            socket.request("GET", "/assets/x/main.js", &[accept], b"").await;
            socket.response().await
        }
    };
    let packed = socket_of("accept-encoding: gzip").await;
    assert_eq!(packed.head.header("content-encoding"), "gzip");
    let plain = socket_of("accept-encoding: identity").await;
    assert_eq!(plain.head.header("content-encoding"), "");
    assert!(packed.body.len() < plain.body.len());
}

#[tokio::test]
async fn markdown_becomes_safe_html() {
    let (_fake, server) = started().await;
    let body = json!({ "markdown": "**Hi** <b onclick=x>\n\n[a](javascript:alert(1))\n\n![pic](https://example.com/a.png)" });
    let rendered = server.guest().post("/x/markdown", &body).await.ok();
    let html = rendered["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block.as_str().unwrap())
        .collect::<String>();
    assert!(html.contains("<strong>Hi</strong>"), "{html}");
    assert!(!html.contains("<b") && !html.contains("=\"javascript:") && !html.contains("<img"), "{html}");
    let error = server.guest().post("/x/markdown", &json!({ "markdown": 1 })).await.error(400);
    assert_eq!(error["param"], "markdown");
    let error = server
        .guest()
        .post("/x/markdown", &json!({ "markdown": "x".repeat((4 << 20) + 1) }))
        .await
        .error(400);
    assert_eq!(error["param"], "markdown");
}

#[tokio::test]
async fn catalog_has_what_the_picker_shows() {
    let (_fake, server) = started().await;
    let catalog = server.guest().get("/x/models").await.ok();
    assert_eq!((&catalog["can_manage"], &catalog["reports_loaded"]), (&json!(false), &json!(true)));
    let models = catalog["models"].as_array().unwrap();
    let model = models.iter().find(|model| model["name"] == MODEL).unwrap();
    assert!(model["size"].as_u64().is_some() && model["location"] == "local", "{model}");
    assert!(catalog["default"].is_string(), "{catalog}");
    assert_eq!(server.local().get("/x/models").await.ok()["can_manage"], true);
}

#[tokio::test]
async fn models_are_loaded_unloaded_and_deleted_by_those_who_may() {
    let (fake, server) = started().await;
    super::answer_all(&fake);
    let local = server.local();
    let load = json!({ "model": MODEL, "keep_alive": "10m" });
    local.post("/x/models/load", &load).await.ok();
    let sent = fake.wait_for("POST", "/api/generate").await.json();
    assert_eq!((&sent["model"], &sent["keep_alive"]), (&json!(MODEL), &json!("10m")));
    fake.clear_requests();
    local.post("/x/models/unload", &json!({ "model": MODEL })).await.ok();
    assert_eq!(fake.wait_for("POST", "/api/generate").await.json()["keep_alive"], 0);
    local.delete(&format!("/x/models/{MODEL}")).await.ok();
    assert_eq!(fake.wait_for("DELETE", "/api/delete").await.json()["model"], MODEL);
    for path in ["/x/models/load", "/x/models/unload", "/x/models/pull"] {
        server.guest().post(path, &load).await.error(403);
        let error = local.post(path, &json!({ "model": "" })).await.error(400);
        assert_eq!(error["param"], "model", "{path}");
    }
    let error =
        local.post("/x/models/load", &json!({ "model": MODEL, "keep_alive": "soon" })).await.error(400);
    assert_eq!(error["param"], "keep_alive");
}

#[tokio::test]
async fn guides_lead_to_this_server() {
    let (_fake, server) = started().await;
    let guides = server.guest().get("/x/connect").await.ok();
    let base = format!("http://{}", server.address());
    assert_eq!((&guides["base_url"], &guides["needs_key"]), (&json!(base), &json!(false)));
    let groups = guides["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    for entry in groups.iter().flat_map(|group| group["entries"].as_array().unwrap()) {
        let text = entry["text"].as_str().unwrap();
        let starts_program = entry["note"].as_str().is_some_and(|note| note.contains("takes no address"));
        assert!(text.contains(&server.address().to_string()) || starts_program, "{entry}");
        assert!(!text.contains("omk_"), "{entry}");
    }
    let guides = HttpServer::start_with(&_fake, &[("OLLAMA_MCP_SERVE_GUESTS", "never")]).await;
    let guides = guides.local().get("/x/connect").await.ok();
    assert_eq!(guides["needs_key"], true);
    let entries =
        guides["groups"].as_array().unwrap().iter().flat_map(|group| group["entries"].as_array().unwrap());
    for entry in entries {
        let whole = entry.to_string();
        assert!(
            whole.contains("omk_YOUR_KEY") || whole.contains("key") || whole.contains("takes no address"),
            "{entry}"
        );
    }
}

#[tokio::test]
async fn launch_code_is_told_to_no_log() {
    let (_fake, server) = started().await;
    crate::support::process::until("the page is told", || server.output().contains("The page is at")).await;
    assert!(!server.output().contains("launch"), "{}", server.output());
}

#[cfg(unix)]
#[tokio::test]
async fn browser_is_opened_by_a_private_file_whose_link_signs_in() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = tempfile::tempdir().unwrap();
    // Stands for the browser: it copies what it is told to open.
    let browser = home.path().join("browser");
    let copy = home.path().join("opened");
    std::fs::write(
        &browser,
        format!("#!/bin/sh\ncp -p \"$1\" {0}.part && mv {0}.part {0}\n", copy.display()),
    )
    .unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let fake = FakeOllama::start().await.with_defaults();
    let mut command = crate::support::http_server::serve_command(&home);
    command.arg("--open").env("OLLAMA_HOST", fake.url()).env("BROWSER", &browser);
    let server = HttpServer::spawn(command, home).await;
    crate::support::process::until("the browser is started", || copy.exists()).await;
    let opened = std::fs::read_to_string(&copy).unwrap();
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let link = opened.split('"').find(|part| part.starts_with("http://")).unwrap();
    let (address, code) = link.split_once("#launch=").unwrap();
    assert_eq!(address, format!("http://{}/", server.address()));
    let session = server.guest().post("/x/launch", &json!({ "code": code })).await.ok();
    assert!(session["secret"].is_string());
    server.guest().post("/x/launch", &json!({ "code": code })).await.error(401);
}

#[tokio::test]
async fn background_and_stream_exclude_each_other() {
    let (_fake, server) = started_with(&[]).await;
    let body = json!({ "message": "hi", "model": MODEL, "background": true, "stream": true });
    let error = server.guest().post("/x/conversations", &body).await.error(400);
    assert_eq!(error["param"], "stream");
}
