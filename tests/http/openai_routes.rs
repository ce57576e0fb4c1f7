//! OpenAI's other routes: models, embeddings, bare prompts.

use base64::Engine as _;
use serde_json::{Value, json};

use super::{started, started_with};
use crate::support::fake_ollama::{Answer, Recording};

const MODEL: &str = "qwen2.5-coder:0.5b";
const COMPLETIONS: &str = "/v1/completions";

#[tokio::test]
async fn models_have_aliases_and_what_is_known_of_them() {
    let (_fake, server) =
        started_with(&[("OLLAMA_MCP_SERVE_MODEL_ALIASES", "gpt-4o=qwen2.5-coder:0.5b,gone=x:1b")]).await;
    let list = server.guest().get("/v1/models").await.ok();
    assert_eq!(list["object"], "list");
    let entry = |id: &str| list["data"].as_array().unwrap().iter().find(|entry| entry["id"] == id).cloned();
    let model = entry(MODEL).unwrap();
    assert_eq!((&model["object"], &model["owned_by"]), (&json!("model"), &json!("library")));
    assert!(
        model["created"].as_u64().unwrap() > 1_700_000_000 && model["context_length"] == 32_768,
        "{model}"
    );
    let alias = entry("gpt-4o").unwrap();
    assert_eq!((&alias["alias_of"], &alias["created"]), (&json!(MODEL), &model["created"]));
    assert_eq!(entry("gone"), None);
    assert_eq!(server.guest().get("/v1/models/gpt-4o").await.ok(), alias);
    assert_eq!(server.guest().get("/v1/models/qwen2.5-coder%3A0.5b").await.ok(), model);
}

#[tokio::test]
async fn model_with_slashes_is_found_and_unknown_one_has_the_nearest() {
    let (fake, server) = started().await;
    let name = "hf.co/user/Model-GGUF:Q4_K_M";
    fake.on("GET", "/api/tags", Answer::json(200, json!({ "models": [{ "name": name }] })));
    assert_eq!(server.guest().get(&format!("/v1/models/{name}")).await.ok()["id"], name);
    let error = server.guest().get("/v1/models/hf.co/user/Model-GGUF:Q8").await.error(404);
    assert_eq!((&error["code"], &error["param"]), (&json!("model_not_found"), &json!("model")));
    assert!(error["hint"].as_str().unwrap().contains(name), "{error}");
}

#[tokio::test]
async fn embeddings_are_floats_or_base64() {
    let (fake, server) = started().await;
    let vectors =
        json!({ "model": "e:1b", "embeddings": [[0.5, -1.0], [0.25, 2.0]], "prompt_eval_count": 7 });
    fake.on("POST", "/api/embed", Answer::json(200, vectors));
    let body = json!({ "model": "e:1b", "input": ["a", "b"], "dimensions": 2, "unknown": 1 });
    let answer = server.guest().post("/v1/embeddings", &body).await;
    assert_eq!(answer.header("x-ollama-mcp-ignored"), "unknown");
    assert_eq!(
        answer.ok(),
        json!({ "object": "list", "model": "e:1b", "usage": { "prompt_tokens": 7, "total_tokens": 7 }, "data": [
            { "object": "embedding", "index": 0, "embedding": [0.5, -1.0] },
            { "object": "embedding", "index": 1, "embedding": [0.25, 2.0] } ] })
    );
    assert_eq!(fake.wait_for("POST", "/api/embed").await.json()["dimensions"], 2);
    let body = json!({ "model": "e:1b", "input": ["a", "b"], "encoding_format": "base64" });
    let answer = server.guest().post("/v1/embeddings", &body).await.ok();
    let bytes =
        base64::engine::general_purpose::STANDARD.decode(answer["data"][1]["embedding"].as_str().unwrap());
    assert_eq!(bytes.unwrap(), [0.25_f32.to_le_bytes(), 2.0_f32.to_le_bytes()].concat());
    let metrics = server.local().get("/metrics").await.body;
    assert!(metrics.contains("ollama_mcp_tokens_total{kind=\"prompt\"} 14\n"), "{metrics}");
}

#[tokio::test]
async fn wrong_embeddings_name_the_argument() {
    let (_fake, server) = started().await;
    for (body, param, text) in [
        (json!({ "input": [1, 2] }), "input", "check_embedding_ctx_length=False"),
        (json!({ "input": [[1, 2]] }), "input", "check_embedding_ctx_length=False"),
        (json!({}), "input", "missing"),
        (json!({ "input": [] }), "input", "at least one"),
        (json!({ "input": ["a", ""] }), "input[1]", "empty"),
        (json!({ "input": "a", "encoding_format": "int8" }), "encoding_format", "float"),
        (json!({ "input": "a", "dimensions": 0 }), "dimensions", "at least 1"),
    ] {
        let error = server.guest().post("/v1/embeddings", &body).await.error(400);
        assert_eq!(error["param"], param, "{body} {error}");
        assert!(error["message"].as_str().unwrap().contains(text), "{error}");
    }
}

