//! Whichever tools a server has: what it says of itself and of failures names no other.

use serde_json::json;

use super::calls::{MISSING, calls, calls_of_web, world};
use super::tools;
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::{BY_HAND, Session};

/// Tools whose names are ordinary words, which texts may say.
const ORDINARY_WORDS: [&str; 3] = ["generate", "embed", "rank"];

/// All that a session says of itself, and what it answers to calls that fail.
async fn said(session: &mut Session) -> Vec<String> {
    let mut said = vec![session.handshake(BY_HAND, "tests").await["result"]["instructions"].to_string()];
    for method in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
        said.push(session.result(BY_HAND, method, json!({})).await.to_string());
    }
    let there = tools(session).await;
    for (tool, mut arguments, model) in calls() {
        if !there.iter().any(|there| there == tool) {
            continue;
        }
        if let Some(model) = model {
            said.push(session.call(tool, arguments.clone()).await.to_string());
            arguments[model] = json!(MISSING);
        }
        if arguments.get("completion_id").is_some() {
            arguments["completion_id"] = json!("chatcmpl-none");
        }
        said.push(session.call(tool, arguments.clone()).await.to_string());
        arguments.as_object_mut().unwrap().retain(|name, _| name != "model");
        said.push(session.call(tool, arguments).await.to_string());
    }
    for uri in ["ollama://models/no-such-model:1b", "ollama://conversations/none"] {
        said.push(session.ask("resources/read", json!({ "uri": uri })).await.to_string());
    }
    said
}

#[tokio::test]
async fn no_text_names_tool_that_is_not_offered() {
    let names: Vec<_> = calls().into_iter().chain(calls_of_web()).map(|(name, ..)| name).collect();
    let full = world().await;
    let empty = FakeOllama::start().await.with_defaults();
    empty.on("GET", "/api/tags", Answer::json(200, json!({ "models": [] })));
    let chosen: [&[(&str, &str)]; 9] = [
        &[],
        &[("OLLAMA_MCP_READ_ONLY", "true")],
        &[("OLLAMA_MCP_TOOLSETS", "core")],
        &[("OLLAMA_MCP_TOOLSETS", "generate")],
        &[("OLLAMA_MCP_TOOLSETS", "models")],
        &[("OLLAMA_MCP_TOOLSETS", "embeddings")],
        &[("OLLAMA_MCP_TOOLSETS", "conversations")],
        &[("OLLAMA_MCP_TOOLSETS", "compare")],
        &[("OLLAMA_MCP_PROVIDER", "openai")],
    ];
    let mut wrong = Vec::new();
    for settings in chosen {
        for fake in [&full, &empty] {
            let data = tempfile::tempdir().unwrap();
            let url = fake.url();
            let base = format!("{url}/v1");
            let is_openai = settings.contains(&("OLLAMA_MCP_PROVIDER", "openai"));
            let address = if is_openai {
                ("OLLAMA_MCP_BASE_URL", base.as_str())
            } else {
                ("OLLAMA_HOST", url.as_str())
            };
            let own = [address, ("OLLAMA_MCP_DATA_DIR", data.path().to_str().unwrap())];
            let mut session = Session::with(&[&own, settings].concat());
            let there = tools(&mut session).await;
            let left_out = |word: &str| {
                names.contains(&word)
                    && !there.iter().any(|there| there == word)
                    && !ORDINARY_WORDS.contains(&word)
            };
            for text in said(&mut session).await {
                let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                if let Some(word) = words.find(|word| left_out(word)) {
                    wrong.push(format!("{settings:?}: {word} in {text:.600}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
