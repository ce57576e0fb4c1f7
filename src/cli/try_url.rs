//! `try --url`: one question to a running server, over its OpenAI routes.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;

use super::remote::{RemoteArgs, ServerAddress};
use super::try_prompt::Screen;
use super::{Context, USAGE, output};
use providers::openai::OpenAi;
use providers::{Provider as _, ProviderError, ServerConfig, Timeouts};
use types::{ChatEnd, ChatEvent, ChatRequest, Message, Role};

/// The name for the server's own default model.
const DEFAULT_MODEL: &str = "default";

/// Asks with the default model of the server, unless a setting names one.
pub(super) async fn ask(
    context: &Context,
    url: &str,
    remote: &RemoteArgs,
    max_tokens: Option<u64>,
    prompt: String,
    mut screen: Screen,
) -> anyhow::Result<ExitCode> {
    let asked = ServerAddress::parse(url).and_then(|address| Ok((address, remote.resolved_key()?)));
    let (address, key) = match asked {
        Ok(asked) => asked,
        Err(problem) => {
            output::error(&problem);
            return Ok(ExitCode::from(USAGE));
        }
    };
    if let Some(warning) = address.warning(key.is_some()) {
        output::error(&warning);
    }
    let has_key = key.is_some();
    let settings = &context.loaded.settings;
    let server = OpenAi::new(&ServerConfig {
        base_url: address.openai(),
        token: key,
        headers: Vec::new(),
        timeouts: Timeouts::from(&settings.provider),
    })?;
    screen.status(&format!("server: {}", address.base()));
    let model = settings.chat.model.as_deref().unwrap_or(DEFAULT_MODEL);
    let mut request = ChatRequest::new(model, vec![Message::text(Role::User, prompt)]);
    request.sampling.max_tokens = max_tokens;
    let start = Instant::now();
    let mut first = None;
    let end = async {
        let mut events = server.chat(&request).await?;
        while let Some(event) = events.next().await {
            match event? {
                ChatEvent::Content(text) => {
                    first.get_or_insert_with(|| start.elapsed());
                    screen.text("content", &text);
                }
                ChatEvent::Thinking(text) => {
                    first.get_or_insert_with(|| start.elapsed());
                    screen.text("thinking", &text);
                }
                ChatEvent::ToolCall(_) | ChatEvent::Logprobs(_) => {}
                ChatEvent::Done(end) => return Ok(Some(end)),
            }
        }
        Ok::<_, ProviderError>(None)
    };
    match end.await {
        Ok(end) => {
            screen.finish(None);
            screen.status(&summary(end.as_ref(), first, start.elapsed()));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            screen.finish(Some(&explain(&error, &address, has_key)));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The error, and the next step.
fn explain(error: &ProviderError, address: &ServerAddress, has_key: bool) -> String {
    let step = match error {
        ProviderError::Unreachable { .. } if address.is_this_machine() => {
            "Start the server with: ollama-mcp serve"
        }
        ProviderError::Status { status: 401, .. } if has_key => {
            "The server does not accept this key: check that it is complete, and of this server."
        }
        ProviderError::Status { status: 401, .. } => "Give a key with --key-env NAME or --key-file PATH.",
        _ => return error.to_string(),
    };
    format!("{error}. {step}")
}

fn summary(end: Option<&ChatEnd>, first: Option<Duration>, total: Duration) -> String {
    let mut facts = Vec::new();
    if let Some(end) = end {
        facts.extend(end.model.clone());
        facts.extend(end.usage.completion_tokens.map(|tokens| format!("{tokens} tokens")));
    }
    facts.extend(first.map(|first| format!("first token after {} ms", first.as_millis())));
    facts.push(format!("{} ms total", total.as_millis()));
    format!("done: {}", facts.join(", "))
}
