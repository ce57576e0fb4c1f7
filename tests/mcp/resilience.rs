//! A bug in one call is that call's failure, not the server's.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use mcp::{McpServer, ServerOptions};
use providers::{ChatStream, Provider, ProviderResult};
use serde_json::json;
use service::tasks::TaskSettings;
use service::{ServiceSettings, Services};
use settings::CallDeadline;
use types::{
    ChatRequest, EmbedRequest, Embeddings, GenerateRequest, Health, Model, ModelDetails, Owner, RunningModel,
};

use crate::support::mcp_client::{Session, tool_error};

/// A provider with bugs: it panics before a chat begins, within its stream, or when asked for models.
#[derive(Debug)]
struct Buggy;

impl Provider for Buggy {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn address(&self) -> &str {
        "http://127.0.0.1:1"
    }

    fn is_local(&self) -> bool {
        true
    }

    fn health(&self) -> BoxFuture<'_, ProviderResult<Health>> {
        Box::pin(async { Ok(Health::default()) })
    }

    fn list_models(&self) -> BoxFuture<'_, ProviderResult<Vec<Model>>> {
        Box::pin(async { panic!("a bug with a secret-detail in it") })
    }

    fn running_models(&self) -> BoxFuture<'_, ProviderResult<Vec<RunningModel>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn show_model<'a>(&'a self, _model: &'a str) -> BoxFuture<'a, ProviderResult<ModelDetails>> {
        panic!("a bug with a secret-detail in it")
    }

    fn generate<'a>(&'a self, _: &'a GenerateRequest) -> BoxFuture<'a, ProviderResult<ChatStream>> {
        panic!("generate has a bug")
    }

    fn embed<'a>(&'a self, _: &'a EmbedRequest) -> BoxFuture<'a, ProviderResult<Embeddings>> {
        panic!("embed has a bug")
    }

    fn chat<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, ProviderResult<ChatStream>> {
        if request.model == "at once" {
            panic!("a bug with a secret-detail in it");
        }
        Box::pin(async move {
            let stream: ChatStream =
                Box::pin(futures_util::stream::poll_fn(|_| panic!("a bug with a secret-detail in it")));
            Ok(stream)
        })
    }
}

fn session() -> Session {
    let options = ServerOptions {
        progress_interval: Duration::ZERO,
        call_deadline: CallDeadline::Never,
        ..ServerOptions::default()
    };
    Session::over(McpServer::new(Services::new(Arc::new(Buggy), ServiceSettings::default()), options))
}

#[tokio::test]
async fn panic_becomes_error_and_server_continues() {
    let mut session = session();
    for round in 0..3 {
        for (tool, arguments) in [
            ("list_models", json!({})),
            ("health_check", json!({})),
            ("chat_completion", json!({ "prompt": "no model named" })),
            ("chat_completion", json!({ "model": "at once", "prompt": "x" })),
            ("chat_completion", json!({ "model": "within", "prompt": "x" })),
        ] {
            let result = session.call(tool, arguments).await;
            let (code, text) = tool_error(&result);
            assert_eq!(code, "internal", "{tool}, round {round}: {text}");
            assert!(text.contains("bug in ollama-mcp") && !text.contains("secret-detail"), "{text}");
        }
        for uri in ["ollama://models", "ollama://models/x"] {
            let (code, message) = session.error("resources/read", json!({ "uri": uri })).await;
            assert_eq!(code, -32603, "{message}");
            assert!(!message.contains("secret-detail"), "{message}");
        }
        session.still_serves().await;
    }
    assert!(session.finish().await.is_empty());
}

#[tokio::test]
async fn panic_of_tool_is_an_answer_over_any_transport() {
    use rmcp::ServiceExt as _;
    use rmcp::model::CallToolRequestParams;

    // rmcp's own transport and service loop, as its Streamable HTTP runs a session.
    let services = Services::new(Arc::new(Buggy), ServiceSettings::default());
    let handler = McpServer::new(services, ServerOptions::default()).session(Owner::local());
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let served = tokio::spawn(async move { handler.serve(theirs).await.unwrap().waiting().await });
    let client = ().serve(ours).await.unwrap();
    for _ in 0..2 {
        let result = client.call_tool(CallToolRequestParams::new("list_models")).await.unwrap();
        assert_eq!(result.structured_content.unwrap()["error"]["code"], "internal");
    }
    let tools = client.list_all_tools().await.unwrap();
    assert!(tools.iter().any(|tool| tool.name == "list_models" && tool.output_schema.is_some()), "{tools:?}");
    client.cancel().await.unwrap();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn panic_releases_slot() {
    let tasks = TaskSettings { max_concurrent: 1, ..TaskSettings::default() };
    let settings = ServiceSettings { tasks, ..ServiceSettings::default() };
    let server = ServerOptions {
        progress_interval: Duration::ZERO,
        call_deadline: CallDeadline::Never,
        ..ServerOptions::default()
    };
    let mut session = Session::over(McpServer::new(Services::new(Arc::new(Buggy), settings), server));
    for _ in 0..3 {
        let result = session.call("chat_completion", json!({ "model": "within", "prompt": "x" })).await;
        assert_eq!(tool_error(&result).0, "internal");
    }
}

#[tokio::test]
async fn shutdown_ends_calls_in_flight() {
    use crate::support::fake_ollama::{Answer, FakeOllama};

    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").stall_after(1));
    let mut session = Session::start(&fake);
    session.request("tools/call", json!({ "name": "chat_completion", "arguments": super::plain() })).await;
    let request = fake.wait_for("POST", "/api/chat").await;
    session.shutdown().cancel();
    fake.closed(request.index).await;
    session.finish().await;
}
