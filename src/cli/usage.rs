//! `usage`: what the callers of the HTTP server have used.

use std::process::ExitCode;

use accounts::usage::{UsageBy, UsageLine, day_of_today, days_before, report};
use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::json;

use super::{Context, block_on, flags, output};
use crate::app;
use text::sanitize;

const EXAMPLES: &str = "\
Examples:
  ollama-mcp usage                        the last 30 days, by day
  ollama-mcp usage --days 1 --by key      today, by key
  ollama-mcp usage --by model --json      for programs

It reads the database of the server, which may be running; the last seconds may be missing. Days are those of UTC.";

/// Arguments of `usage`.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", flags::MORE))]
pub(super) struct Arguments {
    /// How many days, today included
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3660))]
    days: u32,
    /// What to add up by
    #[arg(long, value_enum, default_value_t = By::Day)]
    by: By,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    Key,
    User,
    Model,
    Day,
}

impl From<By> for UsageBy {
    fn from(by: By) -> Self {
        match by {
            By::Key => Self::Key,
            By::User => Self::User,
            By::Model => Self::Model,
            By::Day => Self::Day,
        }
    }
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let by = UsageBy::from(arguments.by);
    let (from, to) = (days_before(arguments.days - 1), day_of_today());
    let store = app::store(&context.loaded.settings)?;
    let records = block_on(async { store.usage().list(from.clone()..=to.clone(), None).await })?
        .context("the usage cannot be read")?;
    let lines = report(records, by);
    if arguments.json {
        let usage: Vec<_> = lines.iter().map(as_json).collect();
        output::json(&json!({ "from": from, "to": to, "by": by.as_str(), "usage": usage }))?;
    } else if lines.is_empty() {
        output::line(&format!("nothing was used from {from} to {to}"));
    } else {
        write(by, &lines);
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(line: &UsageLine) -> serde_json::Value {
    let used = &line.used;
    json!({
        "id": line.id,
        "name": line.name,
        "requests": used.requests,
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "generation_seconds": used.generation_ms as f64 / 1000.0,
    })
}

fn write(by: UsageBy, lines: &[UsageLine]) {
    let nothing = match by {
        UsageBy::Key => "(no key)",
        UsageBy::Model => "(no model answered)",
        UsageBy::User | UsageBy::Day => "",
    };
    let name = |line: &UsageLine| match &line.name {
        Some(name) => sanitize::line(name),
        None if line.id.is_empty() => nothing.to_owned(),
        None => sanitize::line(&line.id),
    };
    let head = [by.as_str(), "requests", "tokens in", "tokens out", "seconds"].map(str::to_owned);
    let rows = lines.iter().map(|line| {
        let used = &line.used;
        let seconds = format!("{:.1}", used.generation_ms as f64 / 1000.0);
        let [requests, prompt, completion] =
            [used.requests, used.prompt_tokens, used.completion_tokens].map(|number| number.to_string());
        [name(line), requests, prompt, completion, seconds]
    });
    let rows: Vec<_> = [head].into_iter().chain(rows).collect();
    let length =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max();
    let widths: Vec<_> = (0..5).map(|column| length(column).unwrap_or_default()).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (text, width))| match column {
            0 => format!("{text:<width$}"),
            _ => format!("{text:>width$}"),
        });
        output::line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
