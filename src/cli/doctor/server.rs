//! The model server: whether it answers, and its models.

use serde_json::json;

use super::finding::Section;
use mcp::hint_without_tools;
use service::models::health::Healthy;
use service::{Caller, Services};
use text::sanitize;

/// More names would make the line unreadable.
const MAX_LISTED: usize = 50;

pub(super) async fn check(services: &Services) -> Section {
    let mut section = Section::new("Model server");
    let health = services.models.health(&Caller::local()).await;
    section.field("provider", health.provider);
    section.field("address", health.address.as_str());
    section.field("location", health.location.describe());
    let healthy = match &health.state {
        Ok(healthy) => healthy,
        Err(error) => {
            let next_step = hint_without_tools(&error.hints);
            section.error(&error.message, next_step.clone());
            let problem = json!({ "problem": error.message, "next_step": next_step });
            section.field(
                "server",
                json!({ "reachable": false, "problem": error.message, "next_step": next_step }),
            );
            section.field("default_model", problem);
            return section;
        }
    };
    let version = healthy.version.as_deref().map(|version| format!(" {}", sanitize::name(version)));
    let version = version.unwrap_or_default();
    let latency = healthy.latency.as_secs_f64() * 1000.0;
    section.ok(format!("{}{version} answers at {} in {latency:.1} ms", health.provider, health.address));
    let location = health.location.describe();
    section.info(format!("location: {}", if location == "local" { "this machine" } else { location }));
    models(&mut section, healthy);
    match services.models.default_model(&Caller::local()).await {
        Ok(model) => {
            section.ok(format!("default model: {} ({})", sanitize::name(&model.name), model.reason));
            section.field("default_model", json!({ "name": model.name, "reason": model.reason }));
        }
        Err(error) => {
            let next_step = hint_without_tools(&error.hints);
            section.field("default_model", json!({ "problem": error.message, "next_step": next_step }));
            section.error(error.message, next_step);
        }
    }
    section
}

fn models(section: &mut Section, healthy: &Healthy) {
    for (state, names) in [("installed", &healthy.installed), ("loaded", &healthy.loaded)] {
        match names {
            Some(names) if names.is_empty() => section.info(format!("models {state}: none")),
            Some(names) => section.info(format!("models {state}: {} ({})", names.len(), listed(names))),
            None => section.info(format!("models {state}: unknown")),
        }
    }
    section.field(
        "server",
        json!({
            "reachable": true, "version": healthy.version, "latency_ms": healthy.latency.as_millis() as u64,
            "models_installed": healthy.installed, "models_loaded": healthy.loaded,
        }),
    );
}

/// The names on one line, up to [`MAX_LISTED`].
fn listed(names: &[String]) -> String {
    let mut shown: Vec<_> = names.iter().take(MAX_LISTED).map(|name| sanitize::name(name)).collect();
    if names.len() > MAX_LISTED {
        shown.push(format!("and {} more", names.len() - MAX_LISTED));
    }
    shown.join(", ")
}
