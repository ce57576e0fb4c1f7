//! The answer for work over files: a summary, an answer with citations, or places.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::to_json;
use crate::arguments::schema;
use crate::hint::Wording;
use service::ServiceError;
use service::tasks::documents_report::{DocumentsOperation, DocumentsReport, FoundPlace};
use service::tasks::registry::Task;
use text::sanitize;
use types::Place;

/// What `summarize_files` answers.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct SummaryAnswer {
    /// completed, in_progress or cancelled
    status: String,
    completion_id: String,
    /// Or the notes so far
    summary: String,
    files: usize,
    /// Parts that the model did not read, with the reason
    failed_parts: Vec<String>,
    /// Files that were not read: file, reason
    #[schemars(schema_with = "schema::objects")]
    skipped: (),
    warnings: Vec<String>,
}

/// What `ask_files` answers.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct QuestionAnswer {
    /// completed, in_progress or cancelled
    status: String,
    completion_id: String,
    answer: String,
    /// Whether the files hold the answer
    found: bool,
    /// file, first_line and last_line or page; text with passages: true
    #[schemars(schema_with = "schema::objects")]
    citations: (),
    /// Citations and quotations that did not hold
    struck: Vec<String>,
    /// Files that were not read: file, reason
    #[schemars(schema_with = "schema::objects")]
    skipped: (),
    warnings: Vec<String>,
}

/// What `find_in_files` answers.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct SearchAnswer {
    /// completed, in_progress or cancelled
    status: String,
    completion_id: String,
    /// Best first: file, first_line and last_line or page, score (1 is the best)
    #[schemars(schema_with = "schema::objects")]
    places: (),
    /// Files that were not read: file, reason
    #[schemars(schema_with = "schema::objects")]
    skipped: (),
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DocumentsAnswer<'a> {
    status: &'static str,
    completion_id: &'a str,
    /// What it is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    citations: Option<Vec<PlaceAnswer<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    places: Option<Vec<PlaceAnswer<'a>>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    struck: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding_model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    files: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passages: Option<usize>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    failed_parts: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<SkippedAnswer<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PlaceAnswer<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct SkippedAnswer<'a> {
    file: &'a str,
    reason: &'a str,
}

/// The answer as text and as data; `step` is what the job is doing.
///
/// # Errors
/// As of [`to_json`].
pub(crate) fn documents(
    task: &Task,
    report: &DocumentsReport,
    step: &str,
    status: &'static str,
    wording: &Wording,
) -> Result<(String, Value), ServiceError> {
    let is = |operation: DocumentsOperation| report.operation == operation;
    let (summary, question, search) =
        (is(DocumentsOperation::Summary), is(DocumentsOperation::Question), is(DocumentsOperation::Search));
    let places = || report.places.iter().map(place).collect::<Vec<_>>();
    let answer = DocumentsAnswer {
        status,
        completion_id: &task.id,
        step: (status == "in_progress").then_some(step),
        summary: summary.then_some(report.text.as_str()),
        answer: question.then_some(report.text.as_str()),
        found: report.is_found,
        citations: question.then(places),
        places: search.then(places),
        struck: &report.struck,
        model: report.model.as_deref(),
        embedding_model: report.embedding_model.as_deref(),
        location: report.location.as_ref().map(types::Location::describe),
        files: report.files,
        parts: summary.then_some(report.passages),
        passages: (!summary).then_some(report.passages),
        failed_parts: &report.failed_parts,
        skipped: report.skipped.iter().map(|(file, reason)| SkippedAnswer { file, reason }).collect(),
        warnings: wording.warnings(&report.warnings),
    };
    let mut lines = Vec::new();
    if status == "in_progress" {
        lines.push(format!("Now: {}.", sanitize::line(step)));
    }
    if !report.text.is_empty() {
        lines.push(report.text.clone());
    }
    lines.extend(listed(report, status == "completed"));
    lines.extend(
        report.failed_parts.iter().map(|part| format!("Not read by the model: {}", sanitize::line(part))),
    );
    lines.extend(
        report
            .skipped
            .iter()
            .map(|(file, reason)| format!("Not read: {} {}", sanitize::line(file), sanitize::line(reason))),
    );
    lines.extend(answer.warnings.iter().map(|warning| format!("Warning: {}", sanitize::line(warning))));
    Ok((lines.join("\n"), to_json(&answer)?))
}

/// What a progress message says: the step, and the end of the text so far.
pub(crate) fn progress(report: &DocumentsReport, step: &str, max_tail: usize) -> String {
    let tail: Vec<char> = report.text.chars().rev().take(max_tail).collect();
    match tail.is_empty() {
        true => step.to_owned(),
        false => format!("{step}: {}", tail.into_iter().rev().collect::<String>()),
    }
}

/// The places of a report, a line each.
fn listed(report: &DocumentsReport, is_complete: bool) -> Vec<String> {
    if report.operation == DocumentsOperation::Search {
        if report.places.is_empty() && is_complete {
            return vec!["No passage of these files matches.".to_owned()];
        }
        let line = |found: &FoundPlace| {
            format!("{:.3} {}", found.score.unwrap_or_default(), sanitize::line(&name_of(found)))
        };
        return report.places.iter().map(line).collect();
    }
    let line = |found: &FoundPlace| {
        let text = found.text.as_ref().map(|text| format!("\n{text}")).unwrap_or_default();
        format!("Source: {}{text}", sanitize::line(&name_of(found)))
    };
    report.places.iter().map(line).collect()
}

fn name_of(found: &FoundPlace) -> String {
    match found.place {
        Place::Lines { first, last } if first == last => format!("{}:{first}", found.file),
        Place::Lines { first, last } => format!("{}:{first}-{last}", found.file),
        Place::Page { page } => format!("{} p. {page}", found.file),
    }
}

fn place(found: &FoundPlace) -> PlaceAnswer<'_> {
    let (first_line, last_line, page) = match found.place {
        Place::Lines { first, last } => (Some(first), Some(last), None),
        Place::Page { page } => (None, None, Some(page)),
    };
    PlaceAnswer {
        file: &found.file,
        first_line,
        last_line,
        page,
        score: found.score,
        text: found.text.as_deref(),
    }
}
