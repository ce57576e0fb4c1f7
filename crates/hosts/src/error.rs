//! Errors of a host's file, each with the next step.

use std::path::PathBuf;

/// A host's file was not read or not written. In each case it is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum HostsError {
    /// Neither the environment nor the system names the home directory.
    #[error("the home directory is not known. Set HOME (on Windows USERPROFILE).")]
    NoHome,
    /// The host has no file for one project.
    #[error("{host} has no file for a single project. Leave out --scope.")]
    NoProjectFile { host: &'static str },
    /// The host connects to no address that its file could name.
    #[error("{host} takes no address of a server in its file. {instead}")]
    NoRemote {
        host: &'static str,
        /// What to do instead, in sentences.
        instead: &'static str,
    },
    /// The host does not read keys from its environment.
    #[error(
        "{host} reads no key from a variable. Use --key-file PATH, which writes the key into your own file of this host."
    )]
    NoKeyVariable { host: &'static str },
    /// A file of a project is shared.
    #[error(
        "{}: a key is not written into a project's file, which is shared. Use --key-env NAME, or leave out --scope.",
        file.display()
    )]
    KeyInProject { file: PathBuf },
    /// The file exists and cannot be read.
    #[error("{} cannot be read: {source}. Check its permissions.", file.display())]
    Unreadable { file: PathBuf, source: std::io::Error },
    #[error("{} is not UTF-8; it was left as it is. Save it as UTF-8 and try again.", file.display())]
    NotText { file: PathBuf },
    #[error(
        "{}:{line}:{column}: {problem}. The file was left as it is: correct it there and try again.",
        file.display()
    )]
    Syntax {
        file: PathBuf,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        problem: String,
    },
    /// A key of the file has a value of the wrong type.
    #[error("{}: {key} must be {expected}. The file was left as it is: correct it and try again.", file.display())]
    Shape {
        file: PathBuf,
        /// A dotted path.
        key: String,
        expected: &'static str,
    },
    /// The entry of that name is another server's.
    #[error("{}: the entry \"{name}\" {what}. Nothing was changed. {step}", file.display())]
    Foreign {
        file: PathBuf,
        name: String,
        /// What the entry is, as a predicate.
        what: String,
        step: &'static str,
    },
    /// Another program wrote the file in the meantime.
    #[error("{} was changed by another program just now; nothing was written. Try again.", file.display())]
    Changed { file: PathBuf },
    /// The file, its folder or its backup cannot be written.
    #[error("{} cannot be written: {source}. {}", file.display(), step(source))]
    Unwritable { file: PathBuf, source: std::io::Error },
}

fn step(source: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "Make room on the disk and try again.",
        ErrorKind::TimedOut => "Try again when it has ended.",
        _ => "Check its permissions and those of its folder.",
    }
}

/// What is wrong with a text, without the name of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    Syntax { line: usize, column: usize, problem: String },
    Shape { key: String, expected: &'static str },
    Foreign { name: String, what: String, step: &'static str },
}

impl Problem {
    pub(super) fn of(self, file: &std::path::Path) -> HostsError {
        let file = file.to_path_buf();
        match self {
            Self::Syntax { line, column, problem } => HostsError::Syntax { file, line, column, problem },
            Self::Shape { key, expected } => HostsError::Shape { file, key, expected },
            Self::Foreign { name, what, step } => HostsError::Foreign { file, name, what, step },
        }
    }

    pub(super) fn shape(path: &[&str], expected: &'static str) -> Self {
        let key = if path.is_empty() { "the top level".to_owned() } else { path.join(".") };
        Self::Shape { key, expected }
    }
}
