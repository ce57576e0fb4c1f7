//! The error of a request that cannot be read.

use std::fmt;

/// An argument that is wrong. The reason continues the sentence that its path begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidArgument {
    /// Where it is, such as `messages[0].role`.
    pub path: String,
    pub reason: String,
}

impl InvalidArgument {
    pub fn new(path: &str, reason: impl Into<String>) -> Self {
        Self { path: path.to_owned(), reason: reason.into() }
    }
}

impl fmt::Display for InvalidArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.reason)
    }
}

impl std::error::Error for InvalidArgument {}
