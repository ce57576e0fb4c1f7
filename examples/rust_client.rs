//! A Rust MCP client of ollama-mcp, on the official SDK: lists the tools, then streams one chat completion.
//!
//! `cargo run --example rust_client -- "Why is the sky blue?" [PATH OF ollama-mcp]`
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use rmcp::ServiceExt as _;
use rmcp::handler::client::ClientHandler;
use rmcp::model::{CallToolRequestParams, NotificationMetaObject, ProgressNotificationParam};
use rmcp::service::{NotificationContext, RoleClient};
use rmcp::transport::TokioChildProcess;
use serde_json::{Map, Value};
use tokio::process::Command;

// One thread: notifications are then handled in the order in which they came.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let prompt = arguments.next().unwrap_or_else(|| "Say hello in one short sentence.".to_owned());
    let server = arguments.next().unwrap_or_else(|| "ollama-mcp".to_owned());
    let answer = ask(Command::new(server), &prompt).await?;
    // A reply that was not streamed, such as one held back until it kept to a JSON Schema.
    if answer.streamed.is_empty() {
        print!("{}", answer.reply);
    }
    println!("\ntools: {}", answer.tools.join(", "));
    println!("model: {}", answer.model);
    Ok(())
}

/// What a conversation with the server gave.
pub(crate) struct Answer {
    /// The names of its tools.
    pub(crate) tools: Vec<String>,
    /// The model that answered.
    pub(crate) model: String,
    /// The reply, as the answer of the call has it.
    pub(crate) reply: String,
    /// The reply, as progress told of it.
    pub(crate) streamed: String,
}

/// Starts a server, puts a question to its default model and prints the reply as it comes.
pub(crate) async fn ask(server: Command, prompt: &str) -> anyhow::Result<Answer> {
    let printer = Printer::default();
    let streamed = Arc::clone(&printer.text);
    let transport = TokioChildProcess::new(server).context("ollama-mcp cannot be started")?;
    let client = printer.serve(transport).await?;
    let tools = client.list_all_tools().await?.into_iter().map(|tool| tool.name.into_owned()).collect();

    let mut arguments = Map::new();
    arguments.insert("prompt".to_owned(), prompt.into());
    // The SDK adds a progress token to every request, so partial text comes.
    let call = CallToolRequestParams::new("chat_completion").with_arguments(arguments);
    let result = client.call_tool(call).await?;
    client.cancel().await?;

    let text: String =
        result.content.iter().filter_map(|block| Some(block.as_text()?.text.as_str())).collect();
    if result.is_error == Some(true) {
        bail!("{text}");
    }
    let completion = result.structured_content.unwrap_or_default();
    let text_at =
        |path: &str| completion.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let streamed = streamed.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Answer { tools, model: text_at("/model"), reply: text_at("/choices/0/message/content"), streamed })
}

/// Prints the pieces of a reply: the exact new text is in the notification's `_meta`.
#[derive(Default)]
struct Printer {
    text: Arc<Mutex<String>>,
}

impl ClientHandler for Printer {
    async fn on_progress(
        &self,
        _progress: ProgressNotificationParam,
        context: NotificationContext<RoleClient>,
    ) {
        // The SDK takes `_meta` out of the params and hands it on among the extensions.
        let meta = context.extensions.get::<NotificationMetaObject>();
        let text_of = |key: &str| meta?.get(key).and_then(Value::as_str);
        if text_of("ollama-mcp/channel") != Some("content") {
            return;
        }
        let delta = text_of("ollama-mcp/delta").unwrap_or_default();
        self.text.lock().unwrap_or_else(PoisonError::into_inner).push_str(delta);
        print!("{delta}");
        // Who no longer reads misses nothing that could be mended here.
        let _ = std::io::stdout().flush();
    }
}
