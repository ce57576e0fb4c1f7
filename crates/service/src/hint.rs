//! Next steps as data: what helps after a failure or a warning, which each front words for its callers.
//!
//! A text of this crate names no tool, flag or variable of a front: an HTTP caller has no tools, and a caller of MCP
//! has no routes. What needs such a name is an [`Action`].

mod operator;

use std::borrow::Cow;
use std::fmt;

/// A next step, in one sentence or a few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The step in words that every front can show.
    pub text: Cow<'static, str>,
    /// The same step as data, where a front can say it better than [`Hint::text`].
    pub action: Option<Action>,
}

/// What a caller should know of a reply that has succeeded, with what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What happened.
    pub text: String,
    /// The next steps.
    pub hints: Vec<Hint>,
    /// What kind it is, for programs.
    pub kind: WarningKind,
}

/// The kinds of warnings that programs tell apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WarningKind {
    #[default]
    Other,
    /// The reply does not match the response format.
    FormatViolated,
    /// The reply could not be checked against the response format.
    FormatUnchecked,
    /// The reply does not call the tool that was required.
    ToolCallMissing,
    /// Tool calls were dropped, because one call was asked for.
    ToolCallsDropped,
    /// The model server gave no log probabilities.
    NoLogprobs,
    /// The reply stopped at a limit of tokens.
    ReplyLimit,
    /// The model did not read all of the prompt.
    PromptCut,
}

impl WarningKind {
    /// The kind as callers see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::FormatViolated => "format_violated",
            Self::FormatUnchecked => "format_unchecked",
            Self::ToolCallMissing => "tool_call_missing",
            Self::ToolCallsDropped => "tool_calls_dropped",
            Self::NoLogprobs => "no_logprobs",
            Self::ReplyLimit => "reply_limit",
            Self::PromptCut => "prompt_cut",
        }
    }
}

/// A step that each front words with its own names of tools, routes, settings and arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// List the models that are installed.
    ListInstalled,
    /// List the models that a server other than Ollama has.
    ListServed,
    /// Install the model.
    Pull { model: String },
    /// Install a model such as this one, as an alternative to the step before.
    PullSuch { example: &'static str },
    /// Install an embedding model such as this one, so that passages are found by their meaning, too.
    PullEmbeddingModel { example: &'static str },
    /// Name an embedding model of the server, for the same.
    NameEmbeddingModel,
    /// Continue a pull that outlasted the call.
    ResumePull { model: String },
    /// Free disk space, or pull a smaller model.
    FreeDisk,
    /// Reach a registry without a verified TLS certificate.
    AllowInsecureRegistry,
    /// Use a model that runs on this machine, or allow files to leave it.
    UseLocalModel,
    /// Use a smaller model or context if the model's process ends again.
    RetrySmaller,

    /// Start a completion.
    StartCompletion,
    /// Start the completion again.
    RestartCompletion,
    /// Fetch the newest completion, as the id is unknown.
    FetchNewest,
    /// Wait for a completion in the background, or cancel one.
    FreeBackground,
    /// Wait for the call that uses the model, or cancel it.
    StopCall,

    /// List the conversations.
    ListConversations,
    /// Start a conversation.
    StartConversation,
    /// Read the conversation, then send the turn again.
    ReadConversation,
    /// Chat without a conversation.
    ChatWithoutConversation,
    /// Repair or move the directory of the conversations.
    SetDataDir(DataDirFault),

    /// Start the model server, or correct its address.
    StartServer(Server),
    /// Correct the address of the model server.
    CheckAddress(Server),
    /// Give the credentials of the model server.
    SetCredentials(Server),
    /// Choose Ollama as the model server.
    UseOllama,
    /// Raise a timeout.
    RaiseTimeout(LimitSetting),
    /// Raise a limit of files.
    RaiseLimit(LimitSetting),
    /// Wait for running completions, or let more of them run concurrently.
    WaitOrRaiseConcurrency,
    /// Repair the file of the default system prompt, or choose another.
    FixSystemPrompt,
    /// Allow files to be read from a directory.
    AllowDirectory,
    /// Allow one file that may hold secrets.
    AllowFile,
    /// Allow files to be sent to another machine.
    AllowRemoteFiles,
    /// Upload the file, and name it by its id.
    UploadFile,
    /// Delete uploaded files that are not needed any more.
    DeleteFiles,
    /// Repair or move the directory of uploaded files.
    SetFilesDir,
    /// Choose the web tools and give the key that they need.
    EnableWeb,
    /// Replace the key of ollama.com, which does not accept it.
    ReplaceWebKey,

    /// Enlarge the context so that the prompt fits, cut the prompt, or send less.
    FitPrompt { num_ctx: u64, num_ctx_is_given: bool, can_cut: bool },
    /// Enlarge the context so that all of the prompt is read.
    ReadWholePrompt { num_ctx: u64, num_ctx_is_given: bool },
    /// Enlarge the context, or send less.
    EnlargeContext,
    /// Send less, as the server has kept its context although a larger one was requested.
    SendLessAsContextIsFixed,
    /// Enlarge the context, or bound the reply.
    EnlargeContextOrBoundReply,
    /// Enlarge the context, so that more of the conversation is read.
    EnlargeContextForHistory,
    /// Allow a longer reply; the context can be enlarged too where `takes_num_ctx`.
    RaiseReplyLimit { takes_num_ctx: bool },
    /// Split files into parts that fit the context, and ask over each.
    SplitFiles { part_bytes: u64 },
    /// Send shorter texts to embed, or have them cut.
    ShortenOrCutTexts,
}

/// A setting that an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitSetting {
    ConnectTimeout,
    FirstByteTimeout,
    IdleTimeout,
    MaxFileBytes,
    MaxAttachmentBytes,
    /// The size of one upload.
    FilesMaxBytes,
    /// The size of all uploads of an owner.
    FilesQuota,
}

