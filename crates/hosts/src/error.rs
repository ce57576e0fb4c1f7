//! What can go wrong with a host's file, each with the next step.

use std::path::PathBuf;

/// A host's file that was not read or not written. In each case it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum HostsError {
    /// Neither the environment nor the system says where the user's files are.
    #[error("the home directory is not known. Set HOME (on Windows USERPROFILE).")]
    NoHome,
    /// The host has no file for one project.
    #[error("{host} has no file for a single project. Leave out --scope.")]
    NoProjectFile {
        /// The host's name.
        host: &'static str,
    },
    /// The file is there and cannot be read.
    #[error("{} cannot be read: {source}. Check its permissions.", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is no text.
    #[error("{} is not UTF-8; it was left as it is. Save it as UTF-8 and try again.", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
    },
    /// The file does not parse.
    #[error(
        "{}:{line}:{column}: {problem}. The file was left as it is: correct it there and try again.",
        file.display()
    )]
    Syntax {
        /// The file.
        file: PathBuf,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What the parser says.
        problem: String,
    },
    /// A key of the file holds something else than servers.
    #[error("{}: {key} must be {expected}. The file was left as it is: correct it and try again.", file.display())]
    Shape {
        /// The file.
        file: PathBuf,
        /// The key, dotted.
        key: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The entry of that name is another server's.
    #[error("{}: the entry \"{name}\" {what}. Nothing was changed. {step}", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
        /// The entry's name.
        name: String,
        /// What it is, as a predicate.
        what: String,
        /// What to do.
        step: &'static str,
    },
    /// Someone else wrote the file meanwhile.
    #[error("{} was changed by another program just now; nothing was written. Try again.", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// The file, its folder or its backup cannot be written.
    #[error("{} cannot be written: {source}. {}", file.display(), step(source))]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
}

fn step(source: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "Make room on the disk and try again.",
        ErrorKind::TimedOut => "Try again when it has ended.",
        _ => "Check its permissions and those of its folder.",
    }
}

/// What is wrong with a text, before the file it came from is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// It does not parse.
    Syntax { line: usize, column: usize, problem: String },
    /// A key holds the wrong kind of value.
    Shape { key: String, expected: &'static str },
    /// The entry is another server's.
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
