//! Files of this machine: which may be read, what kind they are, and what a model gets of them.
//!
//! Everything here blocks: call it on a blocking thread. Nothing is logged.

mod find;
mod image;
#[cfg_attr(feature = "pdf", path = "pdf.rs")]
#[cfg_attr(not(feature = "pdf"), path = "no_pdf.rs")]
pub mod pdf;
mod sandbox;
mod secret_index;
mod secret_names;
mod secrets;
mod sniff;
mod text;

use std::io::Read as _;

pub use find::{FindLimits, Found, FoundFile};
pub use sandbox::{Opened, Sandbox, SandboxError};
use sniff::Kind;
pub use sniff::media_type;
pub use text::fenced;

/// The kinds that [`read`] reads, for messages.
const ATTACHABLE: &str = if cfg!(feature = "pdf") {
    "text, PDF, PNG, JPEG, WebP and GIF"
} else {
    "text, PNG, JPEG, WebP and GIF"
};

/// What a model gets of a file.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// Decoded text.
    Text(String),
    /// The text of a PDF by page; `None` for a page that could not be read.
    Pdf(Vec<Option<String>>),
    /// An image in a format that every vision model accepts.
    Image {
        bytes: Vec<u8>,
        /// `image/png` or `image/jpeg`.
        media_type: &'static str,
    },
}

/// Why an opened file is not read: a predicate, to follow the path. It quotes nothing of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is longer than the limit; both in bytes.
    #[error("has {size} bytes; at most {limit} are read")]
    TooLarge { size: u64, limit: u64 },
    #[error("{0}")]
    Other(String),
}

/// Reads a file of at most `max_bytes`, as the kind that its content shows. Slow work ends early once `stopped` returns
/// `true`.
///
/// # Errors
/// The file is too large, cannot be read, or is of a kind that no model reads.
pub fn read(mut opened: Opened, max_bytes: u64, stopped: &dyn Fn() -> bool) -> Result<Content, ReadError> {
    if opened.size > max_bytes {
        return Err(ReadError::TooLarge { size: opened.size, limit: max_bytes });
    }
    let cannot = |error: std::io::Error| ReadError::Other(format!("cannot be read: {error}"));
    let mut bytes = Vec::new();
    // It may have grown since it was opened.
    opened.file.by_ref().take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > max_bytes {
        return Err(ReadError::TooLarge { size: bytes.len() as u64, limit: max_bytes });
    }
    decode(bytes, stopped)
}

/// Reads the bytes of a file that is in memory, as [`read`] does.
///
/// # Errors
/// As of [`read`].
pub fn read_bytes(bytes: &[u8], max_bytes: u64, stopped: &dyn Fn() -> bool) -> Result<Content, ReadError> {
    match bytes.len() as u64 {
        size if size > max_bytes => Err(ReadError::TooLarge { size, limit: max_bytes }),
        _ => decode(bytes.to_vec(), stopped),
    }
}

fn decode(bytes: Vec<u8>, stopped: &dyn Fn() -> bool) -> Result<Content, ReadError> {
    if sniff::is_pdf(&bytes) {
        return pdf::read(bytes, stopped).map(Content::Pdf).map_err(ReadError::Other);
    }
    match sniff::kind_of(&bytes) {
        Kind::Image(format) => image::prepare(bytes, format).map_err(ReadError::Other),
        Kind::Text(text) => Ok(Content::Text(text)),
        Kind::Empty => Err(ReadError::Other("is empty".to_owned())),
        Kind::Other(what) => {
            Err(ReadError::Other(format!("seems to be {what}; {ATTACHABLE} can be attached")))
        }
    }
}

impl std::fmt::Debug for Content {
    /// Only the kind: contents must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Pdf(_) => "Pdf(..)",
            Self::Image { .. } => "Image(..)",
        })
    }
}
