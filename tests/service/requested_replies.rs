//! What a caller may require of a reply: a tool call, log probabilities, a format that is checked while it streams.

use std::sync::Arc;

use providers::ollama::Ollama;
use providers::{ServerConfig, Timeouts};
use serde_json::{Value, json};
use service::chat::request::ChatCall;
use service::chat::response_format::{FormatCheck, ReplyFormat};
use service::tasks::registry::TaskKind;
use service::tasks::reply::{Completion, ReplyCursor, Update};
use service::{Caller, ServiceSettings, Services, WarningKind};
use types::{Message, ResponseFormat, Role, ToolChoice};

use crate::support::fake_ollama::{Answer, FakeOllama};

const MODEL: &str = "qwen2.5-coder:0.5b";

fn says(content: &str) -> Answer {
    Answer::ndjson(&[
        json!({ "model": MODEL, "message": { "role": "assistant", "content": content }, "done": false }),
        json!({ "model": MODEL, "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": "stop" }),
    ])
}

fn calls(names: &[&str]) -> Answer {
    let calls: Vec<_> =
        names.iter().map(|name| json!({ "function": { "name": name, "arguments": {} } })).collect();
    Answer::ndjson(&[
        json!({ "model": MODEL, "message": { "role": "assistant", "content": "", "tool_calls": calls }, "done": false }),
        json!({ "model": MODEL, "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": "stop" }),
    ])
}

fn call() -> ChatCall {
    let tool = |name: &str| json!({ "type": "function", "function": { "name": name, "parameters": {} } });
    ChatCall {
        model: Some(MODEL.to_owned()),
        messages: vec![Message::text(Role::User, "?")],
        tools: vec![tool("get_weather"), tool("get_time")],
        ..ChatCall::default()
    }
}

/// The completion of a call that the fake answers with these replies, what a follower reads of it afterwards, and the
/// bodies that were sent.
async fn completed(call: ChatCall, replies: Vec<Answer>) -> (Arc<Completion>, Update, Vec<Value>) {
    let fake = FakeOllama::start().await.with_defaults();
    for reply in replies {
        fake.on_next("POST", "/api/chat", reply);
    }
    let config = ServerConfig {
        base_url: fake.url().parse().unwrap(),
        token: None,
        headers: Vec::new(),
        timeouts: Timeouts::default(),
    };
    let services = Services::new(Arc::new(Ollama::new(&config).unwrap()), ServiceSettings::default());
    let task = services.chat.start_chat(&Caller::local(), call).unwrap();
    task.ended().await;
    let TaskKind::Reply(reply) = &task.kind else { panic!("no reply") };
    let completion = reply.outcome().unwrap().unwrap();
    let update = reply.update(&mut ReplyCursor::default());
    let bodies = fake.requests_to("POST", "/api/chat").iter().map(|request| request.json()).collect();
    (completion, update, bodies)
}

fn kinds(completion: &Completion) -> Vec<WarningKind> {
    completion.summary.warnings.iter().map(|warning| warning.kind).collect()
}