#[tokio::test]
async fn each_prompt_is_a_choice_times_n() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/generate", Answer::computed(|request| {
        let text = request.json()["prompt"].as_str().unwrap().to_uppercase();
        Answer::ndjson(&[
            json!({ "model": MODEL, "response": text, "done": false }),
            json!({ "model": MODEL, "response": "", "done": true, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 2 }),
        ])
    }));
    let body =
        json!({ "model": MODEL, "prompt": ["a", "b"], "n": 2, "echo": true, "seed": 7, "max_tokens": 9 });
    let answer = server.guest().post(COMPLETIONS, &body).await.ok();
    assert_eq!((&answer["object"], &answer["model"]), (&json!("text_completion"), &json!(MODEL)));
    let choices = answer["choices"].as_array().unwrap();
    let texts: Vec<_> = choices
        .iter()
        .map(|choice| (choice["index"].as_u64().unwrap(), choice["text"].as_str().unwrap()))
        .collect();
    assert_eq!(texts, [(0, "aA"), (1, "aA"), (2, "bB"), (3, "bB")]);
    assert_eq!((&choices[0]["finish_reason"], &choices[0]["logprobs"]), (&json!("stop"), &Value::Null));
    assert_eq!(answer["usage"], json!({ "prompt_tokens": 10, "completion_tokens": 8, "total_tokens": 18 }));
    let mut seeds: Vec<_> = fake
        .requests_to("POST", "/api/generate")
        .iter()
        .map(|request| request.json()["options"]["seed"].as_u64().unwrap())
        .collect();
    seeds.sort_unstable();
    assert_eq!(seeds, [7, 7, 8, 8]);

    let body = json!({ "model": MODEL, "prompt": ["a", "b"], "stream": true, "echo": true, "stream_options": { "include_usage": true } });
    let answer = server.guest().post(COMPLETIONS, &body).await;
    let mut events = answer.events();
    assert_eq!(events.pop().unwrap(), "[DONE]");
    let events: Vec<Value> = events.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let (usage, chunks) = events.split_last().unwrap();
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"], json!({ "prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14 }));
    for (index, text) in [(0, "aA"), (1, "bB")] {
        let own =
            || chunks.iter().map(|chunk| &chunk["choices"][0]).filter(|choice| choice["index"] == index);
        let read: String = own().filter_map(|choice| choice["text"].as_str()).collect();
        assert_eq!(read, text);
        let reasons: Vec<_> = own().filter_map(|choice| choice["finish_reason"].as_str()).collect();
        assert_eq!(reasons, ["stop"]);
    }
    assert!(
        chunks.iter().all(|chunk| chunk["id"] == events[0]["id"] && chunk["object"] == "text_completion")
    );
}

#[tokio::test]
async fn bare_prompt_is_sent_with_what_was_given_and_nothing_else() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/generate", Answer::recorded("generate_stream"));
    let body =
        json!({ "model": MODEL, "prompt": "def f(", "suffix": "return", "stop": ["\n"], "best_of": 1 });
    let answer = server.guest().post(COMPLETIONS, &body).await.ok();
    let sent: String = Recording::load("generate_stream")
        .body
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["response"].as_str().unwrap_or_default().to_owned()
        })
        .collect();
    assert_eq!(answer["choices"][0]["text"], sent);
    let request = fake.wait_for("POST", "/api/generate").await.json();
    assert_eq!((&request["prompt"], &request["suffix"]), (&json!("def f("), &json!("return")));
    assert_eq!(request["options"], json!({ "stop": ["\n"] }));
}

#[tokio::test]
async fn wrong_prompts_name_the_argument() {
    let (fake, server) = started().await;
    for (body, param, code) in [
        (json!({ "prompt": [1, 2] }), "prompt", "invalid_argument"),
        (json!({ "prompt": ["a", [1]] }), "prompt[1]", "invalid_argument"),
        (json!({ "prompt": ["a", ""] }), "prompt[1]", "invalid_argument"),
        (json!({}), "prompt", "invalid_argument"),
        (json!({ "prompt": "a", "n": 129 }), "n", "invalid_argument"),
        (json!({ "prompt": "a", "best_of": 3 }), "best_of", "unsupported_parameter"),
        (json!({ "prompt": "a", "logprobs": 6 }), "logprobs", "invalid_argument"),
        (json!({ "prompt": "a", "stream_options": {} }), "stream_options", "invalid_argument"),
        (json!({ "prompt": "a", "temperature": 3 }), "temperature", "invalid_argument"),
    ] {
        let error = server.guest().post(COMPLETIONS, &body).await.error(400);
        assert_eq!((&error["param"], &error["code"]), (&json!(param), &json!(code)), "{body} {error}");
    }
    assert!(fake.requests_to("POST", "/api/generate").is_empty());
}

#[tokio::test]
async fn same_key_completes_once() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/generate", Answer::recorded("generate_stream"));
    let send = |prompt: &str| {
        let body = json!({ "model": MODEL, "prompt": prompt });
        crate::support::http_client::answer(
            server.guest().posting(COMPLETIONS, &body).header("idempotency-key", "k"),
        )
    };
    let (first, second) = (send("a").await.ok(), send("a").await.ok());
    assert_eq!(first["id"], second["id"]);
    assert_eq!(fake.requests_to("POST", "/api/generate").len(), 1);
    assert_eq!(send("b").await.error(409)["code"], "idempotency_conflict");
}
