//! `models list`: a table for people, JSON for programs.

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};

use super::output;
use service::models::catalog::ListedModel;
use service::{Caller, ServiceError, Services};
use text::format::human_size;
use text::sanitize;

const COLUMNS: [&str; 6] = ["NAME", "SIZE", "PARAMETERS", "CONTEXT", "CAN", "LOADED"];

pub(super) async fn run(services: &Arc<Services>, as_json: bool) -> Result<ExitCode, ServiceError> {
    let models = services.models.list_models(&Caller::local()).await?;
    if as_json {
        let models: Vec<_> = models.iter().map(report).collect();
        // Only texts and numbers: this cannot fail.
        let _ = output::json(&models);
    } else if models.is_empty() {
        output::note(
            "No models are installed. \"ollama-mcp models pull NAME\" installs one, such as qwen3:8b.\n",
        );
    } else {
        output::print(&table(&models));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(models: &[ListedModel]) -> String {
    let rows = models.iter().map(row);
    let rows: Vec<[String; 6]> = std::iter::once(COLUMNS.map(str::to_owned)).chain(rows).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// What the server does not tell is `-`.
fn row(listed: &ListedModel) -> [String; 6] {
    let model = &listed.model;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let parameters = match (&model.parameter_size, &model.quantization) {
        (Some(size), Some(quantization)) => Some(format!("{size} {quantization}")),
        (size, _) => size.clone(),
    };
    let loaded = match (&listed.location, listed.loaded) {
        (types::Location::Remote(host), _) => format!("on {host}"),
        (_, Some(true)) => memory(listed),
        (_, Some(false)) => "no".to_owned(),
        (_, None) => "-".to_owned(),
    };
    [
        sanitize::name(&model.name),
        or_dash(model.size.map(human_size)),
        sanitize::line(&or_dash(parameters)),
        or_dash(model.context_length.map(|tokens| tokens.to_string())),
        sanitize::line(&or_dash(model.capabilities.as_ref().map(|names| names.join(",")))),
        sanitize::line(&loaded),
    ]
}

/// Where a loaded model is: `yes, 62% on the GPU`.
fn memory(listed: &ListedModel) -> String {
    let sizes = listed.running.as_ref().and_then(|running| running.size_vram.zip(running.size));
    match sizes {
        Some((_, 0)) | None => "yes".to_owned(),
        Some((0, _)) => "yes, without a GPU".to_owned(),
        Some((gpu, all)) => format!("yes, {:.0}% on the GPU", text::format::percent(gpu, all)),
    }
}

fn report(listed: &ListedModel) -> Value {
    let model = &listed.model;
    json!({
        "name": model.name,
        "size": model.size,
        "modified_at": model.modified_at,
        "family": model.family,
        "parameter_size": model.parameter_size,
        "quantization": model.quantization,
        "context_length": model.context_length,
        "capabilities": model.capabilities,
        "location": listed.location.describe(),
        "loaded": listed.loaded,
    })
}
