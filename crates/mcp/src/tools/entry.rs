//! A tool: how its file declares it, how a server offers it, and how a call runs it.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use rmcp::model::{CallToolResponse, Tool, ToolAnnotations};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::definitions;
use crate::answers::error as failure;
use crate::arguments::schema;
pub(super) use crate::call::{AskingResult, ToolCall, ToolResult};
use crate::call::{Interrupted, guarded};
use service::{ErrorCode, ServiceError};
use settings::Toolset;
use types::Scope;

/// A tool as its file declares it.
pub(crate) struct ToolEntry {
    pub(super) name: &'static str,
    /// Makes its definition. A server reads the file of definitions instead: deriving 25 schemas at each start takes time and memory.
    #[cfg(test)]
    make_definition: MakeDefinition,
    pub(super) toolset: Toolset,
    /// It changes something, or sends something away: not offered with `--read-only`.
    pub(super) changes: bool,
    /// Only Ollama's own API can serve it.
    pub(super) needs_ollama: bool,
    /// With the setting for it, it pulls the model that a call names.
    pub(super) pulls: bool,
    /// Its calls begin in the order of their lines.
    pub(super) in_order: bool,
    /// Its calls count towards the limits of their caller, as they have a model generate something.
    pub(super) counts: bool,
    /// Its arguments for files: paths of this machine, or ids of uploads for callers over the network.
    pub(super) files: &'static [&'static str],
    /// Its arguments for paths of this machine alone: callers over the network are not offered them.
    pub(super) paths: &'static [&'static str],
    /// Its description for these callers, where the arguments are part of it.
    without_files: Option<&'static str>,
    run: Run,
    /// The line about it in the server's instructions, and the line's position there.
    pub(super) advice: Option<(u8, &'static str)>,
}

/// What an argument for files is to callers over the network.
const UPLOAD_IDS: &str = "Ids of uploaded files that the model reads; POST /upload of this server gives one";

/// Makes the definition of the tool of this name.
pub(super) type MakeDefinition = fn(&'static str) -> Tool;

/// Runs a call of a tool. It borrows the call: an async fn stores an argument that it owns twice.
type RunTool<T> = for<'a> fn(&'a mut ToolCall<'_>) -> BoxFuture<'a, T>;

/// How a tool runs.
enum Run {
    Answering(RunTool<ToolResult>),
    Asking(RunTool<AskingResult>),
}

impl ToolEntry {
    /// A core tool that changes nothing and that every provider serves.
    pub(super) fn new(name: &'static str, definition: MakeDefinition, run: RunTool<ToolResult>) -> Self {
        Self::with(name, definition, Run::Answering(run))
    }

    /// A tool that changes something, and may ask the user before.
    pub(super) fn asking(name: &'static str, definition: MakeDefinition, run: RunTool<AskingResult>) -> Self {
        Self::with(name, definition, Run::Asking(run)).changing()
    }

    fn with(
        name: &'static str,
        #[cfg_attr(
            not(test),
            expect(unused_variables, reason = "only the test of the file makes definitions")
        )]
        definition: MakeDefinition,
        run: Run,
    ) -> Self {
        Self {
            name,
            #[cfg(test)]
            make_definition: definition,
            toolset: Toolset::Core,
            changes: false,
            needs_ollama: false,
            pulls: false,
            in_order: false,
            counts: false,
            files: &[],
            paths: &[],
            without_files: None,
            run,
            advice: None,
        }
    }

    /// The definition that the file must have.
    #[cfg(test)]
    pub(super) fn definition(&self) -> Tool {
        let mut definition = (self.make_definition)(self.name);
        definition.title = definition.annotations.as_ref().and_then(|annotations| annotations.title.clone());
        definition
    }

    /// What a caller must be allowed to do: the same as for the routes of HTTP.
    fn scope(&self) -> Scope {
        match (self.toolset, &self.run) {
            (Toolset::Models, Run::Asking(_)) => Scope::ModelsWrite,
            // Every chat loads models, too.
            (Toolset::Models, Run::Answering(_)) if !self.changes => Scope::ModelsRead,
            (Toolset::Embeddings, _) => Scope::Embed,
            (Toolset::Conversations, _) => Scope::Conversations,
            (Toolset::Files, _) => Scope::Files,
            (Toolset::Core | Toolset::Generate | Toolset::Models | Toolset::Compare | Toolset::Web, _) => {
                match self.name {
                    "list_models" | "health_check" => Scope::ModelsRead,
                    _ => Scope::Chat,
                }
            }
        }
    }

    pub(super) fn in_toolset(mut self, toolset: Toolset) -> Self {
        self.toolset = toolset;
        self
    }

    pub(super) fn changing(mut self) -> Self {
        self.changes = true;
        self
    }

    pub(super) fn pulling(mut self) -> Self {
        self.pulls = true;
        self
    }

    pub(super) fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    /// A model generates something for each of its calls.
    pub(super) fn counted(mut self) -> Self {
        self.counts = true;
        self
    }

    /// These arguments are files: paths of this machine, or ids of uploads.
    pub(super) fn naming_files(mut self, arguments: &'static [&'static str]) -> Self {
        self.files = arguments;
        self
    }

    /// These arguments are paths of this machine, and nothing else.
    pub(super) fn naming_paths(mut self, arguments: &'static [&'static str]) -> Self {
        self.paths = arguments;
        self
    }

    /// The description without them.
    pub(super) fn described_without_files(mut self, description: &'static str) -> Self {
        self.without_files = Some(description);
        self
    }

    pub(super) fn of_ollama(mut self) -> Self {
        self.needs_ollama = true;
        self
    }

    /// When to use it, for the instructions; the lines stand in the order of their positions.
    pub(super) fn advised(mut self, position: u8, text: &'static str) -> Self {
        self.advice = Some((position, text));
        self
    }
}

