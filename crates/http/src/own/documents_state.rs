//! What was made of files, as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use types::Place;

use service::tasks::documents_report::{DocumentsOperation, DocumentsReport, FoundPlace};

/// What was made of files.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Documents")]
pub(super) struct DocumentsState {
    /// summary, question or search
    operation: &'static str,
    /// Of a question: whether the files hold the answer
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<bool>,
    /// What a search found, or what an answer cites
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<PlaceState>,
    /// Citations and quotations that did not hold, and were taken out of the text
    #[serde(skip_serializing_if = "Vec::is_empty")]
    struck: Vec<String>,
    /// Absent: found by words alone
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding_model: Option<String>,
    /// How many files were read
    files: usize,
    /// How many passages were searched, or parts summarized
    passages: usize,
    /// Files that were not read
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<SkippedFile>,
    /// Parts of a summary that the model has not read, with the reason
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed_parts: Vec<String>,
}

/// A place in a file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DocumentPlace")]
struct PlaceState {
    file: String,
    /// Of a text: the lines, from 1
    #[serde(skip_serializing_if = "Option::is_none")]
    first_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_line: Option<u32>,
    /// Of a PDF: the page, from 1
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    /// Of a search: 1 is the best in every respect
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    /// The passage, where the request asks for it
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SkippedFile")]
struct SkippedFile {
    file: String,
    reason: String,
}

impl DocumentsState {
    pub(super) fn of(report: DocumentsReport) -> Self {
        Self {
            operation: match report.operation {
                DocumentsOperation::Summary => "summary",
                DocumentsOperation::Question => "question",
                DocumentsOperation::Search => "search",
            },
            found: report.is_found,
            places: report.places.into_iter().map(PlaceState::of).collect(),
            struck: report.struck,
            embedding_model: report.embedding_model,
            files: report.files,
            passages: report.passages,
            skipped: report.skipped.into_iter().map(|(file, reason)| SkippedFile { file, reason }).collect(),
            failed_parts: report.failed_parts,
        }
    }
}

impl PlaceState {
    fn of(place: FoundPlace) -> Self {
        let (lines, page) = match place.place {
            Place::Lines { first, last } => (Some((first, last)), None),
            Place::Page { page } => (None, Some(page)),
        };
        Self {
            file: place.file,
            first_line: lines.map(|(first, _)| first),
            last_line: lines.map(|(_, last)| last),
            page,
            score: place.score,
            text: place.text,
        }
    }
}
