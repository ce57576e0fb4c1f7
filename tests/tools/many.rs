//! `batch_completion` and `compare_models`: many replies in one answer.

use serde_json::{Value, json};

use super::{MODEL, start, text};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate, Request};
use crate::support::mcp_client::error_line;

/// What a request asks.
fn question(request: &Request) -> String {
    let body = request.json();
    body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned()
}

/// A reply of one piece.
fn reply(words: &str) -> Answer {
    Answer::ndjson(&[
        json!({ "model": MODEL, "message": { "role": "assistant", "content": words } }),
        json!({ "model": MODEL, "done": true, "done_reason": "stop", "eval_count": 3,
            "eval_duration": 100_000_000, "message": { "role": "assistant", "content": "" } }),
    ])
}

/// Answers with the last word of the question; a question with `bad` fails, one with `wait` waits.
fn echo(fake: &FakeOllama, gate: &Gate) {
    let gate = gate.clone();
    let answer = Answer::computed(move |request| {
        let question = question(request);
        let word = question.split_whitespace().last().unwrap().to_owned();
        match word.as_str() {
            "bad" => Answer::json(400, json!({ "error": "that is too bad" })),
            "wait" => reply("waited").delay_head(&gate),
            _ => reply(&word),
        }
    });
    fake.on("POST", "/api/chat", answer);
}

fn batch(inputs: &[&str]) -> Value {
    json!({ "model": MODEL, "instruction": "Say it again.", "inputs": inputs, "system": "Be brief." })
}

