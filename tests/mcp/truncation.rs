//! A prompt that does not fit the model's context: never cut in silence.

use serde_json::{Value, json};

use super::{MODEL, REPLY};
use crate::support::fake_ollama::{Answer, FakeOllama, Request};
use crate::support::mcp_client::{Session, error_line};

/// A refusal with counts.
const REFUSED: &str = "chat_prompt_longer_truncate_false_stream";
const PROMPT_TOKENS: u64 = 3029;
const CONTEXT_TOKENS: u64 = 512;

/// A server that refuses the prompt unless it may cut it or the context is large enough. `cuts` is what it says where it may.
async fn too_long(cuts: &'static str) -> (FakeOllama, Session) {
    let fake = FakeOllama::start().await.with_defaults();
    for path in ["/api/chat", "/api/generate"] {
        let reply = if path == "/api/chat" { "chat_stream" } else { "generate_stream" };
        fake.on("POST", path, Answer::computed(move |request| answer(request, cuts, reply)));
    }
    let session = Session::start(&fake);
    (fake, session)
}

fn answer(request: &Request, cuts: &str, reply: &str) -> Answer {
    let body = request.json();
    if body["options"]["num_ctx"].as_u64().is_some_and(|num_ctx| num_ctx > PROMPT_TOKENS) {
        return Answer::recorded(reply);
    }
    match body["truncate"].as_bool() {
        Some(false) => Answer::recorded(REFUSED),
        _ if cuts == "reply" => Answer::recorded(reply),
        _ => Answer::recorded(cuts),
    }
}

fn asked(truncation: Option<&str>) -> Value {
    let mut arguments = json!({ "model": MODEL, "prompt": "word ".repeat(3000) });
    if let Some(truncation) = truncation {
        arguments["truncation"] = json!(truncation);
    }
    arguments
}

/// What was sent of `truncate` and `num_ctx`, request by request.
fn sent(fake: &FakeOllama, path: &str) -> Vec<(Option<bool>, Option<u64>)> {
    let of = |request: &std::sync::Arc<Request>| {
        let body = request.json();
        (body["truncate"].as_bool(), body["options"]["num_ctx"].as_u64())
    };
    fake.requests_to("POST", path).iter().map(of).collect()
}

fn warnings(result: &Value) -> Vec<&str> {
    let warnings = result["structuredContent"]["warnings"].as_array();
    warnings.into_iter().flatten().map(|warning| warning.as_str().unwrap()).collect()
}

