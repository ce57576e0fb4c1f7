//! Every setting, declared once: environment variable, flag, `config.toml` key, default and help.
//!
//! The command line builds its options and `--help` from [`ENTRIES`], `docs/settings.md` is generated
//! from it, and `doctor` lists it. A secret has no flag: any user of a machine can read the command
//! lines of its processes.

mod files;
mod models;
mod places;

pub use files::{ALLOW_REMOTE_FILES, ALLOWED_DIRS, MAX_ATTACHMENT_BYTES, MAX_FILE_BYTES};
pub use models::{AUTO_PULL, MODEL, OLLAMA_MODELS};
pub use places::{CONFIG_DIR, DATA_DIR, SYSTEM_PROMPT_FILE};

/// One setting and its names.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The environment variable; it identifies the setting.
    pub env: &'static str,
    /// The flag without its dashes, such as `ollama-host`.
    pub flag: Option<&'static str>,
    /// The key in `config.toml`.
    pub key: Option<&'static str>,
    /// What the value is, in capitals, for `--help`: `ADDRESS`, `DURATION`.
    pub value_name: &'static str,
    /// Which TOML types it takes.
    pub kind: Kind,
    /// The default as a user would write it; `None` where there is none.
    pub default: Option<&'static str>,
    /// Whether the value must never be shown.
    pub secret: bool,
    /// What it does, in Markdown, with its units.
    pub help: &'static str,
}

/// Which TOML types a setting takes, and when it counts as set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string. Blank counts as unset.
    Text,
    /// A string; one with credentials in it is not shown, even where it is not used. Blank counts as unset.
    Address,
    /// A string with a unit, or an integer. Blank counts as unset.
    Quantity,
    /// A list of paths as `PATH` has them, or an array; the flag may be given again. Blank counts as unset.
    Paths,
    /// `true` or `false`, as text too; the flag alone means `true`. Blank counts as unset.
    Switch,
    /// Set by any value that is not empty.
    Presence,
}

/// Every setting, in the order in which a user should meet them.
pub static ENTRIES: [&Entry; 31] = [
    &PROVIDER,
    &OLLAMA_HOST,
    &OLLAMA_BASE_URL,
    &AUTH_TOKEN,
    &OLLAMA_API_KEY,
    &BASE_URL,
    &API_KEY,
    &HEADERS,
    &CONNECT_TIMEOUT,
    &FIRST_BYTE_TIMEOUT,
    &IDLE_TIMEOUT,
    &MODEL,
    &SYSTEM_PROMPT_FILE,
    &AUTO_PULL,
    &OLLAMA_MODELS,
    &MAX_CONCURRENT,
    &CALL_DEADLINE,
    &PROGRESS_INTERVAL,
    &ALLOWED_DIRS,
    &ALLOW_REMOTE_FILES,
    &MAX_FILE_BYTES,
    &MAX_ATTACHMENT_BYTES,
    &TOOLSETS,
    &READ_ONLY,
    &CONFIRM,
    &MAX_MESSAGE_BYTES,
    &LOG,
    &LOG_FILE,
    &NO_COLOR,
    &CONFIG_DIR,
    &DATA_DIR,
];

/// Which kind of model server.
pub static PROVIDER: Entry = Entry {
    env: "OLLAMA_MCP_PROVIDER",
    flag: Some("provider"),
    key: Some("provider"),
    value_name: "KIND",
    kind: Kind::Text,
    default: Some("ollama"),
    secret: false,
    help: "The kind of model server: `ollama`, or `openai` for any OpenAI-compatible server.",
};

/// Where Ollama is.
pub static OLLAMA_HOST: Entry = Entry {
    env: "OLLAMA_HOST",
    flag: Some("ollama-host"),
    key: Some("ollama_host"),
    value_name: "ADDRESS",
    kind: Kind::Address,
    default: Some("http://127.0.0.1:11434"),
    secret: false,
    help: "The address of Ollama, as Ollama itself reads it: `HOST`, `HOST:PORT` or a URL.",
};

