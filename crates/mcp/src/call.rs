//! One call of a tool: its arguments, its turn, and how it waits for the work that it starts.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, InputResponses, JsonObject};
use rmcp::service::{RequestContext, RoleServer};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::answers::work as answers;
use super::arguments;
use super::call_order::LineTurn;
use super::confirmation::{self, Asking, Consent, Question};
use super::deadline::Deadline;
use super::progress::{self, Notifier};
use super::session::Session;
use super::state::ServerState;
use service::chat::attachments::Attachments;
use service::documents::FileSelection;
use service::tasks::cancel_on_drop::CancelOnDrop;
use service::tasks::registry::Task;
use service::uploads::is_upload_id;
use service::{Action, Caller, HostFiles, ServiceError};

/// The argument of tools for files of this machine.
pub(crate) const ATTACHMENTS: &str = "attachments";

/// The result of a tool: an answer, or the failure that becomes an error answer.
pub(crate) type ToolResult = Result<CallToolResult, ServiceError>;

/// The result of a tool that may ask the user first.
pub(crate) type AskingResult = Result<CallToolResponse, ServiceError>;

/// One call of a tool.
pub(crate) struct ToolCall<'a> {
    pub(crate) server: &'a ServerState,
    pub(crate) context: RequestContext<RoleServer>,
    session: &'a Session,
    /// The tool's name.
    tool: &'a str,
    /// The names of its arguments.
    known: &'a [String],
    arguments: JsonObject,
    deadline: Deadline,
    /// The client's answers to the question of an earlier round (revision 2026-07-28).
    input_responses: Option<InputResponses>,
    /// The state that this server issued with that question.
    request_state: Option<String>,
    /// A digest of all arguments, for tools that ask the user.
    fingerprint: Vec<u8>,
}

/// How a call waits for the work that it starts.
pub(crate) struct Waiting {
    notifier: Option<Box<Notifier>>,
    /// The call returns at once, and the work continues.
    pub(crate) background: bool,
}

impl<'a> ToolCall<'a> {
    /// A call that begins now, of a tool that has the arguments `known`.
    pub(crate) fn new(
        server: &'a ServerState,
        session: &'a Session,
        tool: &'a str,
        known: &'a [String],
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Self {
        Self {
            deadline: Deadline::of(server.options().call_deadline, &context, session.input_closed()),
            server,
            context,
            session,
            tool,
            known,
            arguments: request.arguments.unwrap_or_default(),
            input_responses: request.input_responses,
            request_state: request.request_state,
            fingerprint: Vec::new(),
        }
    }

    /// Who calls.
    pub(crate) fn caller(&self) -> &Caller {
        self.session.caller()
    }

    /// The right to name the files of this machine that `argument` names.
    ///
    /// # Errors
    /// `attachment_denied` for callers over the network.
    pub(crate) fn host_files(&self, argument: &str) -> Result<HostFiles, ServiceError> {
        self.session.host_files().ok_or_else(|| HostFiles::refused(argument))
    }

    /// The files of the argument `attachments`: paths for the user of this machine, ids of uploads for others.
    ///
    /// # Errors
    /// `file_not_found` for an id, `attachment_denied` for a path that comes over the network.
    pub(crate) async fn attachments(&self, files: Option<Vec<String>>) -> Result<Attachments, ServiceError> {
        let Some(files) = files.filter(|files| !files.is_empty()) else { return Ok(Attachments::default()) };
        match self.session.host_files() {
            Some(right) => Ok(Attachments::new(right, ATTACHMENTS, files)),
            None => {
                check_ids(ATTACHMENTS, &files)?;
                let uploads = &self.server.services().uploads;
                Box::pin(uploads.attach(self.caller(), ATTACHMENTS, files)).await
            }
        }
    }

    /// The same, each file for a reply of its own.
    ///
    /// # Errors
    /// As of [`ToolCall::attachments`].
    pub(crate) async fn attachments_each(
        &self,
        argument: &str,
        files: Option<Vec<String>>,
    ) -> Result<Vec<Attachments>, ServiceError> {
        let Some(files) = files.filter(|files| !files.is_empty()) else { return Ok(Vec::new()) };
        match self.session.host_files() {
            Some(right) => Ok(Attachments::each_alone(right, argument, &files)),
            None => {
                check_ids(argument, &files)?;
                let uploads = &self.server.services().uploads;
                Box::pin(uploads.attach_each(self.caller(), argument, files)).await
            }
        }
    }

    /// The files of an argument for many of them: paths, folders and globs for the user of this machine, ids of uploads for others.
    pub(crate) fn selection(&self, files: Vec<String>) -> FileSelection {
        match self.session.host_files() {
            Some(right) => FileSelection::Paths(right, files),
            None => FileSelection::Uploads(files),
        }
    }

    /// Waits until every call whose line came before has begun.
    pub(crate) async fn turn_comes(&self) {
        if let Some(turn) = self.context.extensions.get::<LineTurn>() {
            turn.come().await;
        }
    }

    /// The call has begun: the next one may.
    pub(crate) fn turn_passes(&self) {
        if let Some(turn) = self.context.extensions.get::<LineTurn>() {
            turn.pass();
        }
    }

    /// The arguments of these names as a type of their own; the others are for [`ToolCall::arguments`].
    pub(crate) fn part<T: DeserializeOwned>(&mut self, names: &[String]) -> Result<T, ServiceError> {
        arguments::take_part(names, &mut self.arguments)
    }

    /// The arguments as the tool's own type.
    pub(crate) fn arguments<T: DeserializeOwned>(&mut self) -> Result<T, ServiceError> {
        arguments::read(self.known, std::mem::take(&mut self.arguments))
    }

    /// Keeps the digest of all arguments, which [`ToolCall::consent`] needs after they are taken.
    pub(crate) fn keep_fingerprint(&mut self) {
        self.fingerprint = confirmation::fingerprint(&self.arguments);
    }

    /// Gets the user's consent.
    ///
    /// # Errors
    /// `not_confirmed`.
    pub(crate) async fn consent(&self, question: &Question<'_>) -> Result<Consent, ServiceError> {
        let asking = Asking {
            context: &self.context,
            tool: self.tool,
            policy: self.server.options().tools.confirm,
            confirmations: self.server.confirmations(),
            caller: &self.session.caller().owner,
            fingerprint: &self.fingerprint,
            input_responses: self.input_responses.as_ref(),
            request_state: self.request_state.as_deref(),
            input_closed: self.session.input_closed(),
        };
        confirmation::consent(&asking, question).await
    }

    /// When this call returns with what there is. It counts from the call's begin: the host counts the time that the user
    /// takes for a question, too.
    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline.clone()
    }

