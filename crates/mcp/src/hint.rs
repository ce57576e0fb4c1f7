//! Next steps in the words of MCP: the tools that are offered, their arguments, and the settings as a host's
//! configuration has them.

use std::borrow::Cow;
use std::sync::Arc;

use service::ServiceError;
use service::hint::{DataDirFault, LimitSetting, Server};
use service::{Action, Hint, Warning};
use settings::registry as entries;

/// Words failures and next steps for callers of one server. The default one words them for people, who have no tools.
#[derive(Debug, Clone, Default)]
pub(super) struct Wording {
    tools: Arc<[&'static str]>,
    /// They may learn no address and no path, and cannot change the server's settings.
    for_guests: bool,
}

/// The next steps for a person at a terminal, who has no tools; `None` where there are none.
pub fn hint_without_tools(hints: &[Hint]) -> Option<String> {
    Wording::default().hints(hints)
}

impl Wording {
    /// For callers that are offered these tools.
    pub(super) fn new(tools: impl Iterator<Item = &'static str>) -> Self {
        Self { tools: tools.collect(), for_guests: false }
    }

    /// The same for callers without a credential.
    pub(super) fn for_guests(&self) -> Self {
        Self { tools: Arc::clone(&self.tools), for_guests: true }
    }

    /// An error whose next steps are worded. Steps that need a tool that is not offered are dropped.
    pub(super) fn error(&self, mut error: ServiceError) -> ServiceError {
        error.hints = error.hints.iter().filter_map(|hint| self.hint(hint)).map(Hint::text).collect();
        error.message = self.message(&error).into_owned();
        error
    }

