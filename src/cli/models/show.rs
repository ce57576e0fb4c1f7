//! `models show`: what a model is and what it can do.

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use super::output;
use service::models::name::ModelName;
use service::{Caller, ServiceError, Services};
use text::sanitize;
use types::ModelDetails;

pub(super) async fn run(
    services: &Arc<Services>,
    model: &str,
    as_json: bool,
) -> Result<ExitCode, ServiceError> {
    let name = ModelName::parse("model", model.to_owned())?;
    let details = services.models.show_model(&Caller::local(), &name).await?;
    if as_json {
        // Only texts and numbers: this cannot fail.
        let _ = output::json(&report(&name, &details));
    } else {
        output::print(&page(&name, &details));
    }
    Ok(ExitCode::SUCCESS)
}

fn page(name: &str, details: &ModelDetails) -> String {
    let ModelDetails { family, parameter_size, quantization, template, system, parameters, .. } = details;
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let facts = [
        ("can", details.capabilities.as_ref().map(|names| names.join(", "))),
        ("family", family.clone()),
        ("parameters", parameter_size.clone()),
        ("quantization", quantization.clone()),
        ("context", number(details.context_length).map(|tokens| format!("{tokens} tokens"))),
        ("embedding", number(details.embedding_length).map(|numbers| format!("{numbers} numbers"))),
        ("modified", details.modified_at.clone()),
        ("runs on", details.remote.as_ref().map(|remote| remote.host.clone())),
        ("license", details.license.as_deref().and_then(|text| text.lines().next().map(str::to_owned))),
    ];
    let mut out = format!("{}\n", sanitize::name(name));
    for (label, value) in facts {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            out.push_str(&format!("  {label:13} {}\n", sanitize::line(value.trim())));
        }
    }
    let texts = [("default parameters", parameters), ("system prompt", system), ("template", template)];
    for (label, text) in texts {
        if let Some(text) = text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            out.push_str(&format!("\n{label}\n"));
            text.lines().for_each(|line| out.push_str(&format!("  {line}\n")));
        }
    }
    out
}

fn report(name: &str, details: &ModelDetails) -> serde_json::Value {
    json!({
        "name": name,
        "capabilities": details.capabilities,
        "family": details.family,
        "parameter_size": details.parameter_size,
        "quantization": details.quantization,
        "context_length": details.context_length,
        "embedding_length": details.embedding_length,
        "modified_at": details.modified_at,
        "parameters": details.parameters,
        "system": details.system,
        "template": details.template,
        "license": details.license,
        "remote_host": details.remote.as_ref().map(|remote| &remote.host),
    })
}
