//! `doctor`: checks the setup, and says how to fix problems.

mod database;
mod finding;
mod hosts;
mod http_server;
mod listener;
mod remote;
mod server;
mod settings;

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::{Context, block_on, output};
use crate::app::App;
use finding::{Level, Page, Section};
use store::SqliteIndex;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let sections = block_on(check(context))??;
    let ok = sections.iter().all(Section::is_ok);
    if arguments.json {
        output::json(&to_json(sections, ok))?;
    } else {
        let colour = !context.loaded.settings.telemetry.no_color
            && std::io::IsTerminal::is_terminal(&std::io::stdout());
        output::line(&format!("{} ({} {})", build(), std::env::consts::OS, std::env::consts::ARCH));
        sections.iter().for_each(|section| Page { colour }.write(section));
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The sections, in the order in which one depends on another.
async fn check(context: &Context) -> anyhow::Result<Vec<Section>> {
    let App { services, store } = App::new(&context.loaded.settings)?;
    let index = SqliteIndex::new(context.loaded.settings.store.data_dir.clone());
    // Concurrent: a model server and hosts that do not answer are waited for only once.
    let (server, database, http, own, hosts) = futures_util::join!(
        server::check(&services),
        database::check(&store, &index),
        http_server::check(context.loaded.settings.serve.as_ref()),
        hosts::self_test(context),
        hosts::check(&context.loaded.origins)
    );
    Ok(vec![server, settings::check(context), database, http, own, hosts])
}

fn to_json(sections: Vec<Section>, ok: bool) -> Value {
    let mut report = Map::from_iter([
        ("ok".to_owned(), ok.into()),
        ("version".to_owned(), env!("CARGO_PKG_VERSION").into()),
        ("system".to_owned(), json!({ "os": std::env::consts::OS, "arch": std::env::consts::ARCH })),
    ]);
    let findings = sections.iter().flat_map(|section| &section.findings);
    let findings: Vec<_> = findings
        .filter(|finding| matches!(finding.level, Level::Warning | Level::Error))
        .map(|finding| {
            let level = if finding.level == Level::Error { "error" } else { "warning" };
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
