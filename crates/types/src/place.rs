//! A place in a file.

/// Where a passage of a file is; lines and pages count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Lines of a text, both included.
    Lines { first: u32, last: u32 },
    /// A page of a document.
    Page { page: u32 },
}
