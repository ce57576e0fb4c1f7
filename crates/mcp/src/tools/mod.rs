//! The tools, one file each; this one sums them.

mod batch_completion;
mod cancel_completion;
mod chat_completion;
mod compare_models;
mod conversations;
mod converse;
mod copy_model;
mod create_model;
mod delete_conversation;
mod delete_model;
mod embed;
mod generate;
mod generation;
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

pub(super) use conversations::{ConversationAnswer, ListAnswer, markdown};
pub(super) use health_check::HealthAnswer;
pub(super) use list_models::ModelsAnswer;
pub(super) use list_running_models::{RunningAnswer, RunningModelAnswer};

use std::borrow::Cow;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use rmcp::model::{CallToolResponse, CallToolResult, InputResponses, JsonObject, Tool, ToolAnnotations};
use rmcp::service::{RequestContext, RoleServer};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::deadline::Deadline;
use super::progress::{self, Progress};
use super::server::McpServer;
use super::stdio::LineTurn;
use super::{answer as answers, arguments, confirm, failure};
use service::tasks::cancel_on_drop::CancelOnDrop;
use service::tasks::registry::Task;
use service::{ServiceError, Services};
use settings::{ToolSettings, Toolset};

/// What a tool's run gives: an answer, or the failure that [`failure`] turns into one.
type ToolResult = Result<CallToolResult, ServiceError>;

/// What a tool's run gives that may ask the user first.
type AskingResult = Result<CallToolResponse, ServiceError>;

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

/// One call of a tool.
pub(super) struct ToolCall<'a> {
    pub(super) server: &'a McpServer,
    pub(super) schema: &'a JsonObject,
    pub(super) arguments: JsonObject,
    pub(super) context: RequestContext<RoleServer>,
    /// What the client answered to a question of an earlier round (revision 2026-07-28).
    pub(super) input_responses: Option<InputResponses>,
    /// What this server gave it to hand back with the answer.
    pub(super) request_state: Option<String>,
    /// A digest of all arguments, for tools that ask the user.
    pub(super) fingerprint: Vec<u8>,
}

impl ToolCall<'_> {
    /// Waits until every call whose line came before has begun.
    async fn turn_comes(&self) {
        if let Some(turn) = self.context.extensions.get::<LineTurn>() {
            turn.come().await;
        }
    }

    /// The call has begun: the next one may.
    fn turn_passes(&self) {
        if let Some(turn) = self.context.extensions.get::<LineTurn>() {
            turn.pass();
        }
    }

    /// The arguments of these names as a type of their own; what is left is for [`ToolCall::arguments`].
    fn part<T: DeserializeOwned>(&mut self, names: &[String]) -> Result<T, ServiceError> {
        arguments::take_part(names, &mut self.arguments)
    }

    /// The arguments as the tool's own type.
    fn arguments<T: DeserializeOwned>(&mut self) -> Result<T, ServiceError> {
        arguments::read(self.schema, std::mem::take(&mut self.arguments))
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
pub(super) fn available(
    services: &Services,
    settings: &ToolSettings,
) -> (Vec<ToolEntry>, Vec<Cow<'static, str>>) {
    let is_there = |entry: &ToolEntry| {
        settings.toolsets.contains(&entry.toolset)
            && !(settings.read_only && entry.changes)
            && (!entry.needs_ollama || services.models.provider_name() == "ollama")
            && (entry.toolset != Toolset::Web || services.web.is_available())
    };
    let (mut entries, left_out): (Vec<_>, Vec<_>) = all().into_iter().partition(is_there);
    for entry in entries.iter_mut().filter(|entry| entry.pulls && services.transfers.pulls_missing()) {
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

/// Runs a tool. Its failures are answers too.
pub(super) async fn run(entry: &ToolEntry, mut call: ToolCall<'_>) -> CallToolResponse {
    let server = call.server;
    if entry.in_order {
        call.turn_comes().await;
    } else {
        call.turn_passes();
    }
    let result = match entry.run {
        Run::Answering(run) => run(call).await.map(CallToolResponse::from),
        Run::Asking(run) => {
            call.fingerprint = confirm::fingerprint(&call.arguments);
            run(call).await
        }
    };
    result.unwrap_or_else(|error| {
        tracing::info!(tool = %entry.definition.name, code = error.code.as_str(), "a call failed");
        failure::error_result(&server.told(error)).into()
    })
}

/// Waits for work that this call has started: to its end, its deadline, or in the background not at all.
async fn wait(
    call: &ToolCall<'_>,
    completion: Arc<Task>,
    progress: Option<Progress>,
    background: bool,
    deadline: Deadline,
) -> ToolResult {
    call.turn_passes();
    // Dropped with the call when that is cancelled, and the work is stopped with it.
    let tie = CancelOnDrop::new(Arc::clone(&completion));
    let ended = !background && progress::follow(call.server, &completion, progress, false, deadline).await;
    if !ended {
        tie.detach();
        // One in the background answers at once.
        if !background {
            // Boxed: a future is as large as its largest branch, and a thousand calls wait above.
            Box::pin(call.server.services().chat.locate(&completion)).await;
        }
    }
    answers::of(&completion, ended)
}

/// When a call that begins now returns with what there is.
fn deadline_of(call: &ToolCall<'_>) -> Deadline {
    Deadline::of(call.server.options().call_deadline, &call.context, call.server.input_closed_token())
}

/// Annotations of a tool that changes nothing. `open_world`: it talks to something outside, such as a model.
fn read_only(title: &str, open_world: bool) -> ToolAnnotations {
    ToolAnnotations::with_title(title)
        .read_only(true)
        .destructive(false)
        .idempotent(true)
        .open_world(open_world)
}

/// An answer whose text stands alone beside its structure.
fn answer(text: String, structured: &impl Serialize) -> CallToolResult {
    let mut result = CallToolResult::success(vec![rmcp::model::ContentBlock::text(text)]);
    result.structured_content = serde_json::to_value(structured).ok();
    result
}

/// Arguments of a tool that takes none.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct NoArguments {}
