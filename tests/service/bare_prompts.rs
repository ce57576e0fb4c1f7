//! Bare prompts over a server of OpenAI's API, which has a route for them.

use std::sync::Arc;

use providers::openai::OpenAi;
use providers::{ServerConfig, Timeouts};
use serde_json::json;
use service::chat::request::{ChatCall, GenerateCall};
use service::tasks::registry::TaskKind;
use service::tasks::reply::Outcome;
use service::{Caller, ErrorCode, ServiceSettings, Services};

use crate::support::fake_ollama::FakeOllama;

async fn completed(fake: &FakeOllama, call: GenerateCall) -> Outcome {
    let config = ServerConfig {
        base_url: format!("{}/v1", fake.url()).parse().unwrap(),
        token: None,
        headers: Vec::new(),
        timeouts: Timeouts::default(),
    };
    let services = Services::new(Arc::new(OpenAi::new(&config).unwrap()), ServiceSettings::default());
    let task = services.chat.start_generate(&Caller::local(), call).unwrap();
    task.ended().await;
    let TaskKind::Reply(reply) = &task.kind else { panic!("no reply") };
    reply.outcome().unwrap()
}

fn call() -> GenerateCall {
    let settings = ChatCall { model: Some("gemma3:270m".to_owned()), ..ChatCall::default() };
    let suffix = Some(" blue.".to_owned());
    GenerateCall { settings, prompt: "The sky is".to_owned(), suffix, ..GenerateCall::default() }
}

#[tokio::test]
async fn bare_prompt_is_completed_by_its_own_route() {
    let fake = FakeOllama::start().await.with_defaults();
    fake.replay("v1_completions_stream");
    let completion = completed(&fake, call()).await.unwrap();
    assert_eq!(completion.content, "The sky is staan");
    assert_eq!(completion.summary.usage.prompt_tokens, Some(12));
    let sent = fake.requests_to("POST", "/v1/completions")[0].json();
    assert_eq!((&sent["prompt"], &sent["suffix"]), (&json!("The sky is"), &json!(" blue.")));
}

#[tokio::test]
async fn what_route_has_no_field_for_is_named() {
    let fake = FakeOllama::start().await.with_defaults();
    let call = GenerateCall { system: Some("Arr.".to_owned()), ..call() };
    let error = completed(&fake, call).await.unwrap_err();
    assert_eq!((error.code, error.argument.as_deref()), (ErrorCode::InvalidArgument, Some("system")));
}
