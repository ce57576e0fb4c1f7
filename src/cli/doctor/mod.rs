//! `doctor`: is all well, and if not, what to do.

mod finding;
mod hosts;
mod server;
mod settings;

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::{Context, block_on, output};
use crate::app;
use finding::{Level, Page, Section};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let sections = block_on(examine(context))??;
    let well = sections.iter().all(Section::is_well);
    if arguments.json {
        output::json(&report(sections, well))?;
    } else {
        let colour = !context.loaded.settings.telemetry.no_color
            && std::io::IsTerminal::is_terminal(&std::io::stdout());
        output::line(&format!("{} ({} {})", build(), std::env::consts::OS, std::env::consts::ARCH));
        sections.iter().for_each(|section| Page { colour }.write(section));
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is looked at, in the order in which one thing depends on another.
async fn examine(context: &Context) -> anyhow::Result<Vec<Section>> {
    let services = app::services(&context.loaded.settings)?;
    // A silent model server and silent hosts are waited for at the same time.
    let (server, own, hosts) = futures_util::join!(
        server::examine(&services),
        hosts::examine_own(context),
        hosts::examine(&context.loaded.origins)
    );
    Ok(vec![server, settings::examine(context), own, hosts])
}

fn report(sections: Vec<Section>, well: bool) -> Value {
    let mut report = Map::from_iter([
        ("ok".to_owned(), well.into()),
        ("version".to_owned(), env!("CARGO_PKG_VERSION").into()),
        ("system".to_owned(), json!({ "os": std::env::consts::OS, "arch": std::env::consts::ARCH })),
    ]);
    let findings = sections.iter().flat_map(|section| &section.findings);
    let findings: Vec<_> = findings
        .filter(|finding| matches!(finding.level, Level::Warning | Level::Bad))
        .map(|finding| {
            let level = if finding.level == Level::Bad { "error" } else { "warning" };
            json!({ "level": level, "text": finding.text, "next_step": finding.next_step })
        })
        .collect();
    report.extend(sections.into_iter().flat_map(|section| section.json));
    report.insert("findings".to_owned(), findings.into());
    Value::Object(report)
}

fn build() -> String {
    let profile = if cfg!(debug_assertions) { ", a debug build" } else { "" };
    format!("ollama-mcp {}{profile}", env!("CARGO_PKG_VERSION"))
}
