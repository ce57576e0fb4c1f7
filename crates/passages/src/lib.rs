//! Texts as passages: cut along their structure, each with its place; the words that a search finds them by; and citations
//! of passages in an answer, checked.
//!
//! Everything here is a function of texts.

mod citations;
mod file_kinds;
mod scripts;
mod split;
mod terms;

pub use citations::{Checked, Shown, check, label};
pub use split::{Limits, Passage, Source, split};
pub use terms::terms;
