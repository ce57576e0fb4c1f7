//! `serve`: the HTTP server.

use std::process::ExitCode;

use super::{Context, flags};
use crate::http_server;

const EXAMPLES: &str = "\
Examples:
  ollama-mcp serve                                    for this machine, on http://127.0.0.1:4891
  ollama-mcp serve --open                             and opens the page in the browser
  ollama-mcp serve --listen 127.0.0.1:0               on a free port; the first line says which
  ollama-mcp serve --model-aliases gpt-4o=qwen3:8b    for clients that know other models only
  curl http://127.0.0.1:4891/v1/chat/completions -d \\
    '{\"messages\": [{\"role\": \"user\", \"content\": \"Why is the sky blue?\"}]}'";

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", flags::MORE))]
pub(super) struct Arguments {
    /// Open the page in the browser, as the user who runs this server
    #[arg(long)]
    open: bool,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    http_server::serve(&context.loaded.settings, arguments.open)
}