#[tokio::test]
async fn auto_cuts_and_warning_has_both_counts() {
    let mut all = Vec::new();
    for truncation in [None, Some("auto")] {
        for tool in ["chat_completion", "generate"] {
            let (fake, mut session) = too_long("reply").await;
            let result = session.call(tool, asked(truncation)).await;
            assert_ne!(result["isError"], true, "{result:#}");
            let [warning] = warnings(&result)[..] else { panic!("{result:#}") };
            let shown = result["content"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap();
            assert_eq!(shown, format!("Warning: {warning}"));
            all.push(warning.to_owned());
            let path = if tool == "generate" { "/api/generate" } else { "/api/chat" };
            assert_eq!(sent(&fake, path), [(Some(false), None), (Some(true), None)]);
        }
    }
    // Each tool has its own count of what was read.
    all.sort();
    all.dedup();
    insta::assert_snapshot!(all.join("\n"), @r#"The prompt has 3029 tokens and the model's context here 512: Ollama cut the prompt, or dropped the oldest messages; the model read 33. Set num_ctx to 4096, or truncation to "grow", to have it read whole (this takes more memory)."#);
}

#[tokio::test]
async fn error_refuses_with_both_counts() {
    let (fake, mut session) = too_long("reply").await;
    let result = session.call("chat_completion", asked(Some("error"))).await;
    insta::assert_snapshot!(error_line(&result), @r#"context_exceeded: The prompt has 3029 tokens; the model's context here has 512. Set num_ctx to 4096, or truncation to "grow" (a larger context takes more memory), set truncation to "auto" to have the prompt cut, or send less."#);
    let error = &result["structuredContent"]["error"];
    assert_eq!(
        (&error["prompt_tokens"], &error["context_tokens"]),
        (&json!(PROMPT_TOKENS), &json!(CONTEXT_TOKENS))
    );
    assert_eq!(sent(&fake, "/api/chat"), [(Some(false), None)]);
}

#[tokio::test]
async fn grow_retries_with_fitting_context() {
    let (fake, mut session) = too_long("reply").await;
    let result = session.call("chat_completion", asked(Some("grow"))).await;
    assert_eq!(super::message(&result)["content"], REPLY, "{result:#}");
    let [warning] = warnings(&result)[..] else { panic!("{result:#}") };
    insta::assert_snapshot!(warning, @"The prompt has 3029 tokens and the model's context here was 512: the model was loaded again with num_ctx 4096, which takes more memory.");
    assert_eq!(sent(&fake, "/api/chat"), [(Some(false), None), (Some(false), Some(4096))]);
}

#[tokio::test]
async fn grow_is_bounded_by_context_of_model() {
    let (fake, mut session) = too_long("reply").await;
    let mut shown: Value = json!({ "details": {}, "capabilities": ["completion"],
        "model_info": { "general.architecture": "x", "x.context_length": 2048 } });
    fake.on("POST", "/api/show", Answer::json(200, shown.take()));
    let result = session.call("chat_completion", asked(Some("grow"))).await;
    insta::assert_snapshot!(error_line(&result), @"context_exceeded: The prompt has 3029 tokens; the model's context here has 512. The model's own context length is 2048 tokens: send less, or use a model with a longer context.");
    assert_eq!(sent(&fake, "/api/chat").len(), 1);
}

#[tokio::test]
async fn uncuttable_prompt_gets_required_num_ctx() {
    // A single message under a GGUF's own template is refused whatever `truncate` says.
    let (fake, mut session) = too_long("chat_prompt_longer_than_num_ctx").await;
    let result = session.call("chat_completion", asked(None)).await;
    insta::assert_snapshot!(error_line(&result), @r#"context_exceeded: The prompt has 3029 tokens; the model's context here has 512. Ollama cannot cut this prompt. Set num_ctx to 4096, or truncation to "grow" (a larger context takes more memory), or send less."#);
    assert_eq!(sent(&fake, "/api/chat").len(), 2);
}

#[tokio::test]
async fn contradictions_and_unknown_values_are_refused_before_anything_is_sent() {
    let (fake, mut session) = too_long("reply").await;
    let mut grown = asked(Some("grow"));
    grown["num_ctx"] = json!(8192);
    let mut by_options = asked(Some("grow"));
    by_options["options"] = json!({ "num_ctx": 8192 });
    let mut errors = Vec::new();
    for arguments in [grown, by_options, asked(Some("never"))] {
        errors.push(error_line(&session.call("chat_completion", arguments).await));
    }
    insta::assert_snapshot!(errors.join("\n"), @r#"
    invalid_argument: truncation is "grow" and num_ctx is given; give one of them
    invalid_argument: truncation is "grow" and num_ctx is given; give one of them
    invalid_argument: truncation is "never"; it must be "auto", "error" or "grow"
    "#);
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 0);
}

#[tokio::test]
async fn batches_and_comparisons_carry_the_warnings_of_each_reply() {
    let (_fake, mut session) = too_long("reply").await;
    let long = "word ".repeat(3000);
    let batch = json!({ "model": MODEL, "instruction": "Count.", "inputs": [long, long] });
    let compared = json!({ "models": [MODEL, "gemma3:270m"], "prompt": long });
    for (tool, arguments) in [("batch_completion", batch), ("compare_models", compared)] {
        let result = session.call(tool, arguments).await;
        for one in result["structuredContent"]["results"].as_array().unwrap() {
            assert_eq!(one["finish_reason"], "stop", "{tool}: {one}");
            assert!(one["warnings"][0].as_str().unwrap().contains("3029 tokens"), "{tool}: {one}");
        }
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(text.matches("Warning (").count(), 1, "each warning once: {text}");
    }
}

#[tokio::test]
async fn overflow_during_generation_is_warned_of() {
    let fake = FakeOllama::start().await.with_defaults();
    let done = json!({ "model": MODEL, "done": true, "done_reason": "stop", "prompt_eval_count": 1500,
        "eval_count": 1000, "message": { "role": "assistant", "content": "long" } });
    fake.on("POST", "/api/chat", Answer::ndjson(&[done]));
    let mut session = Session::start(&fake);
    // Given by the call, and as the server says that it is loaded.
    fake.on(
        "GET",
        "/api/ps",
        Answer::json(200, json!({ "models": [{ "name": MODEL, "model": MODEL, "context_length": 2048 }] })),
    );
    let mut all = Vec::new();
    for num_ctx in [Some(2304), None] {
        let arguments = json!({ "model": MODEL, "prompt": "x", "num_ctx": num_ctx });
        let result = session.call("chat_completion", arguments).await;
        let [warning] = warnings(&result)[..] else { panic!("{result:#}") };
        all.push(warning.to_owned());
    }
    insta::assert_snapshot!(all.join("\n"), @"
    The prompt and the reply have 2500 tokens together and the context 2304: the oldest part was dropped while the reply was generated. Raise num_ctx, or lower max_tokens.
    The prompt and the reply have 2500 tokens together and the context 2048: the oldest part was dropped while the reply was generated. Raise num_ctx, or lower max_tokens.
    ");
    let enough =
        session.call("chat_completion", json!({ "model": MODEL, "prompt": "x", "num_ctx": 4096 })).await;
    assert!(warnings(&enough).is_empty(), "{enough:#}");
}

#[tokio::test]
async fn silent_cut_by_older_server_is_warned_of_as_probable() {
    let fake = FakeOllama::start().await.with_defaults();
    fake.replay("chat_history_longer_than_num_ctx");
    let mut session = Session::start(&fake);
    let result = session.call("chat_completion", asked(None)).await;
    insta::assert_snapshot!(warnings(&result).join("\n"), @"
    The reply stopped at the model's limit of tokens. Set max_tokens, or raise num_ctx.
    The prompt was probably cut to the context, or older messages were dropped: the model server counted only 38 tokens for 15000 bytes. Raise num_ctx, or send less.
    ");
}

#[tokio::test]
async fn grow_is_tried_once_where_server_keeps_context() {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded(REFUSED));
    let mut session = Session::start(&fake);
    let result = session.call("chat_completion", asked(Some("grow"))).await;
    insta::assert_snapshot!(error_line(&result), @"context_exceeded: The prompt has 3029 tokens; the model's context here has 512. A larger num_ctx was requested, and the server kept its context. Send less.");
    assert_eq!(sent(&fake, "/api/chat"), [(Some(false), None), (Some(false), Some(4096))]);
}

#[tokio::test]
async fn hint_never_suggests_num_ctx_and_grow_together() {
    let (_fake, mut session) = too_long("reply").await;
    for truncation in ["auto", "error"] {
        let mut arguments = asked(Some(truncation));
        arguments["num_ctx"] = json!(512);
        let result = session.call("chat_completion", arguments).await;
        let text = result["content"].to_string();
        assert!(text.contains("num_ctx to 4096, or leave it out and set truncation"), "{text}");
    }
}

#[tokio::test]
async fn prompt_filling_context_is_probable_cut_only() {
    let fake = FakeOllama::start().await.with_defaults();
    let done = json!({ "model": MODEL, "done": true, "done_reason": "stop", "prompt_eval_count": 4096,
        "eval_count": 9, "message": { "role": "assistant", "content": "short" } });
    fake.on("POST", "/api/chat", Answer::ndjson(&[done]));
    let loaded = json!({ "models": [{ "name": MODEL, "model": MODEL, "context_length": 4096 }] });
    fake.on("GET", "/api/ps", Answer::json(200, loaded));
    let mut session = Session::start(&fake);
    let mut all = Vec::new();
    for num_ctx in [None, Some(4096)] {
        let arguments = json!({ "model": MODEL, "prompt": "word ".repeat(6000), "num_ctx": num_ctx });
        let result = session.call("chat_completion", arguments).await;
        all.push(warnings(&result).join("\n"));
    }
    insta::assert_snapshot!(all.join("\n"), @"
    The prompt was probably cut to the context (4096 here), or older messages were dropped: the model server counted only 4096 tokens for 30000 bytes. Raise num_ctx, or send less.
    The prompt was probably cut to the context (4096 here), or older messages were dropped: the model server counted only 4096 tokens for 30000 bytes. Raise num_ctx, or send less.
    ");
}

#[tokio::test]
async fn refusal_without_counts_leads_to_warned_cut() {
    const LONGER: &str =
        "the prompt is longer than the context length currently available to the model; shorten the prompt";
    // Ollama says so of models whose context cannot shift.
    let uncounted = || Answer::json(400, json!({ "error": LONGER }));
    let fake = FakeOllama::start().await.with_defaults();
    fake.on_next("POST", "/api/chat", uncounted());
    let mut session = Session::start(&fake);
    let result = session.call("chat_completion", asked(None)).await;
    let [warning] = warnings(&result)[..] else { panic!("{result:#}") };
    insta::assert_snapshot!(warning, @"The prompt does not fit the model's context: Ollama cut it, or dropped the oldest messages; the model read 33 tokens. Raise num_ctx, or send less.");
    assert_eq!(sent(&fake, "/api/chat"), [(Some(false), None), (Some(true), None)]);

    // The counts of the first refusal are not lost where the cut is refused too.
    fake.on("POST", "/api/chat", uncounted());
    fake.on_next("POST", "/api/chat", Answer::recorded(REFUSED));
    let result = session.call("chat_completion", asked(None)).await;
    insta::assert_snapshot!(error_line(&result), @r#"context_exceeded: The prompt does not fit the model's context: the prompt is longer than the context length currently available to the model; shorten the prompt. Ollama cannot cut this prompt. Set num_ctx to 4096, or truncation to "grow" (a larger context takes more memory), or send less."#);
    assert_eq!(result["structuredContent"]["error"]["prompt_tokens"], PROMPT_TOKENS);
}
