//! Every setting, declared once.
//!
//! To add one, declare it here, or with those of the HTTP server in `serve`, at the position where the documents should list it, and add a field with
//! `= registry::NAME` to the struct of its group.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::headers::{self, Header};
use super::host_url::HostUrl;
use super::provider::{self, Api};
use super::secret::Secret;
use super::server::{self, CallDeadline};
use super::setting::{Exposure, Setting, SettingInfo, ValueKind, settings};
use super::tools::{self, Confirm, Toolset};
use super::{files, parse, store};

mod serve;

pub use serve::*;

/// Every setting: those of both fronts, then those of `serve` alone.
pub fn all() -> impl Iterator<Item = &'static SettingInfo> {
    SETTINGS.iter().chain(SERVE_SETTINGS).copied()
}

/// Whether only `serve` has this setting.
pub fn is_of_serve(setting: &SettingInfo) -> bool {
    SERVE_SETTINGS.contains(&setting)
}

settings! {
    /// Every setting of the server, whichever front it has, in the order in which a user should meet them.
    list SETTINGS;

    /// The kind of model server: `ollama`, or `openai` for any OpenAI-compatible server.
    PROVIDER: Api {
        env: "OLLAMA_MCP_PROVIDER", flag: "provider", key: "provider",
        value: "KIND" Text, parse: provider::api, values: || vec!["ollama", "openai"], default: "ollama",
    }

    /// The address of Ollama, as Ollama itself reads it: `HOST`, `HOST:PORT` or a URL.
    OLLAMA_HOST: HostUrl {
        env: "OLLAMA_HOST", flag: "ollama-host", key: "ollama_host",
        value: "ADDRESS" Address, parse: provider::ollama_address, default: "http://127.0.0.1:11434",
    }

    /// Another name for `OLLAMA_HOST`; the two must not differ.
    OLLAMA_BASE_URL: Option<HostUrl> {
        env: "OLLAMA_BASE_URL",
        value: "ADDRESS" Address, parse: provider::ollama_address,
    }

    /// Another name for `OLLAMA_HOST`, as other programs know it; it counts only where nothing else sets the address.
    OLLAMA_URL: Option<HostUrl> {
        env: "OLLAMA_URL",
        value: "ADDRESS" Address, parse: provider::ollama_address,
    }

    /// Bearer token for an Ollama behind a proxy of your own.
    AUTH_TOKEN: Option<Secret> {
        env: "OLLAMA_MCP_AUTH_TOKEN", secret, key: "auth_token",
        value: "TOKEN" Text, parse: parse::token,
    }

    /// API key of ollama.com, for the toolset `web` or for ollama.com as `OLLAMA_HOST`; it is sent only there, over
    /// https.
    OLLAMA_API_KEY: Option<Secret> {
        env: "OLLAMA_API_KEY", secret, key: "ollama_api_key",
        value: "KEY" Text, parse: parse::token,
    }

    /// The address of the OpenAI-compatible server, ending in `/v1`; required with `openai`, refused with `ollama`.
    BASE_URL: Option<HostUrl> {
        env: "OLLAMA_MCP_BASE_URL", flag: "base-url", key: "base_url",
        value: "URL" Address, parse: provider::openai_address,
    }

    /// API key (bearer) of the OpenAI-compatible server.
    API_KEY: Option<Secret> {
        env: "OLLAMA_MCP_API_KEY", secret, key: "api_key",
        value: "KEY" Text, parse: parse::token,
    }

    /// Extra headers for every request to the model server, one `Name: value` a line.
    HEADERS: Vec<Header> {
        env: "OLLAMA_MCP_HEADERS", secret, key: "headers",
        value: "HEADERS" Text, parse: headers::headers,
    }

    /// How long connecting to the model server may take.
    CONNECT_TIMEOUT: Duration {
        env: "OLLAMA_MCP_CONNECT_TIMEOUT", flag: "connect-timeout", key: "connect_timeout",
        value: "DURATION" Quantity, parse: parse::timeout, default: "5s",
    }

    /// How long an answer may take to begin; loading a model can take minutes.
    FIRST_BYTE_TIMEOUT: Duration {
        env: "OLLAMA_MCP_FIRST_BYTE_TIMEOUT", flag: "first-byte-timeout", key: "first_byte_timeout",
        value: "DURATION" Quantity, parse: parse::timeout, default: "600s",
    }

    /// The longest gap between two chunks of an answer.
    IDLE_TIMEOUT: Duration {
        env: "OLLAMA_MCP_IDLE_TIMEOUT", flag: "idle-timeout", key: "idle_timeout",
        value: "DURATION" Quantity, parse: parse::timeout, default: "300s",
    }

    /// The model for calls that name none; by default a loaded one, or else the newest installed.
    MODEL: Option<String> {
        env: "OLLAMA_MODEL", flag: "model", key: "model",
        value: "NAME" Text, parse: parse::model_name,
    }

    /// The model for embeddings of calls that name none; by default the first installed that makes them.
    EMBEDDING_MODEL: Option<String> {
        env: "OLLAMA_MCP_EMBEDDING_MODEL", flag: "embedding-model", key: "embedding_model",
        value: "NAME" Text, parse: parse::model_name,
    }

    /// A file (at most 64 KiB) with the system prompt for calls that have none; by default `system_prompt.txt` in the
    /// config directory, if it exists; changes apply from the next call.
    SYSTEM_PROMPT_FILE: Option<PathBuf> {
        env: "OLLAMA_MCP_SYSTEM_PROMPT_FILE", flag: "system-prompt-file", key: "system_prompt_file",
        value: "PATH" Text, parse: parse::path,
    }

    /// Pulls a model that a call names and that is not installed, then continues the call: only from Ollama, never a
    /// cloud model, and not with `OLLAMA_MCP_READ_ONLY`.
    AUTO_PULL: bool {
        env: "OLLAMA_MCP_AUTO_PULL", flag: "auto-pull", key: "auto_pull",
        value: "BOOL" Switch, parse: parse::switch, default: "false",
    }

    /// Where an Ollama on this machine stores its models: a pull larger than the free space there is stopped; by
    /// default Ollama's usual directories.
    OLLAMA_MODELS: Option<PathBuf> {
        env: "OLLAMA_MODELS", flag: "ollama-models", key: "ollama_models",
        value: "DIR" Text, parse: parse::path_from_home,
    }

    /// Completions that run concurrently in this process; the others wait for their turn, and `1` runs them strictly
    /// one after another.
    MAX_CONCURRENT: usize {
        env: "OLLAMA_MCP_MAX_CONCURRENT", flag: "max-concurrent", key: "max_concurrent",
        value: "N" Quantity, parse: parse::count, default: "4",
    }

    /// How long a call waits before it returns the text so far while the completion continues: a duration (a plain
    /// number is seconds), `never`, or `auto`, which depends on the host.
    CALL_DEADLINE: CallDeadline {
        env: "OLLAMA_MCP_CALL_DEADLINE", flag: "call-deadline", key: "call_deadline",
        value: "DURATION" Quantity, parse: server::call_deadline, values: || vec!["auto", "never"], default: "auto",
    }

    /// How long new text is collected before it is sent as progress; a plain number is milliseconds, `0` sends each
    /// chunk immediately.
    PROGRESS_INTERVAL: Duration {
        env: "OLLAMA_MCP_PROGRESS_INTERVAL", flag: "progress-interval", key: "progress_interval",
        value: "DURATION" Quantity, parse: parse::interval, default: "50ms",
    }

    /// Directories whose files may be attached to calls (single files too); give the flag once for each, the variable
    /// as a list like `PATH`.
    ALLOWED_DIRS: Vec<PathBuf> {
        env: "OLLAMA_MCP_ALLOWED_DIRS", flag: "allow-dir", key: "allowed_dirs",
        value: "DIR" Paths, parse: files::allowed,
    }

    /// Sends attached files also to models that do not run on this machine.
    ALLOW_REMOTE_FILES: bool {
        env: "OLLAMA_MCP_ALLOW_REMOTE_FILES", flag: "allow-remote-files", key: "allow_remote_files",
        value: "BOOL" Switch, parse: parse::switch, default: "false",
    }

    /// The largest file that may be attached.
    MAX_FILE_BYTES: usize {
        env: "OLLAMA_MCP_MAX_FILE_BYTES", flag: "max-file-bytes", key: "max_file_bytes",
        value: "SIZE" Quantity, parse: parse::size, default: "20MB",
    }

    /// The largest total size of the files of one call.
    MAX_ATTACHMENT_BYTES: usize {
        env: "OLLAMA_MCP_MAX_ATTACHMENT_BYTES", flag: "max-attachment-bytes", key: "max_attachment_bytes",
        value: "SIZE" Quantity, parse: parse::size, default: "50MB",
    }

    /// The tools besides the core ones: `generate`, `models`, `embeddings`, `conversations`, `compare`, `files`
    /// (needs `OLLAMA_MCP_ALLOWED_DIRS`), `web` (needs `OLLAMA_API_KEY`), separated by commas; or `all`, or `core` for none of them; without `conversations` nothing
    /// is stored.
    TOOLSETS: BTreeSet<Toolset> {
        env: "OLLAMA_MCP_TOOLSETS", flag: "toolsets", key: "toolsets",
        value: "LIST" Text, parse: tools::toolsets, values: tools::toolset_names,
        default: "generate,models,embeddings,conversations,compare,files",
    }

    /// Leaves out the tools that load, download, store, delete or publish anything, and the web tools.
    READ_ONLY: bool {
        env: "OLLAMA_MCP_READ_ONLY", flag: "read-only", key: "read_only",
        value: "BOOL" Switch, parse: parse::switch, default: "false",
    }

    /// Who confirms deleting, overwriting and publishing: `auto` asks the user where the host can, and else accepts
    /// `confirm: true`; `elicit` accepts the user's own answer only.
    CONFIRM: Confirm {
        env: "OLLAMA_MCP_CONFIRM", flag: "confirm", key: "confirm",
        value: "HOW" Text, parse: tools::confirm, values: || vec!["auto", "elicit"], default: "auto",
    }

    /// The longest message accepted on stdin.
    MAX_MESSAGE_BYTES: usize {
        env: "OLLAMA_MCP_MAX_MESSAGE_BYTES", flag: "max-message-bytes", key: "max_message_bytes",
        value: "SIZE" Quantity, parse: parse::size, default: "16MiB",
    }

    /// What is logged: `off`, `error`, `warn`, `info`, `debug`, `trace`, or such levels per target, as in
    /// `warn,ollama_mcp=debug`.
    LOG: String {
        env: "OLLAMA_MCP_LOG", flag: "log", key: "log",
        value: "FILTER" Text, parse: parse::log_filter, values: || parse::LOG_LEVELS.to_vec(), default: "warn",
    }

    /// A file to write the log to as well; by default the log goes to stderr only.
    LOG_FILE: Option<PathBuf> {
        env: "OLLAMA_MCP_LOG_FILE", flag: "log-file", key: "log_file",
        value: "PATH" Text, parse: parse::path,
    }

    /// Any value that is not empty turns colours off.
    NO_COLOR: bool {
        env: "NO_COLOR",
        value: "ANY" Presence, parse: parse::presence,
    }

    /// The directory of `config.toml`; by default the system's own for `ollama-mcp`, such as `~/.config/ollama-mcp` on
    /// Linux.
    CONFIG_DIR: Option<PathBuf> {
        env: "OLLAMA_MCP_CONFIG_DIR", flag: "config-dir",
        value: "DIR" Text, parse: parse::path,
    }

    /// The directory of `conversations.db`, which every host on the machine shares; by default the system's own for
    /// `ollama-mcp`, such as `~/.local/share/ollama-mcp` on Linux.
    DATA_DIR: Option<PathBuf> {
        env: "OLLAMA_MCP_DATA_DIR", flag: "data-dir", key: "data_dir",
        value: "DIR" Text, parse: parse::path,
    }

    /// Keeps the index of files on disk; without it each call reads them anew.
    INDEX: bool {
        env: "OLLAMA_MCP_INDEX", flag: "index", key: "index",
        value: "BOOL" Switch, parse: parse::switch, default: "true",
    }

    /// A PostgreSQL database for everything that is stored, in place of the file in the data directory:
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    DATABASE_URL: Option<Secret> {
        env: "OLLAMA_MCP_DATABASE_URL", secret, key: "database_url",
        value: "URL" Text, parse: store::database_url,
    }

    /// A file with the password of the database, whose URL then has none; it is read at the start.
    DATABASE_PASSWORD_FILE: Option<PathBuf> {
        env: "OLLAMA_MCP_DATABASE_PASSWORD_FILE", flag: "database-password-file", key: "database_password_file",
        value: "PATH" Text, parse: parse::path,
    }
}