/// How a server offers a tool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offering {
    /// Its calls may install models, so it is not read-only.
    pub(super) installs_models: bool,
    pub(super) files: OfferedFiles,
}

/// Which files the callers of a server may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfferedFiles {
    /// Those of this machine, by their paths.
    Paths,
    /// Uploads, by their ids.
    Uploads,
    None,
}

/// A tool that a server offers. Its definition is JSON text: as values, the schemas of all tools take several times the memory,
/// and copying and serializing them most of the time of `tools/list`.
pub(crate) struct OfferedTool {
    pub(crate) name: &'static str,
    pub(crate) json: Cow<'static, RawValue>,
    /// Arguments that it does not show and knows all the same, so that their error says why they are refused.
    hidden: Vec<&'static str>,
    arguments: OnceLock<Vec<String>>,
    in_order: bool,
    /// What a caller must be allowed to do.
    scope: Scope,
    counts: bool,
    run: Run,
}

impl OfferedTool {
    /// The tool as the file of definitions has it, changed where the server offers it otherwise.
    ///
    /// # Errors
    /// The file has no definition of it, or not as JSON.
    pub(super) fn new(entry: ToolEntry, offering: Offering) -> serde_json::Result<Self> {
        let scope = entry.scope();
        let ToolEntry { name, in_order, counts, files, paths, without_files, run, .. } = entry;
        let hidden = match offering.files {
            OfferedFiles::Paths => Vec::new(),
            OfferedFiles::Uploads => paths.to_vec(),
            OfferedFiles::None => [files, paths].concat(),
        };
        let by_id = if offering.files == OfferedFiles::Uploads { files } else { &[] };
        let published: &'static RawValue = serde_json::from_str(definitions::text(name).unwrap_or_default())?;
        let json = if offering.installs_models || !hidden.is_empty() || !by_id.is_empty() {
            let mut definition: Tool = serde_json::from_str(published.get())?;
            if let Some(annotations) = definition.annotations.as_mut().filter(|_| offering.installs_models) {
                annotations.read_only_hint = Some(false);
            }
            if !hidden.is_empty() {
                hide(&mut definition, &hidden, without_files);
            }
            describe_ids(&mut definition, by_id);
            Cow::Owned(to_raw_value(&definition)?)
        } else {
            Cow::Borrowed(published)
        };
        Ok(Self { name, json, hidden, arguments: OnceLock::new(), in_order, scope, counts, run })
    }

