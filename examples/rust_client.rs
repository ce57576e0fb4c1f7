//! A Rust MCP client of ollama-mcp, on the official SDK: lists the tools, then streams one chat completion.
//!
//! `cargo run --example rust_client -- "Why is the sky blue?" [PATH OF ollama-mcp]`
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, bail};
use rmcp::ServiceExt as _;
use rmcp::handler::client::ClientHandler;
use rmcp::model::{CallToolRequestParams, NotificationMetaObject, ProgressNotificationParam};
use rmcp::service::{NotificationContext, RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};
use tokio::process::Command;

// One thread: notifications are then handled in the order in which they came.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let prompt = arguments.next().unwrap_or_else(|| "Say hello in one short sentence.".to_owned());
    let server = arguments.next().unwrap_or_else(|| "ollama-mcp".to_owned());
    let answer = ask(Command::new(server), &prompt).await?;
    // Progress is best effort; the answer is what counts.
    if answer.printed != answer.reply {
        print!("\n\nthe whole reply: {}", answer.reply);
    }
    println!("\n\ntools: {}", answer.tools.join(", "));
    println!("model: {}", answer.model);
    if answer.finish_reason == "length" {
        println!("note: the reply stops early, at the maximum number of tokens");
    }
    for warning in &answer.warnings {
        println!("warning: {warning}");
    }
    Ok(())
}

/// What a conversation with the server gave.
pub(crate) struct Answer {
    /// The names of its tools.
    pub(crate) tools: Vec<String>,
    /// The model that answered.
    pub(crate) model: String,
    /// The reply, as the answer of the last call has it.
    pub(crate) reply: String,
    /// The reply, as it was printed.
    pub(crate) printed: String,
    /// Why the reply ended: `stop`, or `length` where it was cut.
    pub(crate) finish_reason: String,
    /// What the server warns of.
    pub(crate) warnings: Vec<String>,
}

/// Starts a server, puts a question to its default model and prints the reply as it comes.
pub(crate) async fn ask(server: Command, prompt: &str) -> anyhow::Result<Answer> {
    let printer = Printer::default();
    let state = Arc::clone(&printer.0);
    let transport = TokioChildProcess::new(server).context("ollama-mcp cannot be started")?;
    let client = printer.serve(transport).await?;
    let tools = client.list_all_tools().await?.into_iter().map(|tool| tool.name.into_owned()).collect();

    // The SDK adds a progress token to every request, so partial text comes.
    let mut completion = call(&client, "chat_completion", json!({ "prompt": prompt })).await?;
    // A call returns before a client stops waiting, and the model goes on: the rest is asked for until the end. The server
    // must run until then, since a completion ends with it.
    loop {
        lock(&state).show(text_at(&completion, "/choices/0/message/content"));
        if text_at(&completion, "/status") != "in_progress" {
            break;
        }
        let rest = json!({ "completion_id": text_at(&completion, "/completion_id"), "wait_seconds": 5 });
        completion = call(&client, "get_completion", rest).await?;
    }
    client.cancel().await?;

    let warnings = completion.get("warnings").and_then(Value::as_array).into_iter().flatten();
    Ok(Answer {
        tools,
        model: text_at(&completion, "/model").to_owned(),
        reply: text_at(&completion, "/choices/0/message/content").to_owned(),
        printed: lock(&state).printed.clone(),
        finish_reason: text_at(&completion, "/choices/0/finish_reason").to_owned(),
        warnings: warnings.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

/// Calls a tool; its failure is an error here, with the text that says what to do.
async fn call(
    client: &RunningService<RoleClient, Printer>,
    tool: &'static str,
    arguments: Value,
) -> anyhow::Result<Value> {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let result = client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await?;
    if result.is_error == Some(true) {
        let text: String =
            result.content.iter().filter_map(|block| Some(block.as_text()?.text.as_str())).collect();
        bail!("{text}");
    }
    Ok(result.structured_content.unwrap_or_default())
}

fn text_at<'a>(answer: &'a Value, path: &str) -> &'a str {
    answer.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Prints a reply while it is being written: the exact new text is in the `_meta` of progress notifications.
#[derive(Default)]
struct Printer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    printed: String,
    /// An answer has come: from then on the answers alone are printed, since each holds the whole text so far, and
    /// progress of a later call has only what is new to that call.
    answered: bool,
}

impl State {
    fn show(&mut self, reply: &str) {
        self.answered = true;
        if let Some(rest) = reply.strip_prefix(self.printed.as_str()) {
            let rest = rest.to_owned();
            self.print(&rest);
        }
    }

    fn print(&mut self, text: &str) {
        self.printed.push_str(text);
        print!("{text}");
        // If nobody reads the output any more, there is nothing to be done about it here.
        let _ = std::io::stdout().flush();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut state = lock(&self.0);
        if text_of("ollama-mcp/channel") == Some("content") && !state.answered {
            state.print(text_of("ollama-mcp/delta").unwrap_or_default());
        }
    }
}
