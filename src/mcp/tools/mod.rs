//! The tools, one file each; this one sums them.

mod cancel_completion;
mod chat_completion;
mod generation;
mod get_completion;
mod health_check;
mod list_models;

pub(super) use health_check::HealthAnswer;
pub(super) use list_models::ModelsAnswer;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use rmcp::model::{CallToolResult, JsonObject, Tool, ToolAnnotations};
use rmcp::service::{RequestContext, RoleServer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::progress::{self, Progress};
use super::server::McpServer;
use super::{answer as answers, arguments, deadline, failure};
use crate::service::{Attachment, Registered, ServiceError};

/// What a tool's run gives: an answer, or the failure that [`failure`] turns into one.
type ToolResult = Result<CallToolResult, ServiceError>;

/// A tool: its published definition and what it does.
pub(super) struct ToolEntry {
    pub(super) definition: Tool,
    run: for<'a> fn(ToolCall<'a>) -> BoxFuture<'a, ToolResult>,
}

/// One call of a tool.
pub(super) struct ToolCall<'a> {
    pub(super) server: &'a McpServer,
    pub(super) schema: &'a JsonObject,
    pub(super) arguments: JsonObject,
    pub(super) context: RequestContext<RoleServer>,
}

impl ToolCall<'_> {
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
pub(super) fn all() -> Vec<ToolEntry> {
    vec![
        chat_completion::entry(),
        get_completion::entry(),
        cancel_completion::entry(),
        health_check::entry(),
        list_models::entry(),
    ]
}

/// Runs a tool. Its failures are answers too.
pub(super) async fn run(entry: &ToolEntry, call: ToolCall<'_>) -> CallToolResult {
    let result = (entry.run)(call).await;
    result.unwrap_or_else(|error| {
        tracing::info!(tool = %entry.definition.name, code = error.code.as_str(), "a call failed");
        failure::error_result(&error)
    })
}

/// Waits for work that this call has started: to its end, its deadline, or in the background not at all.
async fn wait(
    call: &ToolCall<'_>,
    completion: Arc<Registered>,
    progress: Option<Progress>,
    background: bool,
    deadline: Option<Instant>,
) -> ToolResult {
    // Dropped with the call when that is cancelled, and the work is stopped with it.
    let attachment = Attachment::new(Arc::clone(&completion));
    let ended = !background && progress::follow(call.server, &completion, progress, false, deadline).await;
    if !ended {
        attachment.let_go();
    }
    answers::of(&completion, ended)
}

/// When a call returns with what there is; `None` for at the end.
fn deadline_of(call: &ToolCall<'_>) -> Option<Instant> {
    deadline::deadline(call.server.options().call_deadline, &call.context).map(|wait| Instant::now() + wait)
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
