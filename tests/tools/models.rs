//! Copying, loading, unloading and showing models.

use serde_json::{Value, json};

use super::{MODEL, start, text};
use crate::support::fake_ollama::{Answer, Recording};
use crate::support::mcp_client::{error_line, tool_error};

#[tokio::test]
async fn copy_to_free_name_needs_no_confirmation() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("copy");
    let result = session.call("copy_model", json!({ "source": MODEL, "destination": "gemma-copy" })).await;
    assert_eq!(text(&result), "Copied gemma3:270m to gemma-copy.");
    let body = fake.requests_to("POST", "/api/copy")[0].json();
    assert_eq!(body, json!({ "source": MODEL, "destination": "gemma-copy" }));
}

#[tokio::test]
async fn copy_to_existing_name_needs_confirmation() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("copy");
    let onto = json!({ "source": MODEL, "destination": "SmolLM2:135m" });
    let refused = session.call("copy_model", onto.clone()).await;
    insta::assert_snapshot!(error_line(&refused), @r#"not_confirmed: copy_model of "smollm2:135m" was not done: it was not confirmed. Ask the user: "Overwrite the model smollm2:135m with gemma3:270m?" If the answer is yes, call again with confirm: true."#);
    assert_eq!(fake.requests_to("POST", "/api/copy").len(), 0);
    let mut confirmed = onto;
    confirmed["confirm"] = json!(true);
    text(&session.call("copy_model", confirmed).await);
    assert_eq!(fake.requests_to("POST", "/api/copy").len(), 1);
}

#[tokio::test]
async fn copy_of_missing_model_is_an_error() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("copy_missing_source");
    let result = session.call("copy_model", json!({ "source": "gema3:270m", "destination": "b" })).await;
    insta::assert_snapshot!(error_line(&result), @r#"model_not_found: Model "gema3:270m" is not installed. Did you mean "gemma3:270m"? Install it with "ollama pull gema3:270m". Or call pull_model."#);
}

#[tokio::test]
async fn loading_and_unloading_send_no_prompt() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("generate_load_no_prompt");
    let arguments = json!({ "model": MODEL, "keep_alive": "10m", "num_ctx": 2048 });
    assert_eq!(text(&session.call("load_model", arguments).await), "gemma3:270m is loaded.");
    fake.replay("generate_unload");
    assert_eq!(
        text(&session.call("unload_model", json!({ "model": MODEL })).await),
        "gemma3:270m is unloaded."
    );
    let bodies: Vec<_> =
        fake.requests_to("POST", "/api/generate").iter().map(|request| request.json()).collect();
    assert_eq!((&bodies[0]["model"], &bodies[0]["keep_alive"]), (&json!(MODEL), &json!("10m")));
    assert_eq!(bodies[0]["options"], json!({ "num_ctx": 2048 }));
    assert_eq!((&bodies[1]["model"], &bodies[1]["keep_alive"]), (&json!(MODEL), &json!(0)));
    for body in &bodies {
        assert!(body.get("prompt").is_none_or(|prompt| prompt == ""), "{body}");
        assert_eq!(body["stream"], false);
    }
}

#[tokio::test]
async fn missing_model_to_delete_is_not_suggested_for_installation() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("generate_missing_model_nonstream");
    let mut errors = Vec::new();
    for tool in ["unload_model", "delete_model"] {
        errors.push(error_line(&session.call(tool, json!({ "model": "nope" })).await));
    }
    errors.dedup();
    insta::assert_snapshot!(errors.join("\n"), @r#"model_not_found: Model "nope" is not installed. list_models shows what is installed."#);
}

#[tokio::test]
async fn keep_alive_of_zero_is_refused_by_load_model() {
    let (fake, mut session) = start(&[]).await;
    let mut errors = Vec::new();
    for zero in [json!(0), json!("0s")] {
        let result = session.call("load_model", json!({ "model": MODEL, "keep_alive": zero })).await;
        errors.push(error_line(&result));
    }
    errors.dedup();
    insta::assert_snapshot!(errors.join("\n"), @"invalid_argument: keep_alive is zero, which would unload the model; give a time, or -1 for always");
    assert_eq!(fake.requests_to("POST", "/api/generate").len(), 0);
    fake.replay("generate_missing_model_nonstream");
    let result = session.call("load_model", json!({ "model": "nope" })).await;
    assert_eq!(tool_error(&result).0, "model_not_found");
}

