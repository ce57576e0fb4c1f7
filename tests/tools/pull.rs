//! `pull_model`: bytes as progress, pulls that break off, and pulls that outlive their call.

use std::sync::Arc;

use mcp::{McpServer, ServerOptions};
use providers::ollama::Ollama;
use providers::{ServerConfig, Timeouts};
use serde_json::{Value, json};
use service::transfers::TransferSettings;
use service::transfers::disk::Disk;
use service::{ServiceSettings, Services};
use settings::{CallDeadline, ToolSettings};

use super::{start, text};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::{Session, error_line, tool_error};

fn smollm() -> Value {
    json!({ "model": "smollm2:360m" })
}

fn id_of(result: &Value) -> String {
    result["structuredContent"]["completion_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn pull_reports_bytes() {
    let (fake, mut session) = start(&[("OLLAMA_MCP_PROGRESS_INTERVAL", "0")]).await;
    let gate = Gate::new();
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").gate_after(3, &gate));
    let params = json!({ "name": "pull_model", "arguments": smollm(), "_meta": { "progressToken": "t" } });
    let id = session.request("tools/call", params).await;
    let mut bytes = Vec::new();
    // The gate holds it at the second report of its layer.
    while bytes.last().is_none_or(|(done, _)| *done < 89_831_180.0) {
        let message = session.next().await;
        assert_eq!(message["method"], "notifications/progress", "{message}");
        let params = &message["params"];
        bytes.push((params["progress"].as_f64().unwrap(), params["total"].as_f64()));
    }
    assert!(bytes.is_sorted_by(|a, b| a.0 < b.0), "never back: {bytes:?}");
    assert_eq!(bytes.last().unwrap().1, Some(98_362_432.0));
    gate.open();
    let result = session.answer(id).await["result"].take();
    assert_eq!(text(&result), "pull of smollm2:360m is complete.");
    let structured = &result["structuredContent"];
    assert_eq!((&structured["status"], &structured["operation"]), (&json!("completed"), &json!("pull")));
    assert_eq!(structured["total_bytes"], 98_362_466);
    assert_eq!(structured["completed_bytes"], 98_362_466, "done is all of it");
    assert!(structured.get("already_present").is_none(), "{structured}");
    let body = fake.requests_to("POST", "/api/pull")[0].json();
    assert_eq!((&body["model"], &body["stream"]), (&json!("smollm2:360m"), &json!(true)));
}

#[tokio::test]
async fn replacing_installed_model_needs_confirmation() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("pull_success_stream");
    for name in ["gemma3:270m", "Gemma3:270M", "https://registry.ollama.ai/library/gemma3:270m"] {
        for more in [json!({}), json!({ "confirm": false }), json!({ "background": true })] {
            let mut arguments = more;
            arguments["model"] = json!(name);
            let result = session.call("pull_model", arguments).await;
            let (code, said) = tool_error(&result);
            assert!(code == "not_confirmed" && said.contains("gemma3:270m is already installed"), "{said}");
            assert!(said.contains("confirm: true"), "{said}");
        }
    }
    assert!(fake.requests_to("POST", "/api/pull").is_empty());
    let confirmed = json!({ "model": "gemma3:270m", "confirm": true });
    assert_eq!(
        text(&session.call("pull_model", confirmed.clone()).await),
        "pull of gemma3:270m is complete."
    );

    let (fake, mut session) = start(&[("OLLAMA_MCP_CONFIRM", "elicit")]).await;
    fake.replay("pull_success_stream");
    let result = session.call("pull_model", confirmed).await;
    insta::assert_snapshot!(error_line(&result), @r#"not_confirmed: pull_model of "gemma3:270m" was not done: this host cannot ask the user, and with OLLAMA_MCP_CONFIRM=elicit only the user can confirm. The user can do it outside this server, or set OLLAMA_MCP_CONFIRM=auto, which accepts confirm: true."#);
    assert!(fake.requests_to("POST", "/api/pull").is_empty());
    // What overwrites nothing asks nobody.
    text(&session.call("pull_model", smollm()).await);
}

#[tokio::test]
async fn up_to_date_model_is_reported_as_installed() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("pull_already_there_stream");
    let result = session.call("pull_model", smollm()).await;
    assert!(text(&result).contains("is already installed and up to date"), "{result}");
    assert_eq!(result["structuredContent"]["already_present"], true);
}

#[tokio::test]
async fn interrupted_pull_is_resumed() {
    let (fake, mut session) = start(&[]).await;
    fake.on_next("POST", "/api/pull", Answer::recorded("pull_success_stream").cut_after(2));
    fake.replay("pull_success_stream");
    let result = session.call("pull_model", smollm()).await;
    assert_eq!(text(&result), "pull of smollm2:360m is complete.");
    assert_eq!(fake.requests_to("POST", "/api/pull").len(), 2);
    // What this call itself had fetched before the break was not there already.
    fake.on_next("POST", "/api/pull", Answer::recorded("pull_success_stream").cut_after(3));
    fake.replay("pull_already_there_stream");
    assert_eq!(text(&session.call("pull_model", smollm()).await), "pull of smollm2:360m is complete.");
}

#[tokio::test]
async fn model_in_no_registry_is_an_error_without_retry() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("pull_unknown_model_stream");
    let result = session.call("pull_model", json!({ "model": "nope:latest" })).await;
    insta::assert_snapshot!(error_line(&result), @r#"model_not_found: No registry has a model "nope:latest". Check the name and the tag; ollama.com/library lists what can be pulled."#);
    assert_eq!(fake.requests_to("POST", "/api/pull").len(), 1);
    // A name that is none is not sent.
    let result = session.call("pull_model", json!({ "model": "a model, please" })).await;
    insta::assert_snapshot!(error_line(&result), @"invalid_argument: model is not a model name: letters, digits and . _ - : / are allowed, such as gemma3:4b or hf.co/user/model:Q4_K_M");
    assert_eq!(fake.requests_to("POST", "/api/pull").len(), 1);
}

