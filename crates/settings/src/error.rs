//! What can be wrong with the settings: each error is one line with the name of the setting, the problem and a valid
//! value.

use std::path::PathBuf;

/// A wrong setting. The text never contains the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("{setting}{}: {problem}", shown(value))]
    Invalid {
        /// The variable, the flag, or the key and its file.
        setting: String,
        /// The value, unless it may hold a secret.
        value: Option<String>,
        /// What the value must be.
        problem: String,
    },
    /// An `OLLAMA_MCP_*` variable that is not a setting.
    #[error(
        "{name} is set, but there is no such setting{}",
        did_you_mean(suggestion, "Unset it, or see --help for all settings.")
    )]
    UnknownVariable {
        name: String,
        /// The nearest name that exists.
        suggestion: Option<&'static str>,
    },
    /// A key of `config.toml` that is not a setting.
    #[error(
        "{}:{line}: there is no setting {key:?}{}",
        file.display(),
        did_you_mean(suggestion, "Settings are flat: no tables, and the keys that docs/settings.md lists.")
    )]
    UnknownKey {
        file: PathBuf,
        /// The line of the key, from 1.
        line: usize,
        key: String,
        /// The nearest name that exists.
        suggestion: Option<&'static str>,
    },
    /// A value of the wrong TOML type.
    #[error("{}:{line}: {key} must be {expected}, not {found}", file.display())]
    WrongType {
        file: PathBuf,
        /// The line of the value, from 1.
        line: usize,
        key: &'static str,
        /// The TOML types that are accepted.
        expected: &'static str,
        /// The TOML type of the value.
        found: &'static str,
    },
    #[error("{}:{line}: not valid TOML: {message}", file.display())]
    Syntax {
        file: PathBuf,
        /// The line where parsing stopped, from 1.
        line: usize,
        /// What the parser expected, without a quotation of the file.
        message: String,
    },
    /// A file that exists and cannot be read.
    #[error("cannot read {}: {reason}", file.display())]
    Unreadable {
        file: PathBuf,
        /// The error of the system.
        reason: String,
    },
    /// Two settings that cannot be used together.
    #[error("{first} and {second} contradict each other: {problem}")]
    Contradiction {
        first: String,
        second: String,
        /// Why, and how to fix it.
        problem: String,
    },
    /// A setting that another one requires.
    #[error("{setting} is not set: {problem}")]
    Missing {
        setting: &'static str,
        /// Why it is needed, with an example.
        problem: String,
    },
}

fn shown(value: &Option<String>) -> String {
    const MAX_SHOWN: usize = 100;
    match value {
        Some(value) if value.chars().count() > MAX_SHOWN => {
            let start: String = value.chars().take(MAX_SHOWN).collect();
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