fn contents(result: &Value) -> Vec<(u64, &str)> {
    let results = result["structuredContent"]["results"].as_array().unwrap();
    let content = |one: &Value| one["content"].as_str().is_some();
    let with = results.iter().filter(|one| content(one));
    with.map(|one| (one["index"].as_u64().unwrap(), one["content"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn results_are_in_order_with_failures_among_them() {
    let (fake, mut session) = start(&[]).await;
    let gate = Gate::new();
    echo(&fake, &gate);
    let call = json!({ "name": "batch_completion", "arguments": batch(&["wait", "two", "bad", "four"]),
        "_meta": { "progressToken": "t" } });
    let id = session.request("tools/call", call).await;
    // The first is answered last.
    loop {
        let message = session.next().await;
        assert_eq!(message["method"], "notifications/progress", "{message}");
        if message["params"]["message"] == "3 of 4 done" {
            assert_eq!(message["params"]["total"], 4.0);
            break;
        }
    }
    gate.open();
    let result = session.answer(id).await["result"].take();
    assert_eq!(contents(&result), [(0, "waited"), (1, "two"), (3, "four")]);
    let structured = &result["structuredContent"];
    assert_eq!(structured["status"], "completed");
    assert_eq!(
        (&structured["total"], &structured["done"], &structured["failed"]),
        (&json!(4), &json!(4), &json!(1))
    );
    // Once for all, since one model answers.
    assert_eq!((&structured["model"], &structured["location"]), (&json!(MODEL), &json!("local")));
    assert!(structured["results"][0].get("model").is_none(), "{structured}");
    let failed = &structured["results"][2];
    assert_eq!(failed["index"], 2);
    assert!(failed["error"]["message"].as_str().unwrap().contains("too bad"), "{failed}");
    assert!(text(&result).starts_with("4 of 4 done, 1 failed.\n[0] waited\n"), "{}", text(&result));
    let sent = fake.requests_to("POST", "/api/chat");
    assert_eq!(sent.len(), 4);
    for request in sent {
        assert_eq!(request.json()["messages"][0], json!({ "role": "system", "content": "Be brief." }));
        assert!(question(&request).starts_with("Say it again.\n\n"));
    }
}

#[tokio::test]
async fn invalid_batches_are_refused_before_any_request() {
    let (fake, mut session) = start(&[]).await;
    let too_many = vec!["x"; 201];
    let mut errors = Vec::new();
    for inputs in [&too_many[..], &[], &["a", ""]] {
        errors.push(error_line(&session.call("batch_completion", batch(inputs)).await));
    }
    let mut nothing_to_do = batch(&["a"]);
    nothing_to_do["instruction"] = json!(" ");
    errors.push(error_line(&session.call("batch_completion", nothing_to_do).await));
    insta::assert_snapshot!(errors.join("\n"), @"
    invalid_argument: inputs and files have 201 entries; they must have 1 to 200
    invalid_argument: inputs and files have 0 entries; they must have 1 to 200
    invalid_argument: inputs[1] is empty; it must have text
    invalid_argument: instruction is empty; it must say what to do with each input
    ");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 0);
}

#[tokio::test]
async fn batch_returns_done_results_at_deadline_and_rest_is_fetched() {
    let (fake, mut session) = start(&[("OLLAMA_MCP_CALL_DEADLINE", "1s")]).await;
    let gate = Gate::new();
    echo(&fake, &gate);
    let result = session.call("batch_completion", batch(&["one", "wait", "three"])).await;
    assert_eq!(result["structuredContent"]["status"], "in_progress");
    assert_eq!(contents(&result), [(0, "one"), (2, "three")]);
    assert!(text(&result).contains("get_completion"), "{}", text(&result));
    gate.open();
    let id = &result["structuredContent"]["completion_id"];
    let ended = session.call("get_completion", json!({ "completion_id": id, "wait_seconds": 20 })).await;
    assert_eq!(ended["structuredContent"]["status"], "completed");
    assert_eq!(contents(&ended), [(0, "one"), (1, "waited"), (2, "three")]);
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 3);
}

#[tokio::test]
async fn cancelled_batch_keeps_done_results() {
    let (fake, mut session) = start(&[("OLLAMA_MCP_CALL_DEADLINE", "1s")]).await;
    let gate = Gate::new();
    echo(&fake, &gate);
    let result = session.call("batch_completion", batch(&["one", "wait"])).await;
    let id = &result["structuredContent"]["completion_id"];
    let stopped = session.call("cancel_completion", json!({ "completion_id": id })).await;
    assert_eq!(stopped["structuredContent"]["status"], "cancelled", "{stopped}");
    assert!(text(&stopped).starts_with("Cancelled before it was complete. "), "{stopped}");
    assert_eq!(contents(&stopped), [(0, "one")]);
    let sent = fake.requests_to("POST", "/api/chat");
    let waits = sent.iter().find(|request| question(request).ends_with("wait")).unwrap();
    fake.closed(waits.index).await;
}

#[tokio::test]
async fn comparison_has_one_result_per_model() {
    let (fake, mut session) = start(&[]).await;
    let answer = Answer::computed(|request| match request.json()["model"].as_str().unwrap() {
        "nope" => Answer::json(404, json!({ "error": "model 'nope' not found" })),
        model => reply(&format!("I am {model}")),
    });
    fake.on("POST", "/api/chat", answer);
    for together in [false, true] {
        fake.clear_requests();
        let models = json!([MODEL, "nope", "smollm2:135m"]);
        let arguments = json!({ "models": models, "prompt": "Who are you?", "together": together });
        let result = session.call("compare_models", arguments).await;
        let results = result["structuredContent"]["results"].as_array().unwrap();
        let named: Vec<_> = results.iter().map(|one| one["model"].clone()).collect();
        assert_eq!(json!(named), models);
        assert_eq!(results[0]["content"], "I am gemma3:270m");
        assert_eq!(
            (&results[0]["completion_tokens"], &results[0]["tokens_per_second"]),
            (&json!(3), &json!(30.0))
        );
        assert!(results[0]["first_token_ms"].is_u64() && results[0]["total_ms"].is_u64(), "{result}");
        assert_eq!(results[1]["error"]["code"], "model_not_found");
        assert_eq!(results[2]["content"], "I am smollm2:135m");
        let said = text(&result);
        assert!(
            said.contains("## gemma3:270m (3 tokens, 30 tokens/s") && said.contains("\nFAILED: "),
            "{said}"
        );
        // A model that reads only one of the two still learns what to do.
        assert!(said.contains("is not installed. ") && said.contains("Or call pull_model"), "{said}");
        let hint = results[1]["error"]["hint"].as_str().unwrap_or_default();
        assert!(hint.contains("Or call pull_model"), "{result}");
        assert!(!said.contains("()"), "what was not measured is not told: {said}");
        assert_eq!(fake.requests_to("POST", "/api/chat").len(), 3);
        if !together {
            assert_eq!(fake.peak_in_flight(), 1, "one after another, for fair times");
        }
    }
}

#[tokio::test]
async fn shared_failure_has_one_next_step() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("chat_missing_model_stream");
    let batch = json!({ "model": "nope", "instruction": "x", "inputs": ["a", "b", "c"] });
    let result = session.call("batch_completion", batch).await;
    assert_eq!(result["structuredContent"]["results"].as_array().unwrap().len(), 3);
    insta::assert_snapshot!(error_line(&result), @r#"
    model_not_found: 3 of 3 done, 3 failed.
    [0] FAILED: Model "nope" is not installed. Install it with "ollama pull nope". Or call pull_model.
    [1] FAILED: Model "nope" is not installed
    [2] FAILED: Model "nope" is not installed
    "#);
}

#[tokio::test]
async fn comparison_without_results_says_so() {
    let (fake, mut session) = start(&[("OLLAMA_MCP_CALL_DEADLINE", "1s")]).await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", reply("late").delay_head(&gate));
    let models = json!({ "prompt": "hi", "models": ["gemma3:270m", "smollm2:135m"] });
    let result = session.call("compare_models", models).await;
    assert!(text(&result).contains("0 of 2 models are done."), "{result}");
    let id = result["structuredContent"]["completion_id"].clone();
    let stopped = session.call("cancel_completion", json!({ "completion_id": id })).await;
    assert_eq!(text(&stopped), "Cancelled before it was complete. 0 of 2 models are done.", "{stopped}");
}

#[tokio::test]
async fn comparison_takes_two_to_eight_models() {
    let (fake, mut session) = start(&[]).await;
    let mut errors = Vec::new();
    for models in [vec![MODEL], vec![MODEL; 9]] {
        let result = session.call("compare_models", json!({ "models": models, "prompt": "x" })).await;
        errors.push(error_line(&result));
    }
    insta::assert_snapshot!(errors.join("\n"), @"
    invalid_argument: models has 1; it must have 2 to 8 names
    invalid_argument: models has 9; it must have 2 to 8 names
    ");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 0);
}

#[tokio::test]
async fn each_result_has_finish_reason_and_warnings() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("chat_options_num_predict_length");
    let batch = json!({ "model": MODEL, "instruction": "x", "inputs": ["a", "b", "c"], "max_tokens": 5 });
    let result = session.call("batch_completion", batch).await;
    let warning = "The reply stopped at max_tokens (5); raise it for a longer one.";
    for one in result["structuredContent"]["results"].as_array().unwrap() {
        assert_eq!(one["finish_reason"], "length", "{one}");
        assert_eq!(one["warnings"], json!([warning]), "{one}");
    }
    assert_eq!(text(&result).lines().last(), Some(format!("Warning (0, 1, 2): {warning}").as_str()));
}

#[tokio::test]
async fn item_is_retried_after_runner_crash() {
    let (fake, mut session) = start(&[]).await;
    fake.on("POST", "/api/chat", reply("fine"));
    fake.on_next(
        "POST",
        "/api/chat",
        Answer::json(500, json!({ "error": "llama-server process no longer running: 9" })),
    );
    let result = session.call("batch_completion", batch(&["one"])).await;
    assert_eq!(contents(&result), [(0, "fine")]);
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 2);
    // A runner that crashes again is reported with the next step.
    fake.replay("chat_nonstream_runner_killed_qwen");
    let result = session.call("chat_completion", json!({ "model": MODEL, "prompt": "x" })).await;
    insta::assert_snapshot!(error_line(&result), @"upstream_error: Ollama answered 500: an error was encountered while running the model: unexpected EOF. The process that runs the model has ended, often for want of memory: Ollama's log tells why. Ask again; if it happens again, use a smaller model or a smaller num_ctx.");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 4);
}
