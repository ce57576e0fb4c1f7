//! Settings of places on disk: what is read at start, and what is kept.

use super::{Entry, Kind};

/// Where `config.toml` is.
pub static CONFIG_DIR: Entry = Entry {
    env: "OLLAMA_MCP_CONFIG_DIR",
    flag: Some("config-dir"),
    key: None,
    value_name: "DIR",
    kind: Kind::Text,
    default: None,
    secret: false,
    help: "The directory of `config.toml`; by default the system's own for `ollama-mcp`, such as `~/.config/ollama-mcp` on Linux.",
};

/// Where conversations are kept.
pub static DATA_DIR: Entry = Entry {
    env: "OLLAMA_MCP_DATA_DIR",
    flag: Some("data-dir"),
    key: Some("data_dir"),
    value_name: "DIR",
    kind: Kind::Text,
    default: None,
    secret: false,
    help: "The directory of `conversations.db`, which every host on the machine shares; by default the system's own for `ollama-mcp`, such as `~/.local/share/ollama-mcp` on Linux.",
};

/// The default system prompt.
pub static SYSTEM_PROMPT_FILE: Entry = Entry {
    env: "OLLAMA_MCP_SYSTEM_PROMPT_FILE",
    flag: Some("system-prompt-file"),
    key: Some("system_prompt_file"),
    value_name: "PATH",
    kind: Kind::Text,
    default: None,
    secret: false,
    help: "A file (at most 64 KiB) with the system prompt for calls that have none; by default `system_prompt.txt` in the config directory, if it exists; changes apply from the next call.",
};
