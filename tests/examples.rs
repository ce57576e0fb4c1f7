//! The examples do what they say: each file of requests gets the answers that stand beside it, from the real program.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama};

#[allow(dead_code, reason = "its main is the example's")]
#[path = "../examples/rust_client.rs"]
mod rust_client;

/// Stands in an expected answer for a value that varies.
const ANY: &str = "<any>";

#[tokio::test(flavor = "multi_thread")]
async fn every_example_matches_expected_answers() {
    let mut examples = 0;
    for requests in request_files() {
        let fake = FakeOllama::start().await.with_defaults();
        if requests.ends_with("chat_json_schema.jsonl") {
            fake.on("POST", "/api/chat", Answer::recorded("chat_format_json_schema_stream"));
        }
        fake.replay("create_from_stream");
        let input = std::fs::read(&requests).unwrap();
        let url = fake.url();
        let data = tempfile::TempDir::new().unwrap();
        let answers = tokio::task::spawn_blocking(move || answers(&url, data.path(), &input)).await.unwrap();
        let expected = std::fs::read_to_string(requests.with_extension("expected.json")).unwrap();
        let expected: Vec<Value> = serde_json::from_str(&expected).unwrap();
        check(&requests.display().to_string(), &expected, &answers);
        examples += 1;
    }
    assert!(examples >= 10, "only {examples} examples were found");
}

#[tokio::test]
async fn the_rust_client_streams_an_answer() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut server = tokio::process::Command::from(server());
    server.env("OLLAMA_HOST", fake.url());
    let answer = rust_client::ask(server, "Say hello.").await.unwrap();
    assert!(!answer.reply.is_empty());
    assert_eq!(answer.printed, answer.reply);
    assert_eq!(answer.finish_reason, "stop");
    assert!(answer.tools.iter().any(|tool| tool == "chat_completion"));
}

/// Its first call returns before the reply is complete, and its server must not end before that.
#[tokio::test]
async fn rust_client_prints_complete_slow_answer() {
    let (fake, whole) = slow_ollama().await;
    let mut server = tokio::process::Command::from(server());
    server.env("OLLAMA_HOST", fake.url()).env("OLLAMA_MCP_CALL_DEADLINE", "50ms");
    let answer = rust_client::ask(server, "Count.").await.unwrap();
    assert_eq!((answer.reply.as_str(), answer.printed.as_str()), (whole.as_str(), whole.as_str()));
    assert_eq!(answer.finish_reason, "length", "a reply that was cut is told");
}

/// An Ollama whose reply takes far longer than a deadline of 50 ms, and stops at a limit of tokens.
async fn slow_ollama() -> (FakeOllama, String) {
    let fake = FakeOllama::start().await.with_defaults();
    let words: Vec<_> = (0..20).map(|number| format!("{number} ")).collect();
    let mut lines: Vec<_> = words
        .iter()
        .map(|word| json!({ "model": "m", "message": { "role": "assistant", "content": word }, "done": false }))
        .collect();
    lines.push(json!({
        "model": "m", "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": "length",
        "prompt_eval_count": 3, "eval_count": 20
    }));
    fake.on("POST", "/api/chat", Answer::ndjson(&lines).slow_drip(60, Duration::from_millis(20)));
    (fake, words.concat())
}

/// The answers to lines of input, ordered by id. Notifications are left out: how many there are varies.
fn answers(url: &str, data: &Path, input: &[u8]) -> Vec<Value> {
    let mut child = server()
        .env("OLLAMA_HOST", url)
        .env("OLLAMA_MCP_DATA_DIR", data)
        .env("OLLAMA_MCP_ALLOWED_DIRS", requests_folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut answers: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    answers.retain(|message| message.get("method").is_none());
    answers.sort_by_key(|answer| answer["id"].to_string());
    answers
}

/// The program, with no setting but its defaults.
fn server() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ollama-mcp"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OLLAMA_") {
            command.env_remove(name);
        }
    }
    // Without a config.toml.
    command.env("OLLAMA_MCP_CONFIG_DIR", requests_folder());
    command
}

fn check(example: &str, expected: &[Value], answers: &[Value]) {
    let all = serde_json::to_string_pretty(answers).unwrap();
    assert_eq!(expected.len(), answers.len(), "{example}: another number of answers came:\n{all}");
    for (expected, answer) in expected.iter().zip(answers) {
        if let Err(difference) = compare("", expected, answer) {
            panic!("{example}: {difference}; all that came:\n{all}");
        }
    }
}

/// Says where an answer is not what is expected.
fn compare(path: &str, expected: &Value, answer: &Value) -> Result<(), String> {
    match (expected, answer) {
        (Value::String(any), _) if any == ANY => Ok(()),
        (Value::Object(expected), Value::Object(answer)) => {
            if let Some(key) = expected.keys().find(|key| !answer.contains_key(*key)) {
                return Err(format!("{path}/{key} is missing"));
            }
            for (key, value) in answer {
                let expected = expected.get(key).ok_or_else(|| format!("{path}/{key} is not expected"))?;
                compare(&format!("{path}/{key}"), expected, value)?;
            }
            Ok(())
        }
        (Value::Array(expected), Value::Array(answer)) if expected.len() == answer.len() => {
            let pairs = expected.iter().zip(answer).enumerate();
            pairs.into_iter().try_for_each(|(index, (expected, answer))| {
                compare(&format!("{path}/{index}"), expected, answer)
            })
        }
        _ if expected == answer => Ok(()),
        _ => Err(format!("{path} is {answer}, not {expected}")),
    }
}

fn requests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/requests")
}

fn request_files() -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        std::fs::read_dir(requests_folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    paths.sort();
    paths
}

#[test]
fn placeholders_match_varying_values_only() {
    let expected = json!({ "a": ANY, "b": [1, { "c": ANY }] });
    let compare = |answer: Value| compare("", &expected, &answer);
    assert_eq!(compare(json!({ "a": 5, "b": [1, { "c": null }] })), Ok(()));
    for (answer, difference) in [
        (json!({ "a": 5, "b": [2, { "c": 1 }] }), "/b/0 is 2, not 1"),
        (json!({ "a": 5, "b": [1, {}] }), "/b/1/c is missing"),
        (json!({ "b": [1, { "c": 1 }] }), "/a is missing"),
        (json!({ "a": 5, "b": [1, { "c": 1 }], "d": 1 }), "/d is not expected"),
    ] {
        assert_eq!(compare(answer), Err(difference.to_owned()));
    }
}
