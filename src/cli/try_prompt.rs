//! `try`: one question, sent as a host would send it. The answer goes to stdout, everything else to stderr.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::remote::RemoteArgs;
use super::{Context, USAGE, block_on, output, try_url};
use mcp::client::{Client, Delta, ToolAnswer};
use settings::Origin;
use settings::registry::{CALL_DEADLINE, is_of_serve};
use text::sanitize;

/// The longest prompt that is read from stdin, in bytes.
const MAX_STDIN: u64 = 16 * 1024 * 1024;

/// How long each poll for the rest of a reply waits.
const POLL_SECONDS: u64 = 2;

/// Arguments of `try`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The prompt, quoted or not; read from stdin if it is - or omitted
    prompt: Vec<String>,
    /// Maximum number of tokens of the reply
    #[arg(long, value_name = "N", value_hint = clap::ValueHint::Other)]
    max_tokens: Option<u64>,
    /// Print the answer, warnings and errors, and nothing else
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let given = (!arguments.prompt.is_empty()).then(|| arguments.prompt.join(" "));
    match prompt(given.as_deref()) {
        Ok(prompt) => match &arguments.remote.url {
            Some(url) => block_on(try_url::ask(
                context,
                url,
                &arguments.remote,
                arguments.max_tokens,
                prompt,
                Screen::new(arguments.quiet),
            ))?,
            None => block_on(ask(context, arguments, prompt))?,
        },
        Err(problem) => {
            output::error(&problem);
            Ok(ExitCode::from(USAGE))
        }
    }
}

/// The prompt: the argument, or all of stdin.
fn prompt(argument: Option<&str>) -> Result<String, String> {
    let mut stdin = std::io::stdin().lock();
    match argument {
        Some(prompt) if prompt != "-" => return Ok(prompt.to_owned()),
        None if stdin.is_terminal() => {
            return Err("no prompt: give one, as in ollama-mcp try \"Why is the sky blue?\", or pipe it in."
                .to_owned());
        }
        _ => {}
    }
    let mut text = String::new();
    let read = stdin.by_ref().take(MAX_STDIN + 1).read_to_string(&mut text);
    read.map_err(|error| format!("the prompt on stdin cannot be read: {error}"))?;
    if text.len() as u64 > MAX_STDIN {
        return Err(format!("the prompt on stdin is longer than {} MB", MAX_STDIN / 1024 / 1024));
    }
    text.truncate(text.trim_end().len());
    if text.is_empty() { Err("the prompt on stdin is empty".to_owned()) } else { Ok(text) }
}

async fn ask(context: &Context, arguments: &Arguments, prompt: String) -> anyhow::Result<ExitCode> {
    let mut screen = Screen::new(arguments.quiet);
    let mut command = server_command(context)?;
    if context
        .loaded
        .origins
        .iter()
        .any(|origin| *origin.setting == *CALL_DEADLINE && matches!(origin.from, Origin::Default))
    {
        // This client waits as long as the model takes.
        command.arg(format!("--{}=never", CALL_DEADLINE.flag().unwrap_or_default()));
    }
    let mut client = Client::spawn(command).await?;
    if let Some(server) = client.introduction() {
        screen.status(&format!("server: {} {} (protocol {})", server.name, server.version, server.protocol));
    }
    screen.status(&format!("tools: {}", client.tool_names().await?.join(", ")));

    let health = client.call("health_check", serde_json::Map::new(), |_| {}).await?;
    if health.structured.get("reachable") != Some(&Value::Bool(true)) {
        client.close().await;
        output::error(&health.text);
        return Ok(ExitCode::FAILURE);
    }
    screen.status(&format!("health: {}", health.text));

    let mut call = serde_json::Map::new();
    call.insert("prompt".to_owned(), prompt.into());
    if let Some(limit) = arguments.max_tokens {
        call.insert("max_tokens".to_owned(), limit.into());
    }
    let mut answer = client.call("chat_completion", call, |delta| screen.show(&delta)).await?;
    // With a deadline set by the user, the call returns early. Poll for the rest: the completion ends with the server.
    while answer.structured.get("status").and_then(Value::as_str) == Some("in_progress") {
        screen.catch_up(&answer);
        let mut rest = serde_json::Map::new();
        rest.insert("completion_id".to_owned(), answer.structured.get("completion_id").cloned().into());
        rest.insert("wait_seconds".to_owned(), POLL_SECONDS.into());
        answer = client.call("get_completion", rest, |_| {}).await?;
    }
    screen.catch_up(&answer);
    client.close().await;
    screen.end(&answer);
    if answer.is_error {
        return Ok(ExitCode::FAILURE);
    }
    screen.status(&summary(&answer.structured));
    let warnings = answer.structured.get("warnings").and_then(Value::as_array);
    for warning in warnings.into_iter().flatten().filter_map(Value::as_str) {
        output::error(&format!("warning: {}", sanitize::line(warning)));
    }
    Ok(ExitCode::SUCCESS)
}