    /// Sends progress to the caller, if it sent a token.
    pub(crate) fn notifier(&self) -> Option<Box<Notifier>> {
        Notifier::of(&self.context, self.server.options().progress_interval)
    }

    /// How this call waits, by its arguments `stream` and `background`.
    ///
    /// # Errors
    /// There are too many completions in the background.
    pub(crate) fn waiting(
        &self,
        stream: Option<bool>,
        background: Option<bool>,
    ) -> Result<Waiting, ServiceError> {
        let background = background == Some(true);
        if background {
            self.server.services().tasks.allow_background(self.session.caller())?;
        }
        let notifier = if stream == Some(false) { None } else { self.notifier() };
        Ok(Waiting { notifier, background })
    }

    /// Waits for work that this call has started: to its end, its deadline, or in the background not at all.
    ///
    /// # Errors
    /// The work's own failure.
    pub(crate) async fn wait(&self, work: Arc<Task>, waiting: Waiting) -> ToolResult {
        let Waiting { notifier, background } = waiting;
        self.turn_passes();
        // Dropped with the call when that is cancelled, and the work is stopped with it.
        let tie = CancelOnDrop::new(Arc::clone(&work));
        let services = self.server.services();
        let ended = !background && progress::follow(services, &work, notifier, false, self.deadline()).await;
        if !ended {
            tie.detach();
            // One in the background answers at once.
            if !background {
                // Rare branches are boxed: the future is as large as its largest branch, and thousands may be in flight.
                Box::pin(services.chat.locate(&work)).await;
            }
        }
        answers::of(&work, ended, self.server.wording(self.caller()))
    }

    /// Waits for work that an earlier call has started. Only text that comes from now on is progress; the answer has all
    /// of it.
    ///
    /// # Errors
    /// The work's own failure.
    pub(crate) async fn rejoin(&self, work: &Task, deadline: Deadline) -> ToolResult {
        self.turn_passes();
        let services = self.server.services();
        let ended = progress::follow(services, work, self.notifier(), true, deadline).await;
        if !ended {
            Box::pin(services.chat.locate(work)).await;
        }
        answers::of(work, ended, self.server.wording(self.caller()))
    }
}

/// Refuses what is a path and no id, with the reason.
fn check_ids(argument: &str, files: &[String]) -> Result<(), ServiceError> {
    match files.iter().position(|file| !is_upload_id(file)) {
        None => Ok(()),
        Some(index) => Err(HostFiles::refused(&format!("{argument}[{index}]")).and_hint(Action::UploadFile)),
    }
}

/// Why a handler gave no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupted {
    /// It has a bug; the panic is in the log.
    Panicked,
    /// The caller cancelled the request, and nobody waits for an answer.
    Cancelled,
}

/// Runs a handler until it ends, panics, or its request is cancelled. rmcp does neither: it lets a handler whose request
/// was cancelled run on, and does not answer the request of one that panics.
///
/// # Errors
/// Why there is no result.
pub(crate) async fn guarded<T>(
    cancelled: &CancellationToken,
    handler: impl Future<Output = T>,
) -> Result<T, Interrupted> {
    tokio::select! {
        biased;
        result = AssertUnwindSafe(handler).catch_unwind() => result.map_err(|_| Interrupted::Panicked),
        () = cancelled.cancelled() => Err(Interrupted::Cancelled),
    }
}
