//! What answers say beside the fields of their API: warnings, times, where the model ran.

use axum::http::{HeaderMap, HeaderValue};
use serde::Serialize;

use crate::hint;
use service::chat::timings::TimingsReport;
use service::tasks::registry::Task;
use service::tasks::reply::Completion;

/// What is true of a completion, and for which APIs have no field: the object `ollama_mcp`.
#[derive(Debug, Serialize)]
pub(crate) struct Extras<'a> {
    /// By which `/x/completions/{id}` finds it.
    completion_id: &'a str,
    /// `local`, or the host that the model ran on.
    location: &'a str,
    /// Why this model answered, where the request named none.
    #[serde(skip_serializing_if = "Option::is_none")]
    model_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// Where the reply does not match the response format.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    format_violations: &'a [String],
    timings: TimingsReport,
}

impl<'a> Extras<'a> {
    pub(crate) fn of(task: &'a Task, completion: &'a Completion, has_credential: bool) -> Self {
        let summary = &completion.summary;
        Self {
            completion_id: &task.id,
            location: summary.location.describe(),
            model_reason: summary.model_reason,
            warnings: summary.warnings.iter().map(|warning| hint::warning(warning, has_credential)).collect(),
            format_violations: &summary.format_violations,
            timings: completion.into(),
        }
    }

    pub(crate) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Writes the warnings in the words of another API.
    pub(crate) fn reword(&mut self, words: impl Fn(&str) -> String) {
        self.warnings.iter_mut().for_each(|warning| *warning = words(warning));
    }

    pub(crate) fn timings(&self) -> &TimingsReport {
        &self.timings
    }

    /// Adds the headers from which a script reads it without the body.
    pub(crate) fn write_headers(&self, headers: &mut HeaderMap) {
        let timings = &self.timings;
        let pairs = [
            ("x-ollama-mcp-location", Some(self.location.to_owned())),
            ("x-ollama-mcp-queued-ms", timings.queued_ms.map(|ms| ms.to_string())),
            ("x-ollama-mcp-load-ms", timings.load_ms.map(|ms| ms.to_string())),
            ("x-ollama-mcp-tokens-per-second", timings.tokens_per_second.map(|rate| rate.to_string())),
        ];
        for (name, value) in pairs {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        }
    }
}