    /// What happened, as these callers may learn it.
    pub(super) fn message<'a>(&self, error: &'a ServiceError) -> Cow<'a, str> {
        match self.for_guests {
            true => error.message_without_places().into(),
            false => error.message.as_str().into(),
        }
    }

    /// Next steps as one text; `None` where none is left.
    pub(super) fn hints(&self, hints: &[Hint]) -> Option<String> {
        let worded: Vec<_> = hints.iter().filter_map(|hint| self.hint(hint)).collect();
        (!worded.is_empty()).then(|| worded.join(" "))
    }

    /// A warning with its next steps.
    pub(super) fn warning(&self, warning: &Warning) -> String {
        match self.hints(&warning.hints) {
            Some(hints) => format!("{} {hints}", warning.text),
            None => warning.text.clone(),
        }
    }

    /// Warnings with their next steps.
    pub(super) fn warnings(&self, warnings: &[Warning]) -> Vec<String> {
        warnings.iter().map(|warning| self.warning(warning)).collect()
    }

    fn hint(&self, hint: &Hint) -> Option<String> {
        match &hint.action {
            Some(action) if self.for_guests && action.needs_operator() => {
                action.for_others().map(str::to_owned)
            }
            Some(action) => self.action(action),
            None => Some(hint.text.to_string()),
        }
    }

    fn action(&self, action: &Action) -> Option<String> {
        let text = match action {
            Action::ListInstalled => return self.with("list_models", "list_models shows what is installed."),
            Action::ListServed => return self.with("list_models", "list_models shows what the server has."),
            Action::Pull { model } => self.and(
                "pull_model",
                format!("Install it with \"ollama pull {model}\"."),
                "Or call pull_model.",
            ),
            Action::PullSuch { example } => {
                let install = format!("Or install one, for example with \"ollama pull {example}\".");
                self.and("pull_model", install, "Or call pull_model.")
            }
            Action::PullEmbeddingModel { example } => {
                let install = format!("Install one, for example with \"ollama pull {example}\".");
                let call = format!("Or call pull_model {{\"model\":{example:?}}}.");
                self.and("pull_model", install, &call)
            }
            Action::NameEmbeddingModel => {
                let variable = variable(&entries::EMBEDDING_MODEL);
                format!("Name one of the server's models in embedding_model, or set {variable}.")
            }
            Action::ResumePull { model } => {
                let call = format!(
                    "Or fetch the rest with pull_model {{\"model\":{model:?},\"background\":true}}, then call again."
                );
                return self.with("pull_model", &call);
            }
            Action::FreeDisk => {
                let models = variable(&entries::OLLAMA_MODELS);
                let free = format!(
                    "Free some space, pick a smaller model, or set {models} if Ollama keeps its models elsewhere."
                );
                self.and("delete_model", free, "delete_model frees space.")
            }
            Action::AllowInsecureRegistry => {
                let allow = "For a registry of your own, pull_model and push_model take insecure: true.";
                return self.with("pull_model", allow).and_then(|allow| self.with("push_model", &allow));
            }
            Action::UseLocalModel => {
                let allow = flag(&entries::ALLOW_REMOTE_FILES);
                let list = if self.offers("list_models") { " (list_models)" } else { "" };
                format!("Use a model whose location is local{list}, or let the user allow it with {allow}.")
            }
            Action::RetrySmaller => {
                "Ask again; if it happens again, use a smaller model or a smaller num_ctx.".to_owned()
            }
            Action::StartCompletion => {
                return self.with("chat_completion", "Start one with chat_completion.");
            }
            Action::RestartCompletion => {
                return self.with("chat_completion", "Ask again with chat_completion.");
            }
            Action::FetchNewest => {
                let text = "Ids end with the server's process; in get_completion, leave the id out for the newest completion.";
                return self.with("get_completion", text);
            }
            Action::FreeBackground => {
                let text = "Wait for one with get_completion, or stop one with cancel_completion.";
                return self
                    .with("get_completion", text)
                    .and_then(|text| self.with("cancel_completion", &text));
            }
            Action::StopCall => {
                let stop = "Try again when that call has its answer, or stop it.".to_owned();
                self.and("cancel_completion", stop, "cancel_completion stops it.")
            }
            Action::ListConversations => {
                return self.with("list_conversations", "list_conversations lists them.");
            }
            Action::StartConversation => return self.with("converse", "converse starts one."),
            Action::ReadConversation => {
                let read = "Read the conversation, then ask again.".to_owned();
                self.and("get_conversation", read, "get_conversation reads it.")
            }
            Action::ChatWithoutConversation => {
                return self.with("chat_completion", "chat_completion works without.");
            }
            Action::SetDataDir(fault) => {
                let dir = variable(&entries::DATA_DIR);
                match fault {
                    DataDirFault::Unknown => format!("Set {dir} to a directory."),
                    DataDirFault::NotWritable => {
                        format!("Make its directory writable for this user, or set {dir} to another.")
                    }
                    DataDirFault::TooNew => format!("Update ollama-mcp, or set {dir} to another directory."),
                }
            }
            Action::StartServer(Server::Ollama) => {
                format!("Start it with \"ollama serve\", or set {}.", address(Server::Ollama))
            }
            Action::StartServer(server) => format!("Start it, or set {}.", address(*server)),
            Action::CheckAddress(server) => {
                let name = match server {
                    Server::Ollama => "Ollama",
                    Server::OpenAiCompatible => "the model server",
                };
                format!("Check that {} is the address of {name}.", address(*server))
            }
            Action::SetCredentials(Server::Ollama) => format!(
                "If the server wants a token, set {}; it may also refuse this host name (OLLAMA_ORIGINS).",
                variable(&entries::AUTH_TOKEN)
            ),
            Action::SetCredentials(Server::OpenAiCompatible) => {
                format!("Set {}.", variable(&entries::API_KEY))
            }
            Action::UseOllama => format!("Set {}=ollama.", variable(&entries::PROVIDER)),
            Action::RaiseTimeout(setting) => format!("Raise {} if the model needs longer.", named(*setting)),
            Action::RaiseLimit(setting) => format!("The user can raise {}.", named(*setting)),
            Action::WaitOrRaiseConcurrency => {
                format!("Try again when some have ended, or raise {}.", variable(&entries::MAX_CONCURRENT))
            }
            Action::FixSystemPrompt => format!(
                "Fix the file, or set {} to another one; a call with its own system prompt works.",
                variable(&entries::SYSTEM_PROMPT_FILE)
            ),
            Action::AllowDirectory => format!(
                "The user can allow one in the host's configuration: {} DIR, or {}.",
                flag(&entries::ALLOWED_DIRS),
                variable(&entries::ALLOWED_DIRS)
            ),
            Action::AllowFile => format!("The user can allow it with {} FILE.", flag(&entries::ALLOWED_DIRS)),
            Action::AllowRemoteFiles => {
                format!("The user can allow it with {}.", flag(&entries::ALLOW_REMOTE_FILES))
            }
            Action::UploadFile => {
                "POST /upload of this server takes a file and answers with its id.".to_owned()
            }
            Action::DeleteFiles => "DELETE /x/files/{id} of this server deletes one.".to_owned(),
            Action::SetFilesDir => format!(
                "The user should look at {}: it must be readable and writable for the server, and the same for all servers over one database.",
                variable(&entries::SERVE_FILES_DIR)
            ),
            Action::EnableWeb => format!(
                "Set {}, and web among {}.",
                variable(&entries::OLLAMA_API_KEY),
                variable(&entries::TOOLSETS)
            ),
            Action::ReplaceWebKey => format!(
                "Set {} to a key from ollama.com/settings/keys and restart the server.",
                variable(&entries::OLLAMA_API_KEY)
            ),
            Action::FitPrompt { num_ctx, num_ctx_is_given, can_cut } => {
                let cut = if *can_cut { ", set truncation to \"auto\" to have the prompt cut" } else { "" };
                let enlarge = enlarge(*num_ctx, *num_ctx_is_given);
                format!("{enlarge} (a larger context takes more memory){cut}, or send less.")
            }
            Action::ReadWholePrompt { num_ctx, num_ctx_is_given } => {
                let enlarge = enlarge(*num_ctx, *num_ctx_is_given);
                format!("{enlarge}, to have it read whole (this takes more memory).")
            }
            Action::EnlargeContext => "Raise num_ctx, or send less.".to_owned(),
            Action::SendLessAsContextIsFixed => {
                "A larger num_ctx was requested, and the server kept its context. Send less.".to_owned()
            }
            Action::EnlargeContextOrBoundReply => "Raise num_ctx, or lower max_tokens.".to_owned(),
            Action::EnlargeContextForHistory => "Raise num_ctx to have more of it read.".to_owned(),
            Action::RaiseReplyLimit { takes_num_ctx: true } => "Set max_tokens, or raise num_ctx.".to_owned(),
            Action::RaiseReplyLimit { takes_num_ctx: false } => "Set max_tokens.".to_owned(),
            Action::SplitFiles { part_bytes } => {
                let split = format!(
                    "To have long files read whole, split them into parts of at most {part_bytes} bytes, give the parts to batch_completion as \
                     files, and ask once more over its results."
                );
                let whole = "summarize_files and ask_files read files of any length.";
                let read = self.with("ask_files", whole).and_then(|read| self.with("summarize_files", &read));
                return read.or_else(|| self.with("batch_completion", &split));
            }
            Action::ShortenOrCutTexts => {
                "Send shorter texts, or leave truncate out to have it cut.".to_owned()
            }
        };
        Some(text)
    }

    fn offers(&self, tool: &str) -> bool {
        self.tools.contains(&tool)
    }

    /// A text that makes sense only with a tool.
    fn with(&self, tool: &str, text: &str) -> Option<String> {
        self.offers(tool).then(|| text.to_owned())
    }

    /// A text, and after it one that makes sense only with a tool.
    fn and(&self, tool: &str, text: String, more: &str) -> String {
        if self.offers(tool) { format!("{text} {more}") } else { text }
    }
}