/// The command that starts this program as a server, with the settings of this process.
pub(super) fn server_command(context: &Context) -> anyhow::Result<tokio::process::Command> {
    let program = std::env::current_exe().context("the path of this program cannot be found")?;
    let mut command = tokio::process::Command::new(program);
    // Over stdio there are no flags of serve.
    for (setting, value) in context.flags.iter().filter(|(setting, _)| !is_of_serve(setting)) {
        if let Some(flag) = setting.flag() {
            command.arg(format!("--{flag}={value}"));
        }
    }
    Ok(command)
}

/// Shows a reply while it arrives: the answer on stdout, the rest on stderr.
pub(super) struct Screen {
    quiet: bool,
    /// A terminal interprets escapes, so they are removed; a file or a program gets exactly the text of the model.
    is_terminal: bool,
    channel: String,
    answer: String,
}

impl Screen {
    fn new(quiet: bool) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        Self { quiet, is_terminal, channel: String::new(), answer: String::new() }
    }

    pub(super) fn status(&self, text: &str) {
        if !self.quiet {
            output::note(&format!("── {}\n", sanitize::line(text)));
        }
    }

    pub(super) fn show(&mut self, delta: &Delta) {
        self.text(&delta.channel, &delta.text);
    }

    /// Shows text of a channel: `content`, `thinking` or `status`.
    pub(super) fn text(&mut self, channel: &str, text: &str) {
        match channel {
            "content" => self.answer(text),
            // On a terminal a line of status would interrupt the answer.
            "status" if self.answer.is_empty() => self.status(text),
            "thinking" if !self.quiet => {
                self.turn_to("thinking");
                output::note(text);
            }
            _ => {}
        }
    }

    fn answer(&mut self, text: &str) {
        self.turn_to("answer");
        self.answer.push_str(text);
        if self.is_terminal {
            output::print(text);
        } else {
            output::raw(text);
        }
    }

    /// Shows the part of an answer that was not shown yet; each answer has the whole text.
    fn catch_up(&mut self, answer: &ToolAnswer) {
        let reply = answer.structured.pointer("/choices/0/message/content").and_then(Value::as_str);
        let rest = reply.and_then(|reply| reply.strip_prefix(self.answer.as_str())).unwrap_or_default();
        if !rest.is_empty() {
            self.answer(rest);
        }
    }

    fn turn_to(&mut self, channel: &str) {
        if self.channel == channel {
            return;
        }
        if self.channel == "thinking" && !self.quiet {
            output::note("\n");
        }
        self.status(channel);
        channel.clone_into(&mut self.channel);
    }

    /// Shows what did not arrive as progress: a reply that was not streamed, or the error.
    fn end(&mut self, answer: &ToolAnswer) {
        let reply = answer.structured.pointer("/choices/0/message/content").and_then(Value::as_str);
        if self.answer.is_empty() && !answer.is_error {
            let reply = reply.filter(|reply| !reply.is_empty()).unwrap_or(&answer.text);
            self.answer(reply);
        }
        self.finish(answer.is_error.then_some(answer.text.as_str()));
    }

    /// Ends the last line, and shows the error of a reply.
    pub(super) fn finish(&self, error: Option<&str>) {
        if !self.answer.is_empty() && !self.answer.ends_with('\n') {
            output::raw("\n");
        }
        if let Some(error) = error {
            if self.channel == "thinking" && !self.quiet {
                output::note("\n");
            }
            output::error(error);
        }
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
        facts.push(format!("{total} ms total"));
    }
    if let Some(location) = at("/location").as_str() {
        facts.push(format!("ran {}", if location == "local" { "on this machine" } else { location }));
    }
    format!("done: {}", facts.join(", "))
}