/// The kind of model server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Ollama,
    OpenAiCompatible,
}

/// Why the directory of the conversations cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataDirFault {
    /// None is known.
    Unknown,
    NotWritable,
    /// A newer version of this program has written it.
    TooNew,
}

impl Hint {
    /// A step whose text holds for every front.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), action: None }
    }

    /// The texts of several steps; `None` where there are none.
    pub fn join(hints: &[Self]) -> Option<String> {
        let texts: Vec<&str> = hints.iter().map(|hint| hint.text.as_ref()).collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    }
}

impl From<Action> for Hint {
    fn from(action: Action) -> Self {
        Self { text: action.to_string().into(), action: Some(action) }
    }
}

impl From<&'static str> for Hint {
    fn from(text: &'static str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl Warning {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), hints: Vec::new(), kind: WarningKind::Other }
    }

    /// Adds a next step after those that it has.
    pub fn and_hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Sets its kind.
    pub fn of_kind(mut self, kind: WarningKind) -> Self {
        self.kind = kind;
        self
    }
}

impl From<String> for Warning {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        Hint::join(&self.hints).map_or(Ok(()), |hints| write!(f, " {hints}"))
    }
}

impl fmt::Display for Action {
    /// The step without a name of any front.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Pull { model } => return write!(f, "Install it with \"ollama pull {model}\"."),
            Self::PullSuch { example } => {
                return write!(f, "Or install one, for example with \"ollama pull {example}\".");
            }
            Self::PullEmbeddingModel { example } => {
                return write!(f, "Install one, for example with \"ollama pull {example}\".");
            }
            Self::FitPrompt { num_ctx, .. } => {
                return write!(
                    f,
                    "Use a context of {num_ctx} tokens, which takes more memory, or send less."
                );
            }
            Self::ReadWholePrompt { num_ctx, .. } => {
                return write!(
                    f,
                    "A context of {num_ctx} tokens would hold all of it, which takes more memory."
                );
            }
            Self::SplitFiles { part_bytes } => {
                return write!(
                    f,
                    "To have long files read whole, split them into parts of at most {part_bytes} bytes, ask over each part, and ask once \
                     more over the answers."
                );
            }
            Self::NameEmbeddingModel => "Name one of the server's models, or set it in the settings.",
            Self::ListInstalled => "The list of models shows what is installed.",
            Self::ListServed => "The list of models shows what the server has.",
            Self::ResumePull { .. } => "The rest can be fetched by a pull of the model.",
            Self::FreeDisk => "Free some space, or pick a smaller model.",
            Self::AllowInsecureRegistry => {
                "For a registry of your own, the certificate need not be verified if the request says so."
            }
            Self::UseLocalModel => "Use a model that runs on this machine.",
            Self::RetrySmaller => "Ask again; if it happens again, use a smaller model or a smaller context.",
            Self::StartCompletion => "Start one.",
            Self::RestartCompletion => "Ask again.",
            Self::FetchNewest => "Ids end with the server's process.",
            Self::FreeBackground => "Wait for one, or cancel one.",
            Self::StopCall => "Try again when that call has its answer, or stop it.",
            Self::ListConversations => "The list of conversations has their ids.",
            Self::StartConversation => "Or start one.",
            Self::ReadConversation => "Read the conversation, then ask again.",
            Self::ChatWithoutConversation => "A chat without a conversation works.",
            Self::SetDataDir(DataDirFault::Unknown) => "The settings must name a directory for them.",
            Self::SetDataDir(DataDirFault::NotWritable) => {
                "Their directory must be writable for this process."
            }
            Self::SetDataDir(DataDirFault::TooNew) => "Update ollama-mcp.",
            Self::StartServer(Server::Ollama) => "Start it with \"ollama serve\".",
            Self::StartServer(Server::OpenAiCompatible) => "Start it.",
            Self::CheckAddress(Server::Ollama) => "Check that the configured address is that of Ollama.",
            Self::CheckAddress(Server::OpenAiCompatible) => {
                "Check that the configured address is that of the model server."
            }
            Self::SetCredentials(_) => "Check the configured credentials of the model server.",
            Self::UseOllama => "It needs Ollama as the model server.",
            Self::RaiseTimeout(_) => "If the model needs longer, raise this timeout in the settings.",
            Self::RaiseLimit(_) => "The settings can allow more.",
            Self::WaitOrRaiseConcurrency => "Try again when some have ended.",
            Self::FixSystemPrompt => "Fix the file; a call with its own system prompt works.",
            Self::AllowDirectory => "The settings can allow one.",
            Self::AllowFile => "The settings can allow that file itself.",
            Self::AllowRemoteFiles => "The settings can allow it.",
            Self::UploadFile => "Upload the file, and name it by the id that it gets.",
            Self::DeleteFiles => "Delete files that are not needed any more.",
            Self::SetFilesDir => {
                "The directory of uploaded files must be readable and writable for this process."
            }
            Self::EnableWeb => "The settings can hold one.",
            Self::ReplaceWebKey => "A key can be made at ollama.com/settings/keys.",
            Self::EnlargeContext => "Enlarge the context, or send less.",
            Self::SendLessAsContextIsFixed => {
                "A larger context was requested, and the server kept the one that it has. Send less."
            }
            Self::EnlargeContextOrBoundReply => "Enlarge the context, or bound the reply.",
            Self::EnlargeContextForHistory => "Enlarge the context to have more of it read.",
            Self::RaiseReplyLimit { takes_num_ctx: true } => {
                "Set a higher limit of tokens, or enlarge the context."
            }
            Self::RaiseReplyLimit { takes_num_ctx: false } => "Set a higher limit of tokens.",
            Self::ShortenOrCutTexts => "Send shorter texts, or have them cut.",
        };
        f.write_str(text)
    }
}
