//! `try`: the whole path once, as a host goes it.

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Context, block_on, output};
use crate::mcp::client::{Client, Delta, ToolAnswer};

/// Arguments of `try`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What to ask
    prompt: String,
    /// Most tokens of the reply
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    block_on(ask(context, arguments))?
}

async fn ask(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut client = Client::spawn(server_command(context)?).await?;
    if let Some(server) = client.introduction() {
        output::line(&format!(
            "── server: {} {} (protocol {})",
            server.name, server.version, server.protocol
        ));
    }
    output::line(&format!("── tools: {}", client.tool_names().await?.join(", ")));

    let health = client.call("health_check", serde_json::Map::new(), |_| {}).await?;
    output::line(&format!("── health: {}", health.text));
    if health.structured.get("reachable") != Some(&Value::Bool(true)) {
        client.close().await;
        return Ok(ExitCode::FAILURE);
    }

    let mut call = serde_json::Map::new();
    call.insert("prompt".to_owned(), arguments.prompt.clone().into());
    if let Some(limit) = arguments.max_tokens {
        call.insert("max_tokens".to_owned(), limit.into());
    }
    let mut screen = Screen::default();
    let answer = client.call("chat_completion", call, |delta| screen.show(&delta)).await?;
    client.close().await;
    screen.end(&answer);
    if answer.is_error {
        return Ok(ExitCode::FAILURE);
    }
    output::line(&summary(&answer.structured));
    Ok(ExitCode::SUCCESS)
}

/// This program again, as a server, with the settings that this process was given.
pub(super) fn server_command(context: &Context) -> anyhow::Result<tokio::process::Command> {
    let program = std::env::current_exe().context("the path of this program is not known")?;
    let mut command = tokio::process::Command::new(program);
    for (entry, value) in &context.flags {
        if let Some(flag) = entry.flag {
            command.arg(format!("--{flag}={value}"));
        }
    }
    Ok(command)
}

/// Shows a reply as it comes.
#[derive(Default)]
struct Screen {
    channel: String,
    answered: String,
}

impl Screen {
    fn show(&mut self, delta: &Delta) {
        if delta.channel == "status" {
            output::line(&format!("── {}", delta.text));
            return;
        }
        self.turn_to(&delta.channel);
        if delta.channel == "content" {
            self.answered.push_str(&delta.text);
        }
        output::print(&delta.text);
    }

    fn turn_to(&mut self, channel: &str) {
        if self.channel == channel {
            return;
        }
        if !self.channel.is_empty() {
            output::line("");
        }
        output::line(if channel == "content" { "── answer" } else { "── thinking" });
        channel.clone_into(&mut self.channel);
    }

    /// Shows what did not come as progress: a reply that was not streamed, or the failure.
    fn end(&mut self, answer: &ToolAnswer) {
        if answer.is_error {
            if !self.channel.is_empty() {
                output::line("");
            }
            output::error(&answer.text);
            return;
        }
        let reply = answer
            .structured
            .pointer("/choices/0/message/content")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if self.answered.is_empty() {
            self.turn_to("content");
            output::print(if reply.is_empty() { &answer.text } else { reply });
        }
        output::line("");
    }
}

fn summary(answer: &Value) -> String {
    let at = |path: &str| answer.pointer(path).cloned().unwrap_or(json!(null));
    let mut facts = vec![at("/model").as_str().unwrap_or("unknown model").to_owned()];
    if let Some(tokens) = at("/usage/completion_tokens").as_u64() {
        facts.push(format!("{tokens} tokens"));
    }
    if let Some(rate) = at("/timings/tokens_per_second").as_f64() {
        facts.push(format!("{rate} tokens/s"));
    }
    if let Some(first) = at("/timings/first_token_ms").as_u64() {
        facts.push(format!("first token after {first} ms"));
    }
    if let Some(total) = at("/timings/total_ms").as_u64() {
        facts.push(format!("{total} ms in all"));
    }
    if let Some(location) = at("/location").as_str() {
        facts.push(format!("ran {}", if location == "local" { "on this machine" } else { location }));
    }
    for warning in at("/warnings").as_array().into_iter().flatten().filter_map(Value::as_str) {
        facts.push(format!("warning: {warning}"));
    }
    format!("── done: {}", facts.join(", "))
}