#[tokio::test]
async fn show_model_is_short_or_verbose() {
    let (fake, mut session) = start(&[]).await;
    let short = session.call("show_model", json!({ "model": MODEL })).await;
    let structured = &short["structuredContent"];
    assert_eq!((&structured["model"], &structured["family"]), (&json!(MODEL), &json!("gemma3")));
    assert_eq!(structured["capabilities"], json!(["completion"]));
    assert!(structured["context_length"].as_u64().unwrap() > 0, "{structured}");
    assert!(structured.get("template").is_none() && structured.get("metadata").is_none(), "{structured}");
    assert!(text(&short).contains("capabilities: completion"), "{}", text(&short));

    let mut shown: Value = serde_json::from_str(&Recording::load("show").body).unwrap();
    shown["model_info"]["tokenizer.ggml.tokens"] = json!(vec!["word"; 5000]);
    shown["tensors"] =
        json!([{ "name": "a", "type": "F32", "shape": [1] }, { "name": "b", "type": "F32", "shape": [1] }]);
    fake.on("POST", "/api/show", Answer::json(200, shown));
    let whole = session.call("show_model", json!({ "model": MODEL, "verbose": true })).await;
    let structured = &whole["structuredContent"];
    assert!(structured["template"].as_str().unwrap().contains(".Messages"), "{structured}");
    assert_eq!(structured["metadata"]["general.architecture"], "gemma3", "{structured}");
    assert_eq!(structured["metadata"]["tokenizer.ggml.tokens"], "(5000 items)", "{structured}");
    assert_eq!(structured["tensors"], 2, "{structured}");
    assert!(
        text(&whole).contains("tensors: 2") && text(&whole).contains("general.architecture=\"gemma3\""),
        "{}",
        text(&whole)
    );
    assert_eq!(fake.requests_to("POST", "/api/show").last().unwrap().json()["verbose"], true);
    // Paths of the server are nobody's business.
    assert!(!whole.to_string().contains("/usr/share"), "{whole}");

    fake.replay("show_missing_model");
    let result = session.call("show_model", json!({ "model": "no-such-model" })).await;
    assert_eq!(tool_error(&result).0, "model_not_found");
}

#[tokio::test]
async fn running_models_have_expiry() {
    let (fake, mut session) = start(&[]).await;
    let loaded = session.call("list_running_models", json!({})).await;
    let model: &Value = &loaded["structuredContent"]["models"][0];
    assert_eq!((&model["name"], &model["context_length"]), (&json!(MODEL), &json!(4096)));
    assert_eq!((&model["size_bytes"], &model["gpu_percent"]), (&json!(287_246_908), &json!(0)));
    assert!(model["expires_at"].as_str().unwrap().starts_with("2026-11-21T02:30:52"), "{model}");

    fake.replay("ps_loaded_forever");
    let forever = session.call("list_running_models", json!({})).await;
    assert!(forever["structuredContent"]["models"][0].get("expires_at").is_none(), "{forever}");
    assert!(text(&forever).contains("stays loaded"), "{forever}");

    fake.replay("ps_none");
    let none = session.call("list_running_models", json!({})).await;
    assert_eq!(text(&none), "No model is loaded.");
    assert_eq!(none["structuredContent"]["models"], json!([]));
}

#[tokio::test]
async fn gpu_share_is_between_0_and_100_percent() {
    let (fake, mut session) = start(&[]).await;
    let most = u64::MAX;
    for (size, vram, percent) in [
        (json!(1000), json!(250), json!(25)),
        (json!(1000), json!(1001), json!(100)),
        (json!(1), json!(most), json!(100)),
        (json!(most), json!(most), json!(100)),
        (json!(most), json!(most / 2), json!(49)),
        (json!(0), json!(5), json!(null)),
        (json!(-1), json!(5), json!(null)),
    ] {
        let model = json!({ "name": MODEL, "model": MODEL, "size": size, "size_vram": vram });
        fake.on("GET", "/api/ps", Answer::json(200, json!({ "models": [model] })));
        let result = session.call("list_running_models", json!({})).await;
        text(&result);
        assert_eq!(result["structuredContent"]["models"][0]["gpu_percent"], percent, "{vram} of {size}");
    }
}

#[tokio::test]
async fn copy_to_itself_is_refused_before_confirmation() {
    let (fake, mut session) = start(&[]).await;
    for destination in [MODEL, "Gemma3:270M", "registry.ollama.ai/library/gemma3:270m"] {
        let arguments = json!({ "source": MODEL, "destination": destination });
        let result = session.call("copy_model", arguments).await;
        let (code, said) = tool_error(&result);
        assert_eq!(
            (code, said),
            ("invalid_argument", "destination is the same model as source; give it another name")
        );
    }
    assert_eq!(fake.requests_to("POST", "/api/copy").len(), 0);
}

#[tokio::test]
async fn loaded_context_is_listed_beside_model_context() {
    let (_fake, mut session) = start(&[]).await;
    let result = session.call("list_models", json!({})).await;
    let models = result["structuredContent"]["models"].as_array().unwrap();
    let model = models.iter().find(|model| model["name"] == MODEL).unwrap();
    assert_eq!(
        (&model["context_length"], &model["loaded_context_length"]),
        (&json!(32_768), &json!(4096)),
        "{model}"
    );
    assert!(text(&result).contains("context 32768, loaded with 4096"), "{}", text(&result));
}

#[tokio::test]
async fn long_metadata_texts_are_replaced_by_their_length() {
    let (fake, mut session) = start(&[]).await;
    let shown = json!({ "details": {}, "capabilities": ["completion"],
        "model_info": { "general.architecture": "x", "x.note": "n".repeat(20_000), "x.short": "kept" } });
    fake.on("POST", "/api/show", Answer::json(200, shown));
    let result = session.call("show_model", json!({ "model": MODEL, "verbose": true })).await;
    let metadata = &result["structuredContent"]["metadata"];
    assert_eq!(
        (&metadata["x.note"], &metadata["x.short"]),
        (&json!("(20000 bytes of text)"), &json!("kept"))
    );
}
