//! `health_check` and `list_models`, and the resources that say the same.

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama, Recording};
use crate::support::mcp_client::{BY_HAND, Session};

async fn resource(session: &mut Session, uri: &str) -> Value {
    let read = session.result(BY_HAND, "resources/read", json!({ "uri": uri })).await;
    assert_eq!(read["contents"][0]["mimeType"], "application/json");
    serde_json::from_str(read["contents"][0]["text"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn health_of_answering_server() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    let result = session.call("health_check", json!({})).await;
    let health = &result["structuredContent"];
    assert_eq!((&health["status"], &health["reachable"]), (&json!("ok"), &json!(true)));
    assert_eq!((&health["address"], &health["location"]), (&json!(fake.url()), &json!("local")));
    assert_eq!((&health["models_installed"], &health["models_loaded"]), (&json!(5), &json!(["gemma3:270m"])));
    let version = serde_json::from_str::<Value>(&Recording::load("version").body).unwrap()["version"].clone();
    assert_eq!(health["version"], version);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(
        text.contains(version.as_str().unwrap()) && text.contains("5") && text.contains("gemma3:270m"),
        "{text}"
    );
    assert_eq!(resource(&mut session, "ollama://health").await["models_installed"], 5);
}

#[tokio::test]
async fn health_of_unreachable_server_is_no_error() {
    let address = FakeOllama::closed_address();
    let mut session = Session::with(&[("OLLAMA_HOST", &address.to_string())]);
    let result = session.call("health_check", json!({})).await;
    assert_ne!(result["isError"], true, "it was asked whether it is up");
    let health = &result["structuredContent"];
    assert_eq!((&health["status"], &health["reachable"]), (&json!("unreachable"), &json!(false)));
    assert!(health["problem"].as_str().unwrap().contains(&address.to_string()));
    assert!(health["next_step"].as_str().unwrap().contains("ollama serve"));
    assert!(result["content"][0]["text"].as_str().unwrap().contains("ollama serve"));
    // The same process sees the server come up.
    let fake = FakeOllama::start_at(address).await.with_defaults();
    let result = session.call("health_check", json!({})).await;
    assert_eq!(result["structuredContent"]["status"], "ok", "{result}");
    drop(fake);
}

#[tokio::test]
async fn health_without_models_has_next_step() {
    let fake = FakeOllama::start().await;
    fake.replay("tags_empty").replay("ps_none").replay("version").replay("root_get");
    let mut session = Session::start(&fake);
    let result = session.call("health_check", json!({})).await;
    assert_eq!(result["structuredContent"]["models_installed"], 0);
    assert!(result["structuredContent"]["next_step"].as_str().unwrap().contains("pull"));
    let result = session.call("list_models", json!({})).await;
    assert_eq!(result["structuredContent"]["models"], json!([]));
    assert!(result["content"][0]["text"].as_str().unwrap().contains("No models"));
}

#[tokio::test]
async fn models_of_current_ollama_are_listed() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    let result = session.call("list_models", json!({})).await;
    let models = result["structuredContent"]["models"].as_array().unwrap();
    let names: Vec<_> = models.iter().map(|model| model["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["gemma3:270m", "qwen2.5-coder:0.5b", "qwen2.5-think:0.5b", "qwen2.5-tools:0.5b", "smollm2:135m"]
    );
    assert_eq!(models[0]["loaded"], true);
    assert_eq!(models[0]["size_bytes"], 253_113_638);
    assert_eq!(models[3]["capabilities"], json!(["completion", "tools"]));
    assert!(models.iter().all(|model| model["location"] == "local"));
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_eq!(text.lines().count(), 5);
    assert!(
        text.starts_with("gemma3:270m: ") && text.contains("253 MB") && text.contains("loaded"),
        "{text}"
    );
    assert_eq!(resource(&mut session, "ollama://models").await, result["structuredContent"]);
    let running = resource(&mut session, "ollama://running").await;
    assert_eq!(running["models"][0]["name"], "gemma3:270m");
}

#[tokio::test]
async fn models_of_older_ollama_lack_unreported_fields_only() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut tags: Value = serde_json::from_str(&Recording::load("tags_five_models").body).unwrap();
    for model in tags["models"].as_array_mut().unwrap() {
        model.as_object_mut().unwrap().remove("capabilities");
        let details = model["details"].as_object_mut().unwrap();
        details.remove("context_length");
        details.remove("embedding_length");
    }
    fake.on("GET", "/api/tags", Answer::json(200, tags));
    fake.on("GET", "/api/ps", Answer::text(404, "text/plain", "404 page not found"));
    let mut session = Session::start(&fake);
    let result = session.call("list_models", json!({})).await;
    let models = result["structuredContent"]["models"].as_array().unwrap();
    assert_eq!(models.len(), 5);
    for model in models {
        assert!(model.get("capabilities").is_none() && model.get("context_length").is_none(), "{model}");
        assert!(model["size_bytes"].is_u64() && model["loaded"] == false, "{model}");
    }
    let result = session.call("chat_completion", json!({ "prompt": "x" })).await;
    assert_eq!(result["structuredContent"]["status"], "completed");
}

#[tokio::test]
async fn cloud_model_has_host_as_location() {
    let fake = FakeOllama::start().await.with_defaults();
    let cloud = json!({ "models": [
        { "name": "gpt-oss:120b-cloud", "model": "gpt-oss:120b-cloud", "remote_model": "gpt-oss:120b",
          "remote_host": "https://ollama.com:443", "size": 384, "modified_at": "2026-01-01T00:00:00Z", "details": {} },
        { "name": "here:1b", "model": "here:1b", "size": 1_000_000, "details": {} },
    ] });
    fake.on("GET", "/api/tags", Answer::json(200, cloud));
    let mut session = Session::start(&fake);
    let result = session.call("list_models", json!({})).await;
    let models = &result["structuredContent"]["models"];
    assert_eq!(models[0]["location"], "https://ollama.com:443");
    assert_eq!(models[1]["location"], "local");
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.lines().next().unwrap().contains("runs at https://ollama.com:443"), "{text}");
}

#[tokio::test]
async fn model_is_found_in_any_spelling() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    for name in ["qwen2.5-tools:0.5b", "qwen2.5-tools%3A0.5b"] {
        let model = resource(&mut session, &format!("ollama://models/{name}")).await;
        assert_eq!(model["name"], "qwen2.5-tools:0.5b");
        assert!(model["capabilities"].as_array().unwrap().contains(&json!("tools")), "{model}");
        assert!(model["context_length"].is_u64() && model["template"].is_string());
    }
    fake.on("POST", "/api/show", Answer::recorded("show"));
    let model = resource(&mut session, "ollama://models/hf.co/user/model:Q4_K_M").await;
    assert_eq!(model["name"], "hf.co/user/model:Q4_K_M");
}
