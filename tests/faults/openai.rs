//! The faults of an OpenAI-compatible server.

use serde_json::json;

use super::{Kind, Row, check_all};
use crate::support::fake_ollama::{Answer, Gate};

const ONE: &str = r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"one "}}]}"#;
const TWO: &str = r#"{"choices":[{"index":0,"delta":{"content":"two "}}]}"#;
const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_missing_answers_have_their_codes() {
    let json = |status: u16, text: &str| {
        Answer::json(status, json!({ "error": { "message": text, "type": "api_error", "code": null } }))
    };
    check_all(
        Kind::OpenAi,
        vec![
            Row::new(
                "500",
                json(500, "the engine fell over"),
                "upstream_error",
                &["500", "the engine fell over"],
            ),
            Row::new(
                "502",
                Answer::text(502, "text/plain", "bad gateway"),
                "upstream_error",
                &["502", "bad gateway"],
            ),
            Row::new("503", json(503, "loading"), "overloaded", &["busy (503)", "loading"]).requests(4),
            Row::new("429", json(429, "rate limit"), "overloaded", &["busy (429)", "rate limit"]).requests(4),
            Row::new(
                "404 of the model",
                Answer::recorded("v1_chat_missing_model"),
                "model_not_found",
                &["is not installed"],
            ),
            Row::new("401", json(401, "no key"), "upstream_error", &["401", "OLLAMA_MCP_API_KEY"]),
            Row::new(
                "an HTML page",
                Answer::text(200, "text/html", "<html>hello</html>"),
                "upstream_error",
                &["no event", "OLLAMA_MCP_BASE_URL"],
            ),
            Row::new(
                "reset before the head",
                Answer::reset_before_head(),
                "interrupted",
                &["before the answer began"],
            )
            .requests(2),
            Row::new(
                "no head",
                Answer::sse(&[ONE]).delay_head(&Gate::new()),
                "timeout",
                &["did not begin its answer"],
            ),
            Row::new(
                "a head and nothing more",
                Answer::sse(&[ONE]).stall_after(0),
                "timeout",
                &["did not begin its answer"],
            ),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_breaks_keeps_partial_text() {
    let well = || Answer::sse(&[ONE, TWO, STOP, "[DONE]"]);
    let then = |data: &str| Answer::sse(&[ONE, TWO, data]);
    let rows = vec![
        Row::new("cut", well().cut_after(2), "interrupted", &["was interrupted", "connection closed"]),
        Row::new("reset", well().reset_after(2), "interrupted", &["connection reset"]),
        Row::new("stalled", well().stall_after(2), "timeout", &["sent nothing more for 700ms"]),
        // Ollama hides a failure during the answer so.
        Row::new("no end mark", Answer::sse(&[ONE, TWO]), "interrupted", &["was interrupted"]),
        Row::new(
            "an error event",
            then(r#"{"error":{"message":"the runner died"}}"#),
            "interrupted",
            &["the runner died"],
        ),
        Row::new("garbage", then("{nonsense"), "upstream_error", &["cannot be read"]),
    ];
    check_all(Kind::OpenAi, rows.into_iter().map(|row| row.partial("one two ")).collect()).await;
}
