//! The tools, one file each; this one sums them.

mod batch_completion;
mod cancel_completion;
mod chat_completion;
mod compare_models;
mod converse;
mod copy_model;
mod create_model;
mod delete_conversation;
mod delete_model;
mod embed;
mod generate;
mod get_completion;
mod get_conversation;
mod health_check;
mod list_conversations;
mod list_models;
mod list_running_models;
mod load_model;
mod pull_model;
mod push_model;
mod rank;
mod show_model;
mod unload_model;
mod web_fetch;
mod web_search;

use std::borrow::Cow;

use futures_util::future::BoxFuture;
use rmcp::model::{CallToolResponse, Tool, ToolAnnotations};

use super::call::{AskingResult, Interrupted, ToolCall, ToolResult, guarded};
use super::failure;
use service::Core;
use settings::{ToolSettings, Toolset};

/// A tool: its published definition and what it does.
pub(super) struct ToolEntry {
    pub(super) definition: Tool,
    toolset: Toolset,
    /// It changes something, or leaves the machine: not there with `--read-only`.
    changes: bool,
    /// Only Ollama's own API can serve it.
    needs_ollama: bool,
    /// It may pull the model that a call names, where the settings say so.
    pulls: bool,
    /// Its calls begin in the order of their lines, since their replies are made in it.
    in_order: bool,
    run: Run,
}

/// How a tool runs.
enum Run {
    Answering(for<'a> fn(ToolCall<'a>) -> BoxFuture<'a, ToolResult>),
    Asking(for<'a> fn(ToolCall<'a>) -> BoxFuture<'a, AskingResult>),
}

impl ToolEntry {
    /// A core tool that changes nothing and that every provider serves.
    fn new(definition: Tool, run: for<'a> fn(ToolCall<'a>) -> BoxFuture<'a, ToolResult>) -> Self {
        Self {
            definition,
            toolset: Toolset::Core,
            changes: false,
            needs_ollama: false,
            pulls: false,
            in_order: false,
            run: Run::Answering(run),
        }
    }

    /// A tool that may ask the user before it acts.
    fn asking(definition: Tool, run: for<'a> fn(ToolCall<'a>) -> BoxFuture<'a, AskingResult>) -> Self {
        Self {
            definition,
            toolset: Toolset::Core,
            changes: true,
            needs_ollama: false,
            pulls: false,
            in_order: false,
            run: Run::Asking(run),
        }
    }

    fn in_toolset(mut self, toolset: Toolset) -> Self {
        self.toolset = toolset;
        self
    }

    fn changing(mut self) -> Self {
        self.changes = true;
        self
    }

    fn pulling(mut self) -> Self {
        self.pulls = true;
        self
    }

    fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    fn of_ollama(mut self) -> Self {
        self.needs_ollama = true;
        self
    }
}

/// Every tool, in the order in which hosts see them.
fn all() -> Vec<ToolEntry> {
    vec![
        chat_completion::entry(),
        get_completion::entry(),
        cancel_completion::entry(),
        health_check::entry(),
        list_models::entry(),
        generate::entry(),
        batch_completion::entry(),
        compare_models::entry(),
        converse::entry(),
        list_conversations::entry(),
        get_conversation::entry(),
        delete_conversation::entry(),
        show_model::entry(),
        list_running_models::entry(),
        pull_model::entry(),
        load_model::entry(),
        unload_model::entry(),
        copy_model::entry(),
        create_model::entry(),
        push_model::entry(),
        delete_model::entry(),
        embed::entry(),
        rank::entry(),
        web_search::entry(),
        web_fetch::entry(),
    ]
}

/// The tools that the settings choose and the provider can serve, and the names of the others.
pub(super) fn available(core: &Core, settings: &ToolSettings) -> (Vec<ToolEntry>, Vec<Cow<'static, str>>) {
    let is_there = |entry: &ToolEntry| {
        settings.toolsets.contains(&entry.toolset)
            && !(settings.read_only && entry.changes)
            && (!entry.needs_ollama || core.provider() == "ollama")
            && (entry.toolset != Toolset::Web || core.has_web())
    };
    let (mut entries, left_out): (Vec<_>, Vec<_>) = all().into_iter().partition(is_there);
    for entry in entries.iter_mut().filter(|entry| entry.pulls && core.pulls_missing()) {
        // What installs models is not read-only.
        if let Some(annotations) = &mut entry.definition.annotations {
            annotations.read_only_hint = Some(false);
        }
    }
    (entries, left_out.into_iter().map(|entry| entry.definition.name).collect())
}

/// Whether there is a tool of this name, whatever the settings choose.
pub(super) fn exists(name: &str) -> bool {
    all().iter().any(|entry| entry.definition.name == name)
}

/// Runs a tool. Its failures are answers too, also a panic: over Streamable HTTP, rmcp takes the handler as it is.
pub(super) async fn run(entry: &ToolEntry, mut call: ToolCall<'_>) -> CallToolResponse {
    let server = call.server;
    let cancelled = call.context.ct.clone();
    if entry.in_order {
        call.turn_comes().await;
    } else {
        call.turn_passes();
    }
    let result = match entry.run {
        Run::Answering(run) => guarded(&cancelled, run(call)).await.map(|result| result.map(Into::into)),
        Run::Asking(run) => {
            call.keep_fingerprint();
            guarded(&cancelled, run(call)).await
        }
    };
    match result {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            tracing::info!(tool = %entry.definition.name, code = error.code.as_str(), "a call failed");
            failure::error_result(&server.told(error)).into()
        }
        Err(Interrupted::Panicked | Interrupted::Cancelled) => failure::internal_error().into(),
    }
}

/// Annotations of a tool that changes nothing. `open_world`: it talks to something outside, such as a model.
fn read_only(title: &str, open_world: bool) -> ToolAnnotations {
    ToolAnnotations::with_title(title)
        .read_only(true)
        .destructive(false)
        .idempotent(true)
        .open_world(open_world)
}

/// Arguments of a tool that takes none.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct NoArguments {}