/// The name that other tools use for `OLLAMA_HOST`.
pub static OLLAMA_BASE_URL: Entry = Entry {
    env: "OLLAMA_BASE_URL",
    flag: None,
    key: None,
    value_name: "ADDRESS",
    kind: Kind::Address,
    default: None,
    secret: false,
    help: "Another name for `OLLAMA_HOST`; the two must not differ.",
};

/// The bearer token of a private Ollama.
pub static AUTH_TOKEN: Entry = Entry {
    env: "OLLAMA_MCP_AUTH_TOKEN",
    flag: None,
    key: Some("auth_token"),
    value_name: "TOKEN",
    kind: Kind::Text,
    default: None,
    secret: true,
    help: "Bearer token for an Ollama behind a proxy of your own.",
};

/// The key of ollama.com.
pub static OLLAMA_API_KEY: Entry = Entry {
    env: "OLLAMA_API_KEY",
    flag: None,
    key: Some("ollama_api_key"),
    value_name: "KEY",
    kind: Kind::Text,
    default: None,
    secret: true,
    help: "API key of ollama.com, for the toolset `web` or for ollama.com as `OLLAMA_HOST`; it goes there over https and nowhere else.",
};

/// Where an OpenAI-compatible server is.
pub static BASE_URL: Entry = Entry {
    env: "OLLAMA_MCP_BASE_URL",
    flag: Some("base-url"),
    key: Some("base_url"),
    value_name: "URL",
    kind: Kind::Address,
    default: None,
    secret: false,
    help: "The address of the OpenAI-compatible server, ending in `/v1`; required with `openai`, refused with `ollama`.",
};

/// The key of an OpenAI-compatible server.
pub static API_KEY: Entry = Entry {
    env: "OLLAMA_MCP_API_KEY",
    flag: None,
    key: Some("api_key"),
    value_name: "KEY",
    kind: Kind::Text,
    default: None,
    secret: true,
    help: "API key (bearer) of the OpenAI-compatible server.",
};

/// Extra request headers.
pub static HEADERS: Entry = Entry {
    env: "OLLAMA_MCP_HEADERS",
    flag: None,
    key: Some("headers"),
    value_name: "HEADERS",
    kind: Kind::Text,
    default: None,
    secret: true,
    help: "Extra headers for every request to the model server, one `Name: value` a line.",
};

/// Limit of a connection attempt.
pub static CONNECT_TIMEOUT: Entry = Entry {
    env: "OLLAMA_MCP_CONNECT_TIMEOUT",
    flag: Some("connect-timeout"),
    key: Some("connect_timeout"),
    value_name: "DURATION",
    kind: Kind::Quantity,
    default: Some("5s"),
    secret: false,
    help: "How long connecting to the model server may take.",
};

/// Limit until an answer begins.
pub static FIRST_BYTE_TIMEOUT: Entry = Entry {
    env: "OLLAMA_MCP_FIRST_BYTE_TIMEOUT",
    flag: Some("first-byte-timeout"),
    key: Some("first_byte_timeout"),
    value_name: "DURATION",
    kind: Kind::Quantity,
    default: Some("600s"),
    secret: false,
    help: "How long an answer may take to begin; loading a model takes minutes.",
};

/// Limit between two pieces of an answer.
pub static IDLE_TIMEOUT: Entry = Entry {
    env: "OLLAMA_MCP_IDLE_TIMEOUT",
    flag: Some("idle-timeout"),
    key: Some("idle_timeout"),
    value_name: "DURATION",
    kind: Kind::Quantity,
    default: Some("300s"),
    secret: false,
    help: "The longest gap between two chunks of an answer.",
};

/// Coalescing of progress.
pub static PROGRESS_INTERVAL: Entry = Entry {
    env: "OLLAMA_MCP_PROGRESS_INTERVAL",
    flag: Some("progress-interval"),
    key: Some("progress_interval"),
    value_name: "DURATION",
    kind: Kind::Quantity,
    default: Some("50ms"),
    secret: false,
    help: "How long new text is collected before it is sent as progress; a plain number is milliseconds, `0` sends each chunk immediately.",
};

