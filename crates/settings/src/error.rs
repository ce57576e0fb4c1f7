//! What can be wrong with the settings, each as one line that says where and what is right.

use std::path::PathBuf;

/// A wrong setting. Its text never holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A value that cannot be used.
    #[error("{setting}{}: {problem}", shown(value))]
    Invalid {
        /// The variable, the flag, or the key and its file.
        setting: String,
        /// The value, unless it may hold a secret.
        value: Option<String>,
        /// What it must be.
        problem: String,
    },
    /// An `OLLAMA_MCP_*` variable that is no setting.
    #[error(
        "{name} is set, but there is no such setting{}",
        did_you_mean(suggestion, "Unset it, or see --help for all settings.")
    )]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The nearest one that exists.
        suggestion: Option<&'static str>,
    },
    /// A key of `config.toml` that is no setting.
    #[error(
        "{}:{line}: there is no setting {key:?}{}",
        file.display(),
        did_you_mean(suggestion, "Settings are flat: no tables, and the keys that docs/settings.md lists.")
    )]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// The line of the key, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The nearest one that exists.
        suggestion: Option<&'static str>,
    },
    /// A value of the wrong TOML type.
    #[error("{}:{line}: {key} must be {expected}, not {found}", file.display())]
    WrongType {
        /// The file.
        file: PathBuf,
        /// The line of the value, from 1.
        line: usize,
        /// The key.
        key: &'static str,
        /// What it must be.
        expected: &'static str,
        /// Its TOML type.
        found: &'static str,
    },
    /// A `config.toml` that is no TOML.
    #[error("{}:{line}: not valid TOML: {message}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line where reading stopped, from 1.
        line: usize,
        /// What the parser expected; it never quotes the file.
        message: String,
    },
    /// A `config.toml` that exists and cannot be read.
    #[error("cannot read {}: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Two settings that cannot both hold.
    #[error("{first} and {second} contradict each other: {problem}")]
    Contradiction {
        /// One of the two.
        first: String,
        /// The other.
        second: String,
        /// Why, and what to do.
        problem: String,
    },
    /// A setting that another one makes necessary.
    #[error("{setting} is not set: {problem}")]
    Missing {
        /// The variable.
        setting: &'static str,
        /// Why it is needed, with an example.
        problem: String,
    },
}

fn shown(value: &Option<String>) -> String {
    const LONGEST: usize = 100;
    match value {
        Some(value) if value.chars().count() > LONGEST => {
            let start: String = value.chars().take(LONGEST).collect();
            format!(" is {start:?}...")
        }
        Some(value) => format!(" is {value:?}"),
        None => String::new(),
    }
}

fn did_you_mean(suggestion: &Option<&'static str>, otherwise: &str) -> String {
    match suggestion {
        Some(name) => format!("; did you mean {name}?"),
        None => format!(". {otherwise}"),
    }
}
