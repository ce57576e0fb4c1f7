//! Which tools there are: toolsets, read-only, and what the provider can serve.

use super::{start, tools};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::Session;
use crate::support::process::Process;

const CORE: [&str; 5] =
    ["chat_completion", "get_completion", "cancel_completion", "health_check", "list_models"];
const CHANGING: [&str; 9] = [
    "pull_model",
    "load_model",
    "unload_model",
    "copy_model",
    "create_model",
    "push_model",
    "delete_model",
    "converse",
    "delete_conversation",
];

#[tokio::test]
async fn all_default_tools_are_listed() {
    let (_fake, mut session) = start(&[]).await;
    let every = tools(&mut session).await;
    assert_eq!(every.len(), 23, "{every:?}");
    let (_fake, mut session) = start(&[("OLLAMA_MCP_TOOLSETS", "all")]).await;
    assert_eq!(tools(&mut session).await, every);
}

#[tokio::test]
async fn toolsets_choose_listed_tools() {
    let (_fake, mut session) = start(&[("OLLAMA_MCP_TOOLSETS", "core")]).await;
    assert_eq!(tools(&mut session).await, CORE);
    let (_fake, mut session) = start(&[("OLLAMA_MCP_TOOLSETS", "embeddings")]).await;
    assert_eq!(tools(&mut session).await, [&CORE[..], &["embed", "rank"]].concat());
    // What is not listed cannot be called.
    let params = serde_json::json!({ "name": "delete_model", "arguments": { "model": "gemma3:270m" } });
    let (code, message) = session.error("tools/call", params).await;
    assert_eq!(code, -32602, "{message}");
    assert!(message.contains("is disabled by the settings"), "{message}");
}

#[tokio::test]
async fn read_only_lists_no_changing_tool() {
    let (_fake, mut session) = start(&[("OLLAMA_MCP_READ_ONLY", "true")]).await;
    let left = tools(&mut session).await;
    assert_eq!(left.len(), 23 - CHANGING.len(), "{left:?}");
    assert!(CHANGING.iter().all(|tool| !left.iter().any(|left| left == tool)), "{left:?}");
    let listed = session.ask("tools/list", serde_json::json!({})).await;
    for tool in listed["result"]["tools"].as_array().unwrap() {
        assert_ne!(tool["annotations"]["destructiveHint"], true, "{}", tool["name"]);
    }
}

#[tokio::test]
async fn openai_provider_lists_supported_tools() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::openai(&fake);
    let there = tools(&mut session).await;
    for ollama_s in [&CHANGING[..6], &["generate", "list_running_models"]].concat() {
        assert!(!there.iter().any(|tool| tool == ollama_s), "{ollama_s}");
    }
    for general in [&CORE[..], &["batch_completion", "compare_models", "embed", "rank"]].concat() {
        assert!(there.iter().any(|tool| tool == general), "{general}");
    }
}

#[tokio::test]
async fn flags_choose_toolsets_and_unknown_name_is_refused() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut host = Process::start(&fake, &["--toolsets=core"]);
    let listed = host.ask("tools/list", serde_json::json!({})).await;
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), CORE.len());
    host.finish().await.well();

    let mut wrong = Process::start(&fake, &["--toolsets=core,modles"]);
    wrong.end_input().await;
    let ended = wrong.ended().await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("--toolsets") && ended.stderr.contains("modles"), "{}", ended.stderr);
}
