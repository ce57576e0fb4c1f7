//! Files of this machine: which may be read, what they are, and what a model reads of them.
//!
//! Everything here blocks: the service calls it off the async threads. Nothing is opened before it is asked for, and
//! nothing is logged.

mod fence;
mod image;
mod kind;
pub mod pdf;
mod secret_names;
mod secrets;
mod text;

use std::io::Read as _;

pub use fence::{Fence, FenceError, Opened};
use kind::Kind;
pub use text::fenced;

/// What a model reads of a file.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// Text, decoded.
    Text(String),
    /// The text of a PDF's pages; `None` where a page could not be read.
    Pdf(Vec<Option<String>>),
    /// An image in a format that every vision model takes.
    Image {
        /// PNG or JPEG.
        bytes: Vec<u8>,
        /// Its media type.
        media_type: &'static str,
    },
}

/// Why a file that was opened is not read. The text follows the path, and holds nothing of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is longer than the limit; both in bytes.
    #[error("has {size} bytes; at most {limit} are read")]
    TooLarge { size: u64, limit: u64 },
    #[error("{0}")]
    Other(String),
}

/// Reads a file of at most `most` bytes, as what its content says it is. What takes long is given up once `stopped` says
/// so.
///
/// # Errors
/// It is too large, cannot be read, or is nothing that a model reads.
pub fn read(mut opened: Opened, most: u64, stopped: &dyn Fn() -> bool) -> Result<Content, ReadError> {
    if opened.size > most {
        return Err(ReadError::TooLarge { size: opened.size, limit: most });
    }
    let cannot = |error: std::io::Error| ReadError::Other(format!("cannot be read: {error}"));
    let mut bytes = Vec::new();
    // It may have grown since it was opened.
    opened.file.by_ref().take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > most {
        return Err(ReadError::TooLarge { size: bytes.len() as u64, limit: most });
    }
    if kind::is_pdf(&bytes) {
        return pdf::read(bytes, stopped).map(Content::Pdf).map_err(ReadError::Other);
    }
    match kind::of(&bytes) {
        Kind::Image(format) => image::prepare(bytes, format).map_err(ReadError::Other),
        Kind::Text(text) => Ok(Content::Text(text)),
        Kind::Empty => Err(ReadError::Other("is empty".to_owned())),
        Kind::Other(what) => {
            let reason = format!("seems to be {what}; text, PDF, PNG, JPEG, WebP and GIF can be attached");
            Err(ReadError::Other(reason))
        }
    }
}

impl std::fmt::Debug for Content {
    /// The kind alone: contents must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Pdf(_) => "Pdf(..)",
            Self::Image { .. } => "Image(..)",
        })
    }
}
