//! `models`: the models of the model server: list, show, pull, remove.

mod list;
mod pull;
mod show;

use std::process::ExitCode;
use std::sync::Arc;

use super::confirm::refused_deletion;
use super::{Context, block_on, flags, output};
use crate::{app, running_server};
use service::models::name::ModelName;
use service::{Caller, ServiceError, Services};
use text::sanitize;

const EXAMPLES: &str = "\
Examples:
  ollama-mcp models list                 what is installed, and what is loaded
  ollama-mcp models pull qwen3:8b        install a model, or update it
  ollama-mcp models show qwen3:8b        what it can do
  ollama-mcp models remove qwen3:8b      delete it from the disk

They are those of the model server (OLLAMA_HOST), which also serves what \"ollama-mcp serve\" answers.";

/// Arguments of `models`.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", flags::MORE))]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the installed models
    List {
        /// Print a JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Install a model, or update one
    Pull {
        /// A name such as qwen3:8b, or hf.co/USER/REPOSITORY
        model: String,
        /// Do not check the certificate of the registry, or use http
        #[arg(long)]
        insecure: bool,
    },
    /// Show what a model is and what it can do
    Show {
        model: String,
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Delete models from the disk
    Remove {
        #[arg(required = true)]
        models: Vec<String>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let settings = &context.loaded.settings;
    let done = block_on(async {
        let through = running_server::settings_through(settings).await;
        let services = app::services(through.as_ref().map_or(settings, |(through, _)| through))?;
        Ok::<_, anyhow::Error>(match &arguments.command {
            Command::List { json } => list::run(&services, *json).await,
            Command::Pull { model, insecure } => pull::run(&services, model, *insecure).await,
            Command::Show { model, json } => show::run(&services, model, *json).await,
            Command::Remove { models, yes } => remove(&services, models, *yes).await,
        })
    })??;
    Ok(match done {
        Ok(code) => code,
        Err(error) => output::failed(&error),
    })
}

/// Deletes each of them; the others, where one fails.
async fn remove(services: &Arc<Services>, models: &[String], yes: bool) -> Result<ExitCode, ServiceError> {
    let names: Vec<_> =
        models.iter().map(|model| ModelName::parse("model", model.clone())).collect::<Result<_, _>>()?;
    let shown = names.iter().map(|name| sanitize::name(name)).collect::<Vec<_>>().join(", ");
    let question = format!("Delete {shown} from the disk?");
    if !yes && let Some(code) = refused_deletion(&question, &shown) {
        return Ok(code);
    }
    let mut code = ExitCode::SUCCESS;
    for name in &names {
        match services.models.delete_model(&Caller::local(), name).await {
            Ok(()) => output::note(&format!("Deleted {}.\n", sanitize::name(name))),
            Err(error) => code = output::failed(&error),
        }
    }
    Ok(code)
}
