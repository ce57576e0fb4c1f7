//! The faults of an Ollama.

use serde_json::{Value, json};

use super::{Kind, MODEL, Row, check_all, lines, piece};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::Session;

const HTML: &str = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_code() {
    check_all(Kind::Ollama, refusals()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_answer_has_its_code() {
    check_all(Kind::Ollama, missing_answers()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_breaks_keeps_partial_text() {
    check_all(Kind::Ollama, broken_answers()).await;
}

/// Answers that say that something is wrong.
pub(super) fn refusals() -> Vec<Row> {
    let json = |status: u16, text: &str| Answer::json(status, json!({ "error": text }));
    let busy = || Answer::recorded("chat_queue_full_503");
    vec![
        Row::new(
            "500",
            json(500, "the engine fell over"),
            "upstream_error",
            &["500", "the engine fell over"],
        ),
        Row::new("502 of a proxy", Answer::text(502, "text/html", HTML), "upstream_error", &["502", "proxy"]),
        Row::new("503", busy(), "overloaded", &["busy (503)", "Try again"]).requests(4),
        Row::new(
            "503 for an hour",
            busy().header("Retry-After", "3600"),
            "overloaded",
            &["busy (503)", "in 3600 s"],
        ),
        Row::new("429", json(429, "slow down"), "overloaded", &["busy (429)", "slow down"]).requests(4),
        Row::new(
            "404 of the model",
            json(404, &format!("model '{MODEL}' not found")),
            "model_not_found",
            &[MODEL, "is not installed. Did you mean \"qwen2.5-tools:0.5b\""],
        ),
        Row::new(
            "404 of the route",
            Answer::text(404, "text/plain", "404 page not found"),
            "upstream_error",
            &["404", "OLLAMA_HOST"],
        ),
        Row::new("401", json(401, "unauthorized"), "upstream_error", &["401", "OLLAMA_MCP_AUTH_TOKEN"]),
        Row::new(
            "a redirect",
            Answer::empty(307).header("Location", "http://elsewhere.example/api/chat"),
            "upstream_error",
            &["307", "elsewhere.example", "OLLAMA_HOST"],
        ),
        Row::new("500 without end", Answer::endless_line().status(500), "upstream_error", &["500"]),
    ]
}

/// Answers that do not come, or are none.
pub(super) fn missing_answers() -> Vec<Row> {
    vec![
        Row::new(
            "reset before the head",
            Answer::reset_before_head(),
            "interrupted",
            &["connection reset", "before the answer began"],
        )
        .requests(2),
        Row::new(
            "something that is no HTTP",
            Answer::garbage_head(),
            "upstream_error",
            &["does not speak HTTP", "address"],
        ),
        Row::new(
            "no head",
            well().delay_head(&Gate::new()),
            "timeout",
            &["did not begin its answer for 2s", "OLLAMA_MCP_FIRST_BYTE_TIMEOUT"],
        ),
        Row::new(
            "a head and nothing more",
            well().stall_after(0),
            "timeout",
            &["did not begin its answer for 2s", "OLLAMA_MCP_FIRST_BYTE_TIMEOUT"],
        ),
        // The server took the request and may have generated: it is not asked again.
        Row::new("cut behind the head", well().cut_after(0), "interrupted", &["was interrupted"]),
        Row::new("reset behind the head", well().reset_after(0), "interrupted", &["was interrupted"]),
        Row::new(
            "an HTML page",
            Answer::text(200, "text/html", HTML),
            "upstream_error",
            &["cannot be read", "<html>", "OLLAMA_HOST"],
        ),
        Row::new("no body", Answer::empty(200), "interrupted", &["before it was done"]),
        Row::new(
            "another JSON",
            Answer::ndjson(&[json!({ "hello": 1 })]),
            "upstream_error",
            &["cannot be read"],
        ),
        Row::new(
            "an error line at once",
            Answer::ndjson(&[json!({ "error": "no memory" })]),
            "interrupted",
            &["failed during the answer: no memory"],
        ),
    ]
}

/// Answers that break after two pieces of text.
pub(super) fn broken_answers() -> Vec<Row> {
    const PARTIAL: &str = "one two ";
    let then = |line: Value| Answer::ndjson(&[piece("one "), piece("two "), line]);
    let raw = |end: &[u8]| {
        let mut chunks: Vec<_> = lines()[..2].iter().map(|line| format!("{line}\n").into_bytes()).collect();
        chunks.push(end.to_vec());
        Answer::raw_chunks(chunks)
    };
    let rows = vec![
        Row::new("cut", well().cut_after(2), "interrupted", &["was interrupted", "connection closed"]),
        Row::new("reset", well().reset_after(2), "interrupted", &["was interrupted", "connection reset"]),
        Row::new(
            "stalled",
            well().stall_after(2),
            "timeout",
            &["sent nothing more for 700ms", "OLLAMA_MCP_IDLE_TIMEOUT"],
        ),
        Row::new("no done", Answer::ndjson(&lines()[..2]), "interrupted", &["before it was done"]),
        Row::new(
            "an error line",
            then(json!({ "error": "the runner died" })),
            "interrupted",
            &["failed during the answer: the runner died"],
        ),
        Row::new(
            "an error line and more",
            raw(b"{\"error\":\"x\"}\n{\"done\":true}\n"),
            "interrupted",
            &["failed during the answer: x"],
        ),
        Row::new(
            "a line of another form",
            then(json!({ "message": "text" })),
            "upstream_error",
            &["cannot be read"],
        ),
        Row::new("garbage", raw(b"\x00\x01\xFE\xFF garbage\n"), "upstream_error", &["cannot be read"]),
        Row::new(
            "garbage that never ends",
            raw(b"{\"message\":{\"content\":\"").stall_after(3),
            "timeout",
            &["sent nothing more"],
        ),
        Row::new(
            "ended in mid-line",
            raw(b"{\"message\":{\"content\":\"thr"),
            "interrupted",
            &["in the middle of a line"],
        ),
        Row::new(
            "deep nesting",
            raw(format!("{}\n", "[".repeat(100_000)).as_bytes()),
            "upstream_error",
            &["cannot be read"],
        ),
        Row::new(
            "bytes that are no UTF-8",
            raw(b"{\"message\":{\"content\":\"\xFF\"}}\n"),
            "upstream_error",
            &["cannot be read"],
        ),
    ];
    rows.into_iter().map(|row| row.partial(PARTIAL)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_line_is_aborted() {
    let row =
        Row::new("a line without end", Answer::endless_line(), "upstream_error", &["a line is longer than"]);
    row.check(Kind::Ollama).await;
}

#[tokio::test]
async fn overflowing_statistics_keep_reply() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    for number in
        ["18446744073709551616", "1e400", "-1", "99999999999999999999999999999999999999999", "\"x\""]
    {
        let last = format!(
            "{{\"message\":{{\"content\":\"\"}},\"done\":true,\"done_reason\":\"stop\",\"total_duration\":{number},\
             \"load_duration\":{number},\"prompt_eval_count\":9,\"eval_count\":{number},\"eval_duration\":{number}}}\n"
        );
        let first = format!("{}\n", piece("one"));
        fake.on("POST", "/api/chat", Answer::raw_chunks(vec![first.into_bytes(), last.into_bytes()]));
        let result = session.call("chat_completion", json!({ "model": MODEL, "prompt": "hi" })).await;
        let structured = &result["structuredContent"];
        assert_eq!(structured["choices"][0]["message"]["content"], "one", "{number}: {result}");
        assert_eq!(structured["usage"]["prompt_tokens"], 9, "{number}: {result}");
    }
}

fn well() -> Answer {
    Answer::ndjson(&lines())
}
