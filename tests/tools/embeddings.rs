//! `embed` and `rank`.

use serde_json::{Value, json};

use super::{MODEL, start, text};
use crate::support::fake_ollama::{Answer, FakeOllama, Recording, Request};
use crate::support::mcp_client::{Session, error_line, tool_error};

const EMBEDS: &str = "qwen-embed:0.5b";

#[tokio::test]
async fn one_or_several_texts_are_embedded() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("embed_model_ok");
    let one = session.call("embed", json!({ "model": EMBEDS, "input": "The sky is blue." })).await;
    let structured = &one["structuredContent"];
    assert_eq!((&structured["model"], &structured["dimensions"]), (&json!(EMBEDS), &json!(896)));
    assert_eq!(structured["embeddings"][0].as_array().unwrap().len(), 896);
    assert!(text(&one).len() < 200, "the numbers stay out of the text: {}", text(&one));

    fake.replay("embed_model_ok_array");
    let arguments = json!({ "model": EMBEDS, "input": ["a", "b"], "dimensions": 8, "truncate": false });
    let two = session.call("embed", arguments).await;
    assert_eq!(two["structuredContent"]["embeddings"].as_array().unwrap().len(), 2);
    assert_eq!(two["structuredContent"]["dimensions"], 8);
    let body = fake.requests_to("POST", "/api/embed")[1].json();
    assert_eq!(body["input"], json!(["a", "b"]));
    assert_eq!((&body["dimensions"], &body["truncate"]), (&json!(8), &json!(false)));
}