    /// The definition as a value, for transports that cannot write text.
    pub(crate) fn definition(&self) -> Option<Tool> {
        serde_json::from_str(self.json.get()).ok()
    }

    /// The names of its arguments, read at its first call.
    pub(crate) fn arguments(&self) -> &[String] {
        self.arguments.get_or_init(|| {
            let definition = self.definition();
            let shown = definition.map(|definition| schema::property_names(&definition.input_schema));
            let hidden = self.hidden.iter().map(|name| (*name).to_owned());
            shown.into_iter().flatten().chain(hidden).collect()
        })
    }
}

/// Takes arguments for paths out of a definition.
fn hide(definition: &mut Tool, arguments: &[&str], description: Option<&'static str>) {
    let properties = Arc::make_mut(&mut definition.input_schema).get_mut("properties");
    if let Some(properties) = properties.and_then(Value::as_object_mut) {
        properties.retain(|name, _| !arguments.contains(&name.as_str()));
    }
    if let Some(required) =
        Arc::make_mut(&mut definition.input_schema).get_mut("required").and_then(Value::as_array_mut)
    {
        required.retain(|name| !arguments.iter().any(|hidden| name == hidden));
    }
    if let Some(description) = description {
        definition.description = Some(description.into());
    }
}

/// Says of arguments that they are ids of uploads.
fn describe_ids(definition: &mut Tool, arguments: &[&str]) {
    let properties = Arc::make_mut(&mut definition.input_schema).get_mut("properties");
    let Some(properties) = properties.and_then(Value::as_object_mut) else { return };
    for argument in arguments {
        if let Some(property) = properties.get_mut(*argument).and_then(Value::as_object_mut) {
            property.insert("description".to_owned(), UPLOAD_IDS.into());
        }
    }
}

/// Runs a tool. Its failures are answers, too. A panic is caught here because rmcp's Streamable HTTP runs the handler without
/// the guard of our line connection.
pub(crate) async fn run(tool: &OfferedTool, call: &mut ToolCall<'_>) -> CallToolResponse {
    let server = call.server;
    let cancelled = call.context.ct.clone();
    if tool.in_order {
        call.turn_comes().await;
    } else {
        call.turn_passes();
    }
    if !call.caller().rights.may(tool.scope) {
        return failure::error_result(&server.render_error(forbidden(tool), call.caller())).into();
    }
    if tool.counts
        && let Err(refused) = server.services().admit(call.caller()).await
    {
        tracing::info!(tool = %tool.name, code = refused.error.code.as_str(), "a call was refused");
        return failure::error_result(&server.render_error(refused.error, call.caller())).into();
    }
    let result = match tool.run {
        Run::Answering(run) => guarded(&cancelled, run(call)).await.map(|result| result.map(Into::into)),
        Run::Asking(run) => {
            call.keep_fingerprint();
            guarded(&cancelled, run(call)).await
        }
    };
    match result {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            tracing::info!(tool = %tool.name, code = error.code.as_str(), "a call failed");
            failure::error_result(&server.render_error(error, call.caller())).into()
        }
        Err(Interrupted::Panicked) => failure::internal_error().into(),
        Err(Interrupted::Cancelled) => failure::cancelled().into(),
    }
}

fn forbidden(tool: &OfferedTool) -> ServiceError {
    let text =
        format!("{} needs the scope {}, which this caller does not have", tool.name, tool.scope.as_str());
    ServiceError::new(ErrorCode::Forbidden, text)
}

/// Annotations of a tool that changes nothing. `open_world`: it uses something outside, such as a model.
pub(super) fn read_only(title: &str, open_world: bool) -> ToolAnnotations {
    ToolAnnotations::with_title(title)
        .read_only(true)
        .destructive(false)
        .idempotent(true)
        .open_world(open_world)
}

/// The arguments of a tool without any.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
pub(super) struct NoArguments {}
