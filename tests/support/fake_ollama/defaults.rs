//! The small world that `with_defaults` serves, all of it recorded.

use serde_json::{Value, json};

use super::{Answer, FakeOllama, Recording, Request};

/// Installs five models, one of them loaded, and chat for each of them.
pub fn install(fake: &FakeOllama) {
    for case in ["root_get", "root_head", "version", "tags_five_models", "ps_loaded", "v1_models"] {
        fake.replay(case);
    }
    let installed = Recording::load("tags_five_models").body;
    let installed: Value = serde_json::from_str(&installed).unwrap();
    let names: Vec<String> = installed["models"].as_array().unwrap().iter().map(name).collect();

    let known = names.clone();
    let shows: Vec<(&str, Answer)> = [
        ("qwen2.5-tools:0.5b", "show_tools_capability"),
        ("qwen2.5-think:0.5b", "show_thinking_capability"),
        ("", "show"),
    ]
    .map(|(model, case)| (model, Answer::recorded(case)))
    .into();
    let show = Answer::computed(move |request| {
        let model = model(request);
        if !known.contains(&model) {
            return missing(&model);
        }
        let found = shows.iter().find(|(name, _)| *name == model).or(shows.last());
        found.map(|(_, answer)| answer.clone()).unwrap()
    });
    fake.on("POST", "/api/show", show);

    let (stream, whole) = (Answer::recorded("chat_stream"), Answer::recorded("chat_nonstream"));
    let known = names.clone();
    let chat = Answer::computed(move |request| match model(request) {
        model if !known.contains(&model) => missing(&model),
        _ if request.json()["stream"] == false => whole.clone(),
        _ => stream.clone(),
    });
    fake.on("POST", "/api/chat", chat);

    let (stream, whole) =
        (Answer::recorded("v1_chat_stream_include_usage"), Answer::recorded("v1_chat_nonstream"));
    let not_found = Answer::recorded("v1_chat_missing_model");
    let chat = Answer::computed(move |request| match model(request) {
        model if !names.contains(&model) => not_found.clone(),
        _ if request.json()["stream"] == true => stream.clone(),
        _ => whole.clone(),
    });
    fake.on("POST", "/v1/chat/completions", chat);
}

fn name(model: &Value) -> String {
    model["name"].as_str().unwrap().to_owned()
}

fn model(request: &Request) -> String {
    let body = request.json();
    body["model"].as_str().or(body["name"].as_str()).unwrap_or_default().to_owned()
}

fn missing(model: &str) -> Answer {
    Answer::json(404, json!({ "error": format!("model '{model}' not found") }))
}