#[tokio::test]
async fn empty_texts_are_refused_before_any_request() {
    let (fake, mut session) = start(&[]).await;
    let mut errors = Vec::new();
    for input in [json!(""), json!([]), json!(["a", " "])] {
        errors.push(error_line(&session.call("embed", json!({ "model": EMBEDS, "input": input })).await));
    }
    for arguments in [json!({ "query": "", "texts": ["a"] }), json!({ "query": "a", "texts": [] })] {
        errors.push(error_line(&session.call("rank", arguments).await));
    }
    insta::assert_snapshot!(errors.join("\n"), @"
    invalid_argument: input[0] is empty; it must have text
    invalid_argument: input is empty; it must hold at least one text
    invalid_argument: input[1] is empty; it must have text
    invalid_argument: query is empty; it must have text
    invalid_argument: texts is empty; it must hold at least one text
    ");
    assert_eq!(fake.requests_to("POST", "/api/embed").len(), 0);
}

#[tokio::test]
async fn model_without_embeddings_is_unsupported() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("embed");
    let result = session.call("embed", json!({ "model": MODEL, "input": "x" })).await;
    insta::assert_snapshot!(error_line(&result), @r#"unsupported: Model "gemma3:270m" cannot make embeddings. No installed model can."#);
    fake.replay("embed_missing_model");
    let result = session.call("embed", json!({ "model": "no-such-model", "input": "x" })).await;
    assert_eq!(tool_error(&result).0, "model_not_found");
}

/// An installed model of this name and these capabilities.
fn install(fake: &FakeOllama, name: &str, capability: &str) {
    let model = json!({ "name": name, "model": name, "size": 1, "digest": "d", "capabilities": [capability],
        "modified_at": "2026-11-21T02:23:15Z", "details": {} });
    fake.on("GET", "/api/tags", Answer::json(200, json!({ "models": [model] })));
}

/// Vectors of the number of a's and b's in a text.
fn counted(request: &Request) -> Answer {
    let body = request.json();
    let count = |text: &str, letter: char| text.chars().filter(|c| *c == letter).count() as f64;
    let vector = |text: &Value| {
        let text = text.as_str().unwrap();
        json!([count(text, 'a'), count(text, 'b')])
    };
    let vectors: Vec<_> = body["input"].as_array().unwrap().iter().map(vector).collect();
    Answer::json(200, json!({ "model": body["model"], "embeddings": vectors }))
}

#[tokio::test]
async fn texts_are_ranked_by_similarity() {
    let (fake, mut session) = start(&[]).await;
    install(&fake, EMBEDS, "embedding");
    fake.on("POST", "/api/embed", Answer::computed(counted));
    let texts = json!(["bbb", "abb", "aaaa", "aab"]);
    let result = session.call("rank", json!({ "query": "a", "texts": texts })).await;
    let structured = &result["structuredContent"];
    assert_eq!(structured["model"], EMBEDS, "the one that can is found");
    let order: Vec<_> =
        structured["results"].as_array().unwrap().iter().map(|one| one["text"].clone()).collect();
    assert_eq!(order, ["aaaa", "aab", "abb", "bbb"]);
    let best = &structured["results"][0];
    assert_eq!((&best["index"], &best["score"]), (&json!(2), &json!(1.0)));
    assert_eq!(structured["results"][2]["score"], 0.4472);
    assert!(text(&result).starts_with("1.000 [2] aaaa\n"), "{}", text(&result));

    let two = session.call("rank", json!({ "query": "a", "texts": texts, "top_n": 2 })).await;
    assert_eq!(two["structuredContent"]["results"].as_array().unwrap().len(), 2);
    let none = session.call("rank", json!({ "query": "a", "texts": texts, "top_n": 0 })).await;
    assert_eq!(tool_error(&none).0, "invalid_argument");
}

#[tokio::test]
async fn without_embedding_model_hint_suggests_one() {
    let (fake, mut session) = start(&[]).await;
    install(&fake, MODEL, "completion");
    let result = session.call("rank", json!({ "query": "a", "texts": ["b"] })).await;
    insta::assert_snapshot!(error_line(&result), @r#"no_models: No installed model is known to make embeddings. Name one in model. Or install one, for example with "ollama pull nomic-embed-text". Or call pull_model."#);
}

#[tokio::test]
async fn fewer_vectors_than_texts_is_an_error() {
    let (fake, mut session) = start(&[]).await;
    let one = json!({ "model": EMBEDS, "embeddings": [[1.0]] });
    fake.on("POST", "/api/embed", Answer::json(200, one));
    let result = session.call("embed", json!({ "model": EMBEDS, "input": ["a", "b"] })).await;
    insta::assert_snapshot!(error_line(&result), @"upstream_error: The answer of Ollama cannot be read: 2 texts were sent, 1 vectors came back, or empty ones. Check that OLLAMA_HOST is the address of Ollama.");
}

#[tokio::test]
async fn cut_text_is_warned_of() {
    let (fake, mut session) = start(&[]).await;
    let cut = Answer::computed(|request| match request.json()["truncate"].as_bool() {
        Some(false) => Answer::recorded("embed_model_too_long_truncate_false"),
        _ => Answer::recorded("embed_model_too_long_truncates"),
    });
    fake.on("POST", "/api/embed", cut);
    let long = "word ".repeat(9000);
    let result = session.call("embed", json!({ "model": EMBEDS, "input": long })).await;
    let warning = result["structuredContent"]["warnings"][0].as_str().unwrap();
    insta::assert_snapshot!(warning, @"The text is longer than the model's context, and only its beginning was read. Send shorter texts, or use a model with a longer context.");
    assert!(text(&result).contains(warning), "{}", text(&result));
    let truncate: Vec<_> =
        fake.requests_to("POST", "/api/embed").iter().map(|sent| sent.json()["truncate"].clone()).collect();
    assert_eq!(truncate, [json!(false), json!(true)]);

    // A model that is pulled first is asked in the same way.
    fake.replay_next("embed_missing_model");
    fake.replay("pull_already_there_stream");
    let url = fake.url();
    let mut pulling = Session::with(&[("OLLAMA_HOST", url.as_str()), ("OLLAMA_MCP_AUTO_PULL", "true")]);
    let result = pulling.call("embed", json!({ "model": EMBEDS, "input": long })).await;
    assert!(result["structuredContent"]["warnings"][0].is_string(), "{result}");

    let refused = session.call("embed", json!({ "model": EMBEDS, "input": long, "truncate": false })).await;
    // The hint names an argument that embed has.
    insta::assert_snapshot!(error_line(&refused), @"context_exceeded: The prompt does not fit the model's context: the input length exceeds the context length. Send shorter texts, or leave truncate out to have it cut.");
}

#[tokio::test]
async fn numbers_are_written_in_shortest_form() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("embed_model_ok");
    let result = session.call("embed", json!({ "model": EMBEDS, "input": "The sky is blue." })).await;
    let written = result["structuredContent"]["embeddings"].to_string();
    let answer: Value = serde_json::from_str(&Recording::load("embed_model_ok").body).unwrap();
    let served = answer["embeddings"].to_string();
    assert_eq!(written.len(), served.len(), "bytes of the numbers");
    let numbers = |value: &Value| -> Vec<f32> {
        value[0].as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
    };
    assert_eq!(numbers(&result["structuredContent"]["embeddings"]), numbers(&answer["embeddings"]));
}

#[tokio::test]
async fn invalid_dimensions_are_refused() {
    let (fake, mut session) = start(&[]).await;
    let vectors = json!({ "model": EMBEDS, "embeddings": [[1.0, 2.0, 3.0]] });
    fake.on("POST", "/api/embed", Answer::json(200, vectors));
    let ask = |dimensions: u64| json!({ "model": EMBEDS, "input": "x", "dimensions": dimensions });
    let mut errors = Vec::new();
    for dimensions in [0, 4, u64::MAX, 2] {
        errors.push(error_line(&session.call("embed", ask(dimensions)).await));
    }
    insta::assert_snapshot!(errors.join("\n"), @"
    invalid_argument: dimensions is 0; it must be at least 1
    invalid_argument: dimensions is more than the model makes: its vectors have 3 numbers
    invalid_argument: dimensions is more than the model makes: its vectors have 3 numbers
    invalid_argument: dimensions was not followed by the server: its vectors have 3 numbers; leave it out
    ");
    assert_eq!(fake.requests_to("POST", "/api/embed").len(), 3, "0 is not sent");
    text(&session.call("embed", ask(3)).await);
}

#[tokio::test]
async fn vectors_of_unequal_length_are_an_error() {
    let (fake, mut session) = start(&[]).await;
    let vectors = json!({ "model": EMBEDS, "embeddings": [[1.0, 2.0], [1.0]] });
    fake.on("POST", "/api/embed", Answer::json(200, vectors));
    let mut errors = Vec::new();
    for (tool, arguments) in [
        ("embed", json!({ "model": EMBEDS, "input": ["a", "b"] })),
        ("rank", json!({ "model": EMBEDS, "query": "a", "texts": ["b"] })),
    ] {
        errors.push(error_line(&session.call(tool, arguments).await));
    }
    errors.dedup();
    insta::assert_snapshot!(errors.join("\n"), @"upstream_error: The answer of Ollama cannot be read: its vectors differ in length: 2 and 1 numbers. Check that OLLAMA_HOST is the address of Ollama.");
}
