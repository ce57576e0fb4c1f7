//! The settings of files as attachments.

use super::{Entry, Kind};

/// What calls may read.
pub static ALLOWED_DIRS: Entry = Entry {
    env: "OLLAMA_MCP_ALLOWED_DIRS",
    flag: Some("allow-dir"),
    key: Some("allowed_dirs"),
    value_name: "DIR",
    kind: Kind::Paths,
    default: None,
    secret: false,
    help: "Directories whose files may be attached to calls (single files too); give the flag once for each, the variable as a list like `PATH`.",
};

/// Whether files may leave the machine.
pub static ALLOW_REMOTE_FILES: Entry = Entry {
    env: "OLLAMA_MCP_ALLOW_REMOTE_FILES",
    flag: Some("allow-remote-files"),
    key: Some("allow_remote_files"),
    value_name: "BOOL",
    kind: Kind::Switch,
    default: Some("false"),
    secret: false,
    help: "Sends attached files also to models that do not run on this machine.",
};

/// The largest attachment.
pub static MAX_FILE_BYTES: Entry = Entry {
    env: "OLLAMA_MCP_MAX_FILE_BYTES",
    flag: Some("max-file-bytes"),
    key: Some("max_file_bytes"),
    value_name: "SIZE",
    kind: Kind::Quantity,
    default: Some("20MB"),
    secret: false,
    help: "The largest file that may be attached.",
};

/// The largest sum of a call's attachments.
pub static MAX_ATTACHMENT_BYTES: Entry = Entry {
    env: "OLLAMA_MCP_MAX_ATTACHMENT_BYTES",
    flag: Some("max-attachment-bytes"),
    key: Some("max_attachment_bytes"),
    value_name: "SIZE",
    kind: Kind::Quantity,
    default: Some("50MB"),
    secret: false,
    help: "The largest total size of the files of one call.",
};
