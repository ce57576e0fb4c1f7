//! Counts of tokens, and models in Anthropic's form.

use serde_json::{Value, json};

use super::*;
use crate::http::{started, started_with};
use crate::support::http_server::HttpServer;

const COUNT: &str = "/v1/messages/count_tokens";

async fn models(server: &HttpServer, query: &str) -> HttpAnswer {
    let request = server.guest().request("GET", &format!("/v1/models{query}"));
    answer(request.header("anthropic-version", "2023-06-01")).await
}

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn count_says_that_it_is_an_estimate_and_gets_better() {
    let (fake, server) = started().await;
    let words = "word ".repeat(400);
    let body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": words }] });
    let first = server.guest().post(COUNT, &body).await;
    assert_eq!(first.header("x-ollama-mcp-estimate"), "true");
    assert_eq!(
        first.ok()["ollama_mcp"],
        json!({ "is_estimate": true, "bytes_per_token": 3.5, "is_measured": false })
    );
    assert_eq!(first.ok()["input_tokens"], 576);
    // The model is neither loaded nor asked.
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
    let said = json!({ "model": MODEL, "message": { "role": "assistant", "content": "yes" }, "done": true, "done_reason": "stop",
        "prompt_eval_count": 404, "eval_count": 1 });
    fake.on("POST", "/api/chat", Answer::ndjson(&[said]));
    post(server.guest(), &ask(json!({ "messages": [{ "role": "user", "content": words }] }))).await.ok();
    let second = server.guest().post(COUNT, &body).await.ok();
    assert_eq!((&second["input_tokens"], &second["ollama_mcp"]["is_measured"]), (&json!(404), &json!(true)));
    let tools = json!([{ "name": "f", "description": "x".repeat(500), "input_schema": {} }]);
    let document = json!({ "type": "document", "source": { "type": "text", "data": words } });
    for more in [
        json!({ "tools": tools }),
        json!({ "messages": [{ "role": "user", "content": [document, { "type": "text", "text": words }] }] }),
    ] {
        let mut body = body.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let counted = server.guest().post(COUNT, &body).await.ok();
        assert!(counted["input_tokens"].as_u64() > Some(490), "{counted}");
    }
}

#[tokio::test]
async fn count_refuses_what_a_message_would() {
    let (_fake, server) = started().await;
    let wrong = json!({ "model": MODEL, "messages": [] });
    assert_eq!(server.guest().post(COUNT, &wrong).await.error(400)["type"], "invalid_request_error");
    let unknown = json!({ "model": "gone:1b", "messages": [{ "role": "user", "content": "hi" }] });
    assert_eq!(server.guest().post(COUNT, &unknown).await.error(404)["type"], "not_found_error");
}

#[tokio::test]
async fn models_have_anthropics_fields_for_its_clients() {
    let (_fake, server) =
        started_with(&[("OLLAMA_MCP_SERVE_MODEL_ALIASES", "claude-opus-4-6=qwen2.5-coder:0.5b")]).await;
    let all = models(&server, "").await.ok();
    let entry = all["data"].as_array().unwrap().iter().find(|model| model["id"] == MODEL).unwrap();
    let created = entry["created_at"].as_str().unwrap();
    assert!(created.starts_with("20") && created.ends_with('Z'), "{entry}");
    assert_eq!(
        entry,
        &json!({ "type": "model", "id": MODEL, "display_name": MODEL, "created_at": created, "lifecycle": "active",
            "max_input_tokens": 32_768 })
    );
    assert_eq!((&all["has_more"], &all["first_id"]), (&json!(false), &all["data"][0]["id"]));
    let alias = models(&server, "/claude-opus-4-6").await.ok();
    assert_eq!((&alias["id"], &alias["type"]), (&json!("claude-opus-4-6"), &json!("model")));
    // Others get OpenAI's.
    assert_eq!(server.guest().get(&format!("/v1/models/{MODEL}")).await.ok()["object"], "model");
    let missing = models(&server, "/gone:1b").await;
    assert_eq!(
        (&missing.error(404)["type"], &missing.json()["type"]),
        (&json!("not_found_error"), &json!("error"))
    );
    assert!(missing.header("request-id").starts_with("req_"), "{missing:?}");
}

#[tokio::test]
async fn models_are_listed_page_by_page() {
    let (_fake, server) = started().await;
    let all = models(&server, "").await.ok();
    let all = ids(&all);
    let mut read = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = models(&server, &query).await.ok();
        read.extend(ids(&page).into_iter().map(str::to_owned));
        if page["has_more"] == false {
            break;
        }
        query = format!("?limit=2&after_id={}", page["last_id"].as_str().unwrap());
    }
    assert_eq!(read, all);
    let before = models(&server, &format!("?limit=2&before_id={}", all[3])).await.ok();
    assert_eq!((ids(&before), &before["has_more"]), (vec![all[1], all[2]], &json!(true)));
    let first = models(&server, &format!("?before_id={}", all[1])).await.ok();
    assert_eq!((ids(&first), &first["has_more"]), (vec![all[0]], &json!(false)));
    for (wrong, name) in [("?limit=0", "limit"), ("?limit=1001", "limit"), ("?after_id=gone", "after_id")] {
        let error = models(&server, wrong).await.error(400);
        assert!(error["message"].as_str().unwrap().starts_with(name), "{error}");
    }
}
