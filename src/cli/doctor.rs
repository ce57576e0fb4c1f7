//! `doctor`: is all well, and if not, what to do.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Context, block_on, output};
use crate::app;
use crate::service::health::HealthReport;
use crate::service::models::DefaultModel;
use crate::service::{Core, ServiceError};
use crate::settings::{Origin, SettingOrigin};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// For programs: one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let core = app::core(&context.loaded.settings)?;
    let (health, default_model) = block_on(examine(&core))?;
    let well = health.state.is_ok() && default_model.is_ok();
    if arguments.json {
        let report = report(context, &health, &default_model, well);
        output::line(&serde_json::to_string_pretty(&report)?);
    } else {
        let colour = !context.loaded.settings.telemetry.no_color
            && std::io::IsTerminal::is_terminal(&std::io::stdout());
        Page { colour }.write(context, &health, &default_model);
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn examine(core: &Core) -> (HealthReport, Result<DefaultModel, ServiceError>) {
    let health = core.health().await;
    let default_model = match &health.state {
        Ok(_) => core.default_model().await,
        Err(error) => Err(error.clone()),
    };
    (health, default_model)
}

fn report(
    context: &Context,
    health: &HealthReport,
    default_model: &Result<DefaultModel, ServiceError>,
    well: bool,
) -> Value {
    let settings: Vec<_> = context
        .loaded
        .origins
        .iter()
        .map(|origin| json!({ "name": origin.entry.env, "value": origin.value_shown, "from": origin.from.to_string() }))
        .collect();
    let server = match &health.state {
        Ok(healthy) => json!({
            "reachable": true, "version": healthy.version, "latency_ms": healthy.latency.as_millis() as u64,
            "models_installed": healthy.installed, "models_loaded": healthy.loaded,
        }),
        Err(error) => json!({ "reachable": false, "problem": error.message, "next_step": error.hint }),
    };
    json!({
        "ok": well,
        "version": env!("CARGO_PKG_VERSION"),
        "provider": health.provider,
        "address": health.address,
        "location": health.location.describe(),
        "server": server,
        "default_model": match default_model {
            Ok(model) => json!({ "name": model.name, "reason": model.reason }),
            Err(error) => json!({ "problem": error.message, "next_step": error.hint }),
        },
        "system_prompt": system_prompt(context).map(|(path, read)| match read {
            Ok(bytes) => json!({ "path": path, "bytes": bytes }),
            Err(problem) => json!({ "path": path, "problem": problem }),
        }),
        "data_dir": context.loaded.settings.store.data_dir,
        "allowed_dirs": allowed(context).map(|(path, exists)| json!({ "path": path, "exists": exists })).collect::<Vec<_>>(),
        "config_dir": context.loaded.config_dir,
        "settings": settings,
        "warnings": context.loaded.warnings,
    })
}

/// The default system prompt's file and its size in bytes; `None` where there is none.
fn system_prompt(context: &Context) -> Option<(&Path, Result<usize, String>)> {
    let file = context.loaded.settings.chat.system_prompt.as_ref()?;
    let bytes = file.read().transpose()?.map(|text| text.len());
    Some((&file.path, bytes))
}

/// The allowed directories, and whether each is there.
fn allowed(context: &Context) -> impl Iterator<Item = (String, bool)> + '_ {
    context.loaded.settings.files.allowed.iter().map(|path| (path.display().to_string(), path.exists()))
}

/// Writes the report for people.
struct Page {
    colour: bool,
}

impl Page {
    fn write(
        &self,
        context: &Context,
        health: &HealthReport,
        default_model: &Result<DefaultModel, ServiceError>,
    ) {
        output::line(&format!("ollama-mcp {}", env!("CARGO_PKG_VERSION")));
        self.heading("Model server");
        match &health.state {
            Ok(healthy) => {
                let version =
                    healthy.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
                let latency = healthy.latency.as_secs_f64() * 1000.0;
                self.good(&format!(
                    "{}{version} answers at {} in {latency:.1} ms",
                    health.provider, health.address
                ));
                let names = |names: &Option<Vec<String>>| {
                    names.as_ref().map(|names| format!("{} ({})", names.len(), names.join(", ")))
                };
                if let Some(installed) = names(&healthy.installed) {
                    self.fact(&format!("models installed: {installed}"));
                }
                if let Some(loaded) = names(&healthy.loaded) {
                    self.fact(&format!("models loaded: {loaded}"));
                }
                match default_model {
                    Ok(model) => self.good(&format!(
                        "{} answers where no model is named: it is {}",
                        model.name, model.reason
                    )),
                    Err(error) => self.bad(&error.text()),
                }
            }
            Err(error) => self.bad(&error.text()),
        }
        self.heading("Files");
        if context.loaded.settings.files.allowed.is_empty() {
            self.fact("no directory is allowed: attachments are refused (--allow-dir DIR allows one)");
        }
        for (path, exists) in allowed(context) {
            match exists {
                true => self.good(&format!("{path} may be read")),
                false => self.mark('!', "33", &format!("{path} is allowed and does not exist")),
            }
        }
        self.heading("Settings");
        for origin in context.loaded.origins.iter().filter(|origin| origin.value_shown.is_some()) {
            self.fact(&setting(origin));
        }
        match &context.loaded.config_dir {
            Some(directory) => self.fact(&format!("config directory: {}", directory.display())),
            None => self.fact("config directory: none"),
        }
        match system_prompt(context) {
            Some((path, Ok(bytes))) => {
                self.fact(&format!("system prompt: {} ({bytes} bytes)", path.display()))
            }
            Some((path, Err(problem))) => {
                self.bad(&format!("system prompt {} cannot be read: {problem}", path.display()))
            }
            None => self.fact("system prompt: none"),
        }
        match &context.loaded.settings.store.data_dir {
            Some(directory) => self.fact(&format!("data directory: {}", directory.display())),
            None => self.fact("data directory: none; conversations cannot be stored"),
        }
        for warning in &context.loaded.warnings {
            self.mark('!', "33", warning);
        }
    }

    fn heading(&self, text: &str) {
        output::line(&format!("\n{text}"));
    }

    fn good(&self, text: &str) {
        self.mark('✓', "32", text);
    }

    fn bad(&self, text: &str) {
        self.mark('✗', "31", text);
    }

    fn fact(&self, text: &str) {
        output::line(&format!("  {text}"));
    }

    fn mark(&self, mark: char, colour: &str, text: &str) {
        if self.colour {
            output::line(&format!("\u{1b}[{colour}m{mark}\u{1b}[0m {text}"));
        } else {
            output::line(&format!("{mark} {text}"));
        }
    }
}

fn setting(origin: &SettingOrigin) -> String {
    let value = origin.value_shown.as_deref().unwrap_or_default();
    match origin.from {
        Origin::Default => format!("{} = {value}", origin.entry.env),
        ref from => format!("{} = {value} (from {from})", origin.entry.env),
    }
}