/// How to ask for a larger context. `grow` chooses one only where the call gives none.
fn enlarge(num_ctx: u64, num_ctx_is_given: bool) -> String {
    match num_ctx_is_given {
        true => format!("Set num_ctx to {num_ctx}, or leave it out and set truncation to \"grow\""),
        false => format!("Set num_ctx to {num_ctx}, or truncation to \"grow\""),
    }
}

/// The setting of the server's address.
fn address(server: Server) -> &'static str {
    match server {
        Server::Ollama => variable(&entries::OLLAMA_HOST),
        Server::OpenAiCompatible => variable(&entries::BASE_URL),
    }
}

fn named(setting: LimitSetting) -> &'static str {
    match setting {
        LimitSetting::ConnectTimeout => variable(&entries::CONNECT_TIMEOUT),
        LimitSetting::FirstByteTimeout => variable(&entries::FIRST_BYTE_TIMEOUT),
        LimitSetting::IdleTimeout => variable(&entries::IDLE_TIMEOUT),
        LimitSetting::MaxFileBytes => variable(&entries::MAX_FILE_BYTES),
        LimitSetting::MaxAttachmentBytes => variable(&entries::MAX_ATTACHMENT_BYTES),
        LimitSetting::FilesMaxBytes => variable(&entries::SERVE_FILES_MAX_BYTES),
        LimitSetting::FilesQuota => variable(&entries::SERVE_FILES_QUOTA),
    }
}

fn variable(entry: &settings::SettingInfo) -> &'static str {
    entry.env
}

/// A setting's flag; its variable where it has none.
fn flag(entry: &settings::SettingInfo) -> String {
    entry.flag().map_or_else(|| entry.env.to_owned(), |flag| format!("--{flag}"))
}

#[cfg(test)]
mod tests;
