//! `conversations list` and `search`.

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use super::output;
use service::conversations::markdown::iso;
use service::conversations::{TitledSummary, shown_title};
use service::{Caller, ServiceError, Services};
use text::sanitize;

/// Which part of a list is shown.
#[derive(Debug, clap::Args)]
pub(super) struct Page {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=200))]
    limit: u64,
    /// Those before the last one of another page: its last line says what to give
    #[arg(long, value_name = "POSITION", value_hint = clap::ValueHint::Other)]
    before: Option<String>,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    services: &Arc<Services>,
    words: &str,
    page: &Page,
) -> Result<ExitCode, ServiceError> {
    let (caller, before) = (Caller::local(), page.before.as_deref());
    let found = services.conversations.list_titled(&caller, words, before, Some(page.limit)).await?;
    let next = found.next.as_ref().map(ToString::to_string);
    if page.json {
        let items: Vec<_> = found.items.iter().map(report).collect();
        // Only texts and numbers: this cannot fail.
        let _ = output::json(&json!({ "conversations": items, "next": next }));
    } else if found.items.is_empty() {
        output::note(match words.is_empty() {
            true => "There are no conversations. \"ollama-mcp chat\" begins one.\n",
            false => "No conversation has all of these words.\n",
        });
    } else {
        found.items.iter().for_each(|item| output::line(&line(item)));
        if let Some(next) = next {
            output::note(&format!("There are more: --before {next}\n"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(found: &TitledSummary) -> String {
    let summary = &found.summary;
    let updated = iso(summary.updated);
    // To the minute.
    let updated = updated.get(..16).unwrap_or(&updated).replace('T', " ");
    let title = sanitize::line(&shown_title(found));
    format!("{}  {updated}  {} messages  {title}", sanitize::line(&summary.id), summary.total)
}

fn report(found: &TitledSummary) -> serde_json::Value {
    let summary = &found.summary;
    json!({
        "id": summary.id,
        "title": shown_title(found),
        "created_at": iso(summary.created),
        "updated_at": iso(summary.updated),
        "message_count": summary.total,
        "model": summary.model,
    })
}
