//! `manifest`: what this server offers, read from the running server, in the forms of tools, hosts and registries.

mod markdown;
mod mcpb;
mod package;
mod registry;
mod server;

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use super::{block_on, output};

/// Arguments of `manifest`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Manifest)]
    format: Format,
    /// Compare with the committed file in the current directory; exit code 1 if they differ
    #[arg(long)]
    check: bool,
}

/// A form of the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// All of it: tools, resources, prompts, settings (mcp-manifest.json)
    Manifest,
    /// What the MCP Registry wants (server.json)
    ServerJson,
    /// The manifest of an MCP bundle (packaging/mcpb/manifest.json)
    Mcpb,
    /// The table of tools (in docs/guide.md)
    Markdown,
}

impl Format {
    /// The path of the committed file in the repository.
    pub fn file(self) -> &'static str {
        match self {
            Self::Manifest => "mcp-manifest.json",
            Self::ServerJson => "server.json",
            Self::Mcpb => "packaging/mcpb/manifest.json",
            Self::Markdown => "docs/guide.md",
        }
    }

    /// The text of the file with this form of the manifest: all of it, or, for Markdown, the section between two
    /// comments. `None` if the file has no such section.
    pub fn put_into(self, file: &str, manifest: &str) -> Option<String> {
        match self {
            Self::Markdown => markdown::put_into(file, manifest),
            _ => Some(manifest.to_owned()),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let format = arguments.format;
    let manifest = block_on(manifest(format))??;
    if !arguments.check {
        output::print(&manifest);
        return Ok(ExitCode::SUCCESS);
    }
    let file = format.file();
    let committed = std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?;
    // A checkout may have changed the line endings.
    let committed = committed.replace("\r\n", "\n");
    if format.put_into(&committed, &manifest).is_some_and(|fresh| fresh == committed) {
        output::line(&format!("{file} is up to date"));
        Ok(ExitCode::SUCCESS)
    } else {
        output::error(&format!("{file} is out of date; {}", remedy(format)));
        Ok(ExitCode::FAILURE)
    }
}

/// A form of the manifest as text, with default settings.
///
/// # Errors
/// The server did not answer, which would be a bug.
pub async fn manifest(format: Format) -> anyhow::Result<String> {
    match format {
        Format::Manifest => json(&server::manifest().await?),
        Format::ServerJson => json(&registry::server_json(&server::manifest().await?)),
        Format::Mcpb => json(&mcpb::bundle(&server::manifest().await?)),
        Format::Markdown => Ok(markdown::table(&server::with_optional_tools().await?)),
    }
}

/// The manifest for documents: including the tools that the default settings leave out, each with what it `needs`.
///
/// # Errors
/// As [`manifest`].
pub async fn manifest_of_all() -> anyhow::Result<Value> {
    server::with_optional_tools().await
}

fn json(value: &Value) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}

fn remedy(format: Format) -> String {
    let file = format.file();
    match format {
        Format::Manifest => format!("regenerate it with: ollama-mcp manifest > {file}"),
        Format::ServerJson => format!("regenerate it with: ollama-mcp manifest --format server-json > {file}"),
        Format::Mcpb => format!("regenerate it with: ollama-mcp manifest --format mcpb > {file}"),
        Format::Markdown => {
            "replace the section between its comments <!-- generated:tools --> by the output of: ollama-mcp manifest --format markdown"
                .to_owned()
        }
    }
}

/// A string field; empty if it is missing.
fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// An array field; empty if it is missing.
fn items<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}
