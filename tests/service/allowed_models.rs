//! A model outside of a caller's limits does not exist for it.

use std::sync::Arc;

use providers::ollama::Ollama;
use providers::{ServerConfig, Timeouts};
use serde_json::json;
use service::chat::request::ChatCall;
use service::conversations::TurnCall;
use service::models::name::{CopyNames, ModelName};
use service::tasks::registry::{Task, TaskKind};
use service::{Caller, ErrorCode, ServiceError, ServiceSettings, Services};
use store::Sqlite;
use types::{EmbedRequest, Limits, Message, Role};

use crate::support::fake_ollama::{Answer, FakeOllama};

const ALLOWED: &str = "gemma3:270m";
const OTHER: &str = "qwen2.5-coder:0.5b";

async fn fake() -> FakeOllama {
    let fake = FakeOllama::start().await.with_defaults();
    let models = [OTHER, ALLOWED, "smollm2:135m"].map(|name| {
        json!({ "name": name, "model": name, "details": {}, "capabilities": ["completion", "embedding"] })
    });
    fake.on("GET", "/api/tags", Answer::json(200, json!({ "models": models })));
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    fake
}

fn services(fake: &FakeOllama, settings: ServiceSettings) -> Arc<Services> {
    let config = ServerConfig {
        base_url: fake.url().parse().unwrap(),
        token: None,
        headers: Vec::new(),
        timeouts: Timeouts::default(),
    };
    Services::new(Arc::new(Ollama::new(&config).unwrap()), settings)
}

fn limited(models: &[&str]) -> Caller {
    let models = models.iter().map(|name| (*name).to_owned()).collect();
    let limits = Limits { models: Some(models), ..Limits::default() };
    Caller { limits: Arc::new(limits), ..Caller::local() }
}

fn asking(model: Option<&str>) -> ChatCall {
    let messages = vec![Message::text(Role::User, "?")];
    ChatCall { model: model.map(str::to_owned), messages, ..ChatCall::default() }
}

/// The model that answered, or the failure.
async fn ended(task: Arc<Task>) -> Result<String, ServiceError> {
    task.ended().await;
    let TaskKind::Reply(reply) = &task.kind else { panic!("a job") };
    reply.outcome().unwrap().map(|_| reply.model().unwrap().to_owned())
}

fn assert_unknown<T: std::fmt::Debug>(result: Result<T, ServiceError>, what: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code, ErrorCode::ModelNotFound, "{what}");
    assert!(!error.text().contains("smollm2") && !error.text().contains("pull"), "{what}: {}", error.text());
}

#[tokio::test]
async fn model_outside_of_limits_does_not_exist() {
    let fake = fake().await;
    let data = tempfile::tempdir().unwrap();
    let store = Sqlite::new(Some(data.path().to_path_buf()));
    let services = services(&fake, ServiceSettings { store: Some(Arc::new(store)), ..Default::default() });
    let caller = limited(&[ALLOWED]);
    let (models, chat) = (&services.models, &services.chat);

    let listed = models.list_models(&caller).await.unwrap();
    assert_eq!(listed.iter().map(|listed| listed.model.name.as_str()).collect::<Vec<_>>(), [ALLOWED]);
    assert_eq!(models.list_models(&Caller::local()).await.unwrap().len(), 3);
    assert_eq!(models.installed(&caller, OTHER).await.unwrap(), None);
    assert_unknown(models.show_model(&caller, OTHER).await, "show");
    assert_unknown(models.show_verbose(&caller, OTHER).await, "show verbose");
    let name = |name: &str| ModelName::parse("model", name.to_owned()).unwrap();
    assert_unknown(models.load_model(&caller, &name(OTHER), None, None).await, "load");
    assert_unknown(models.unload_model(&caller, &name(OTHER)).await, "unload");
    assert_unknown(models.delete_model(&caller, &name(OTHER)).await, "delete");
    for (source, destination) in [(OTHER, ALLOWED), (ALLOWED, OTHER)] {
        let names = CopyNames::parse(source.to_owned(), destination.to_owned()).unwrap();
        assert_unknown(models.copy_model(&caller, &names).await, "copy");
    }
    let reserved = models.reserve_pull(OTHER).unwrap();
    let pull = services.transfers.start_pull(&caller, &name(OTHER), false, reserved);
    assert_unknown(pull.map(drop), "pull");
    assert_unknown(services.transfers.start_push(&caller, &name(OTHER), false).map(drop), "push");
    let texts = || vec!["a".to_owned()];
    let embed = EmbedRequest::new(OTHER.to_owned(), texts());
    assert_unknown(services.embeddings.embed(&caller, embed, |_| {}).await, "embed");
    assert_unknown(ended(chat.start_chat(&caller, asking(Some(OTHER))).unwrap()).await, "chat");
    let turn = TurnCall { prompt: "?".to_owned(), chat: asking(Some(OTHER)), ..TurnCall::default() };
    let turn = services.conversations.start_turn(&caller, TurnCall { ..turn }).unwrap();
    assert_unknown(ended(turn).await, "a turn");
    assert!(fake.requests_to("POST", "/api/chat").is_empty());

    // Another spelling of the same name is the same model.
    let spelled = ended(chat.start_chat(&caller, asking(Some("Library/gemma3:270M"))).unwrap()).await;
    assert_eq!(spelled.unwrap(), "Library/gemma3:270M");
}

#[tokio::test]
async fn default_model_is_the_first_of_the_limits_that_is_installed() {
    let fake = fake().await;
    let services = services(&fake, ServiceSettings::default());
    let answered =
        async |caller: &Caller| ended(services.chat.start_chat(caller, asking(None)).unwrap()).await;
    assert_eq!(answered(&limited(&["missing:1b", OTHER, ALLOWED])).await.unwrap(), OTHER);
    let none = answered(&limited(&["missing:1b"])).await.unwrap_err();
    assert_eq!((none.code, none.text().contains("gemma3")), (ErrorCode::NoModels, false));
}

#[tokio::test]
async fn model_outside_of_limits_is_not_pulled() {
    let fake = fake().await;
    let mut settings = ServiceSettings::default();
    settings.transfers.auto_pull = true;
    let services = services(&fake, settings);
    let chat = services.chat.start_chat(&limited(&[ALLOWED]), asking(Some("tiny:1b"))).unwrap();
    assert_unknown(ended(chat).await, "chat");
    assert!(fake.requests_to("POST", "/api/pull").is_empty());
}