/// Limit of one line of input.
pub static MAX_MESSAGE_BYTES: Entry = Entry {
    env: "OLLAMA_MCP_MAX_MESSAGE_BYTES",
    flag: Some("max-message-bytes"),
    key: Some("max_message_bytes"),
    value_name: "SIZE",
    kind: Kind::Quantity,
    default: Some("16MiB"),
    secret: false,
    help: "The longest message accepted on stdin.",
};

/// How many completions run at once.
pub static MAX_CONCURRENT: Entry = Entry {
    env: "OLLAMA_MCP_MAX_CONCURRENT",
    flag: Some("max-concurrent"),
    key: Some("max_concurrent"),
    value_name: "N",
    kind: Kind::Quantity,
    default: Some("4"),
    secret: false,
    help: "Completions that run at once in this process; the others wait for their turn, and `1` runs them strictly one after another.",
};

/// When a call returns with what there is.
pub static CALL_DEADLINE: Entry = Entry {
    env: "OLLAMA_MCP_CALL_DEADLINE",
    flag: Some("call-deadline"),
    key: Some("call_deadline"),
    value_name: "DURATION",
    kind: Kind::Quantity,
    default: Some("auto"),
    secret: false,
    help: "How long a call waits before it returns the text so far while the completion continues: a duration (a plain number is seconds), `never`, or `auto`, which depends on the host.",
};

/// Which tools there are.
pub static TOOLSETS: Entry = Entry {
    env: "OLLAMA_MCP_TOOLSETS",
    flag: Some("toolsets"),
    key: Some("toolsets"),
    value_name: "LIST",
    kind: Kind::Text,
    default: Some("generate,models,embeddings,conversations,compare"),
    secret: false,
    help: "The tools besides the core ones: `generate`, `models`, `embeddings`, `conversations`, `compare`, `web` (needs `OLLAMA_API_KEY`), separated by commas; or `all`, or `core` for none of them; without `conversations` nothing is stored.",
};

/// No tool that changes anything.
pub static READ_ONLY: Entry = Entry {
    env: "OLLAMA_MCP_READ_ONLY",
    flag: Some("read-only"),
    key: Some("read_only"),
    value_name: "BOOL",
    kind: Kind::Switch,
    default: Some("false"),
    secret: false,
    help: "Leaves out every tool that changes anything or leaves the machine.",
};

/// Who may confirm what destroys or publishes.
pub static CONFIRM: Entry = Entry {
    env: "OLLAMA_MCP_CONFIRM",
    flag: Some("confirm"),
    key: Some("confirm"),
    value_name: "HOW",
    kind: Kind::Text,
    default: Some("auto"),
    secret: false,
    help: "Who confirms deleting, overwriting and publishing: `auto` asks the user where the host can, and else accepts `confirm: true`; `elicit` accepts the user's own answer only.",
};

/// What is logged.
pub static LOG: Entry = Entry {
    env: "OLLAMA_MCP_LOG",
    flag: Some("log"),
    key: Some("log"),
    value_name: "FILTER",
    kind: Kind::Text,
    default: Some("warn"),
    secret: false,
    help: "What is logged: `off`, `error`, `warn`, `info`, `debug`, `trace`, or such levels per target, as in `warn,ollama_mcp=debug`.",
};

/// Where the log goes besides stderr.
pub static LOG_FILE: Entry = Entry {
    env: "OLLAMA_MCP_LOG_FILE",
    flag: Some("log-file"),
    key: Some("log_file"),
    value_name: "PATH",
    kind: Kind::Text,
    default: None,
    secret: false,
    help: "A file to write the log to as well; by default the log goes to stderr only.",
};

/// The convention of <https://no-color.org>.
pub static NO_COLOR: Entry = Entry {
    env: "NO_COLOR",
    flag: None,
    key: None,
    value_name: "ANY",
    kind: Kind::Presence,
    default: None,
    secret: false,
    help: "Any value that is not empty turns colours off.",
};