#[tokio::test]
async fn background_pull_is_fetched_later() {
    let (fake, mut session) = start(&[]).await;
    let gate = Gate::new();
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").gate_after(3, &gate));
    let begun = session.call("pull_model", json!({ "model": "smollm2:360m", "background": true })).await;
    assert_eq!(begun["structuredContent"]["status"], "in_progress");
    gate.reached(1).await;
    let id = id_of(&begun);
    let look = json!({ "completion_id": id, "wait_seconds": 0 });
    let looked = session.call("get_completion", look).await;
    assert_eq!(looked["structuredContent"]["status"], "in_progress", "{looked}");
    gate.open();
    let ended = session.call("get_completion", json!({ "completion_id": id, "wait_seconds": 20 })).await;
    assert_eq!(ended["structuredContent"]["status"], "completed");
    assert_eq!(id_of(&ended), id);
    assert_eq!(fake.requests_to("POST", "/api/pull").len(), 1);
}

#[tokio::test]
async fn size_is_reported_before_bytes_arrive() {
    let (fake, mut session) = start(&[("OLLAMA_MCP_PROGRESS_INTERVAL", "0")]).await;
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").stall_after(3));
    let begun = session.call("pull_model", json!({ "model": "smollm2:360m", "background": true })).await;
    assert_eq!(begun["structuredContent"]["total_bytes"], 98_362_432, "{begun}");
    assert!(text(&begun).contains("of 98 MB"), "{begun}");

    let params = json!({ "name": "pull_model", "arguments": smollm(), "_meta": { "progressToken": "t" } });
    session.request("tools/call", params).await;
    let mut said = Vec::new();
    while !said.iter().any(|text| text == "smollm2:360m is 98 MB or more") {
        said.push(session.next().await["params"]["message"].as_str().unwrap().to_owned());
    }
    assert!(said.iter().all(|text| !text.contains('%')), "{said:?}");
}

/// A server whose models go to `dir`, where so much is free.
async fn with_room(
    dir: &std::path::Path,
    free: fn(&std::path::Path) -> std::io::Result<u64>,
) -> (FakeOllama, Session) {
    let fake = FakeOllama::start().await.with_defaults();
    let config = ServerConfig {
        base_url: fake.url().parse().unwrap(),
        token: None,
        headers: Vec::new(),
        timeouts: Timeouts::default(),
    };
    let disk = Disk::new(vec![dir.to_owned()], free);
    let settings = ServiceSettings {
        transfers: TransferSettings { disk, ..TransferSettings::default() },
        ..ServiceSettings::default()
    };
    let services = Services::new(Arc::new(Ollama::new(&config).unwrap()), settings);
    let options = ServerOptions {
        progress_interval: std::time::Duration::ZERO,
        call_deadline: CallDeadline::Never,
        tools: ToolSettings::default(),
    };
    (fake, Session::over(McpServer::new(services, options)))
}

#[tokio::test]
async fn pull_beyond_free_disk_space_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    // 27 MB of 98 are to come.
    let (fake, mut session) = with_room(dir.path(), |_| Ok(20_000_000)).await;
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").stall_after(2));
    let result = session.call("pull_model", smollm()).await;
    let error = error_line(&result).replace(dir.path().to_str().unwrap(), "[folder]");
    insta::assert_snapshot!(error, @"disk_full: smollm2:360m needs 27 MB more, and 20 MB are free at [folder]; the pull was stopped. Free some space, pick a smaller model, or set OLLAMA_MODELS if Ollama keeps its models elsewhere. delete_model frees space.");
    fake.closed(fake.requests_to("POST", "/api/pull")[0].index).await;

    for free in [
        |_: &std::path::Path| Ok(30_000_000),
        |_: &std::path::Path| Err(std::io::ErrorKind::Unsupported.into()),
    ] {
        let (fake, mut session) = with_room(dir.path(), free).await;
        fake.replay("pull_success_stream");
        assert_eq!(text(&session.call("pull_model", smollm()).await), "pull of smollm2:360m is complete.");
    }
}

#[tokio::test]
async fn cancelled_pull_closes_connection() {
    let (fake, mut session) = start(&[("OLLAMA_MCP_CALL_DEADLINE", "1s")]).await;
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").stall_after(3));
    let outlived = session.call("pull_model", smollm()).await;
    let structured = &outlived["structuredContent"];
    assert_eq!(structured["status"], "in_progress");
    assert_eq!(structured["completed_bytes"], 89_831_180, "{structured}");
    assert!(text(&outlived).contains("get_completion") && text(&outlived).contains("91%"), "{outlived}");
    let stopped = session.call("cancel_completion", json!({ "completion_id": id_of(&outlived) })).await;
    assert_eq!(stopped["structuredContent"]["status"], "cancelled", "{stopped}");
    fake.closed(fake.requests_to("POST", "/api/pull")[0].index).await;
}

#[tokio::test]
async fn cancelled_call_stops_pull() {
    let (fake, mut session) = start(&[]).await;
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").stall_after(3));
    let id = session.request("tools/call", json!({ "name": "pull_model", "arguments": smollm() })).await;
    let request = fake.wait_for("POST", "/api/pull").await;
    session.cancel(id).await;
    fake.closed(request.index).await;
    session.still_serves().await;
}