fn names(body: &Value) -> Vec<&str> {
    let tools = body["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    tools.iter().map(|tool| tool["function"]["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn required_call_is_asked_for_once_more() {
    let call = ChatCall { tool_choice: Some(ToolChoice::Required), ..call() };
    let (completion, update, bodies) = completed(call, vec![says("It rains."), calls(&["get_time"])]).await;
    assert_eq!((completion.content.as_str(), update.content.as_str()), ("", ""));
    assert_eq!(completion.tool_calls[0].name, "get_time");
    assert_eq!(update.tool_calls, completion.tool_calls);
    assert_eq!(kinds(&completion), []);
    let messages = bodies[1]["messages"].as_array().unwrap();
    assert_eq!(messages[1]["content"], "It rains.");
    assert!(messages[2]["content"].as_str().unwrap().contains("does not call a tool"), "{messages:?}");
}

#[tokio::test]
async fn missing_call_of_named_tool_is_warned_of() {
    let named = || Some(ToolChoice::Function("get_time".to_owned()));
    let call = ChatCall { tool_choice: named(), ..call() };
    let replies = vec![says("It rains."), says("It still rains.")];
    let (completion, update, bodies) = completed(call, replies).await;
    assert_eq!(kinds(&completion), [WarningKind::ToolCallMissing]);
    assert_eq!(
        (completion.content.as_str(), update.content.as_str()),
        ("It still rains.", "It still rains.")
    );
    assert_eq!(bodies.len(), 2);
    assert_eq!(names(&bodies[0]), ["get_time"], "only the named tool is offered");
}

#[tokio::test]
async fn no_tool_is_offered_where_none_may_be_called() {
    let call = ChatCall { tool_choice: Some(ToolChoice::None), ..call() };
    let (completion, _, bodies) = completed(call, vec![says("It rains.")]).await;
    assert_eq!(completion.content, "It rains.");
    assert_eq!(names(&bodies[0]), Vec::<&str>::new());
}

#[tokio::test]
async fn only_first_call_is_kept_without_parallel_calls() {
    let call = ChatCall { parallel_tool_calls: Some(false), ..call() };
    let (completion, update, _) = completed(call, vec![calls(&["get_weather", "get_time"])]).await;
    assert_eq!((completion.tool_calls.len(), update.tool_calls.len()), (1, 1));
    assert_eq!(completion.tool_calls[0].name, "get_weather");
    assert_eq!(kinds(&completion), [WarningKind::ToolCallsDropped]);
    assert!(completion.summary.warnings[0].text.ends_with("get_time."), "{:?}", completion.summary.warnings);
}

#[tokio::test]
async fn format_that_is_checked_at_end_streams_and_is_not_asked_for_again() {
    let schema = json!({ "type": "object", "required": ["n"] });
    let format = ReplyFormat::new(ResponseFormat::Schema(schema)).unwrap();
    let at_end =
        || ChatCall { response_format: Some(format.clone()), format_check: FormatCheck::AtEnd, ..call() };
    let (completion, update, bodies) = completed(at_end(), vec![says("{}")]).await;
    assert_eq!((update.content.as_str(), bodies.len()), ("{}", 1));
    assert_eq!(kinds(&completion), [WarningKind::FormatViolated]);
    assert_eq!(completion.summary.format_violations.len(), 1);
    let (completion, _, _) = completed(at_end(), vec![says("{\"n\": 1}")]).await;
    assert_eq!((kinds(&completion), completion.summary.format_violations.len()), (vec![], 0));
    let held = ChatCall { response_format: Some(format.clone()), ..call() };
    let (completion, _, _) = completed(held.clone(), vec![says("{}"), says("{}")]).await;
    let warning = &completion.summary.warnings[0];
    assert!(warning.text.contains("even after a second try"), "{warning}");
    assert_eq!((warning.kind, completion.summary.format_violations.len()), (WarningKind::FormatViolated, 1));
    let (completion, _, bodies) = completed(held, vec![says("{}"), says("{\"n\": 1}")]).await;
    assert_eq!((completion.content.as_str(), bodies.len(), kinds(&completion)), ("{\"n\": 1}", 2, vec![]));
}

#[tokio::test]
async fn tokens_of_reply_have_log_probabilities_on_request() {
    let recorded = || Answer::recorded("chat_logprobs");
    let call = || ChatCall { logprobs: Some(2), ..call() };
    let (completion, update, bodies) = completed(call(), vec![recorded()]).await;
    assert_eq!((&bodies[0]["logprobs"], &bodies[0]["top_logprobs"]), (&json!(true), &json!(2)));
    let tokens: String = completion.logprobs.iter().map(|token| token.token.as_str()).collect();
    assert_eq!((tokens.as_str(), completion.logprobs[0].top.len()), (completion.content.as_str(), 2));
    assert_eq!(update.logprobs, completion.logprobs);
    let (completion, _, _) = completed(call(), vec![says("Hi")]).await;
    assert_eq!(kinds(&completion), [WarningKind::NoLogprobs]);
}
