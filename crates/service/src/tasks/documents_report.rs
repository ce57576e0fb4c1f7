//! What a job over files makes: a summary, an answer with its places, or the places alone.

use std::fmt;

use crate::hint::Warning;
use types::{Location, Place};

/// What is done with files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentsOperation {
    Summary,
    Question,
    Search,
}

/// A place in a file.
#[derive(Clone, PartialEq)]
pub struct FoundPlace {
    /// The file's name.
    pub file: String,
    pub place: Place,
    /// Of a search: 1 is the best in every respect.
    pub score: Option<f64>,
    /// The passage, where the call asks for it.
    pub text: Option<String>,
}

/// What a job over files has made so far.
#[derive(Clone, PartialEq)]
pub struct DocumentsReport {
    pub operation: DocumentsOperation,
    /// The text of the model so far.
    pub text: String,
    /// Of a question that was answered: whether the files hold the answer.
    pub is_found: Option<bool>,
    /// What a search found, or what an answer cites.
    pub places: Vec<FoundPlace>,
    /// Citations and quotations of the model that do not hold. They were taken out of the text.
    pub struck: Vec<String>,
    pub model: Option<String>,
    pub embedding_model: Option<String>,
    pub location: Option<Location>,
    /// Files that were read, or are in the index as they are.
    pub files: usize,
    /// Passages that were searched, or parts that were summarized.
    pub passages: usize,
    /// What was not read: names, and predicates that follow them.
    pub skipped: Vec<(String, String)>,
    /// Parts that the model has not read, with the reason.
    pub failed_parts: Vec<String>,
    pub warnings: Vec<Warning>,
}

impl DocumentsReport {
    pub(crate) fn new(operation: DocumentsOperation) -> Self {
        Self {
            operation,
            text: String::new(),
            is_found: None,
            places: Vec::new(),
            struck: Vec::new(),
            model: None,
            embedding_model: None,
            location: None,
            files: 0,
            passages: 0,
            skipped: Vec::new(),
            failed_parts: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Bytes that it holds.
    pub(crate) fn size(&self) -> usize {
        let places =
            self.places.iter().map(|place| place.file.len() + place.text.as_ref().map_or(0, String::len));
        self.text.len() + places.sum::<usize>()
    }
}

impl fmt::Debug for FoundPlace {
    /// No text of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, score, text: _ } = self;
        f.debug_struct("FoundPlace")
            .field("file", file)
            .field("place", place)
            .field("score", score)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DocumentsReport {
    /// No text of files or of the model.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentsReport")
            .field("operation", &self.operation)
            .field("files", &self.files)
            .field("passages", &self.passages)
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}
