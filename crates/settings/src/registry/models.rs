//! Settings of models: the default one, and those that are pulled.

use super::{Entry, Kind};

/// The default model.
pub static MODEL: Entry = Entry {
    env: "OLLAMA_MODEL",
    flag: Some("model"),
    key: Some("model"),
    value_name: "NAME",
    kind: Kind::Text,
    default: None,
    secret: false,
    help: "The model for calls that name none; by default a loaded one, or else the newest installed.",
};

/// Models that are pulled when a call names them.
pub static AUTO_PULL: Entry = Entry {
    env: "OLLAMA_MCP_AUTO_PULL",
    flag: Some("auto-pull"),
    key: Some("auto_pull"),
    value_name: "BOOL",
    kind: Kind::Switch,
    default: Some("false"),
    secret: false,
    help: "Pulls a model that a call names and that is not installed, then continues the call: only from Ollama, never a cloud model, and not with `OLLAMA_MCP_READ_ONLY`.",
};

/// Where the free disk is looked at before a pull.
pub static OLLAMA_MODELS: Entry = Entry {
    env: "OLLAMA_MODELS",
    flag: Some("ollama-models"),
    key: Some("ollama_models"),
    value_name: "DIR",
    kind: Kind::Text,
    default: None,
    secret: false,
    help: "Where an Ollama on this machine stores its models: a pull larger than the free space there is stopped; by default Ollama's usual directories.",
};
