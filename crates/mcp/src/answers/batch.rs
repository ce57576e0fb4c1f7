//! The answer for a batch or a comparison: many replies, failures beside successes.

use std::borrow::Cow;
use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::completion::{SentAnswer, sent};
use super::to_json;
use crate::arguments::schema;
use crate::hint::Wording;
use service::ServiceError;
use service::chat::runner::tokens_per_second;
use service::chat::timings::millis;
use service::tasks::job::ReplySet;
use service::tasks::registry::Task;
use service::tasks::reply::Outcome;
use text::sanitize;

/// A comparison of models.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ComparisonAnswer<'a> {
    status: &'static str,
    completion_id: &'a str,
    /// In the order of models: model, content or error, completion_tokens, tokens_per_second, first_token_ms, total_ms
    #[schemars(schema_with = "schema::objects")]
    results: Vec<ReplyAnswer<'a>>,
}

/// A batch over texts.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BatchAnswer<'a> {
    status: &'static str,
    completion_id: &'a str,
    total: usize,
    done: usize,
    failed: usize,
    /// Of the replies, where all have the same
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    /// In the order of inputs, as far as they are done: index, content or error
    #[schemars(schema_with = "schema::objects")]
    results: Vec<ReplyAnswer<'a>>,
}

#[derive(Debug, Default, Serialize)]
struct ReplyAnswer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureAnswer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<SentAnswer<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FailureAnswer<'a> {
    code: &'static str,
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// A comparison as text and as data.
///
/// # Errors
/// As of [`to_json`].
pub(crate) fn comparison(
    task: &Task,
    replies: &ReplySet,
    status: &'static str,
    wording: &Wording,
) -> Result<(String, Value), ServiceError> {
    let results = replies
        .labels
        .iter()
        .zip(&replies.replies)
        .filter_map(|(model, reply)| {
            Some(ReplyAnswer { model: Some(model), ..measured(reply.as_ref()?, wording) })
        })
        .collect();
    let mut answer = ComparisonAnswer { status, completion_id: &task.id, results };
    hint_each_once(&mut answer.results);
    let (ended, models) = (answer.results.len(), replies.labels.len());
    let so_far = (ended < models).then(|| format!("{ended} of {models} models are done."));
    let sections = answer.results.iter().map(|result| {
        let head = [
            result.completion_tokens.map(|tokens| format!("{tokens} tokens")),
            result.tokens_per_second.map(|rate| format!("{rate} tokens/s")),
            result.first_token_ms.map(|first| format!("first token after {first} ms")),
        ];
        let head: Vec<_> = head.into_iter().flatten().collect();
        let head = if head.is_empty() { String::new() } else { format!(" ({})", head.join(", ")) };
        format!(
            "## {}{head}\n{}",
            sanitize::name(result.model.unwrap_or_default()),
            content_or_failure(result)
        )
    });
    let warnings = warnings(&answer.results, |result| result.model.unwrap_or_default().to_owned());
    let text: Vec<_> = so_far.into_iter().chain(sections).chain(warnings).collect();
    Ok((text.join("\n\n"), to_json(&answer)?))
}

/// A batch as text and as data.
///
/// # Errors
/// As of [`to_json`].
pub(crate) fn batch(
    task: &Task,
    replies: &ReplySet,
    status: &'static str,
    wording: &Wording,
) -> Result<(String, Value), ServiceError> {
    // Usually one model answers all: it and its location stand once.
    let first = replies.replies.iter().flatten().find_map(|reply| reply.as_ref().ok());
    let model = first.map(|reply| reply.summary.model.as_str());
    let location = first.map(|reply| reply.summary.location.describe());
    let results: Vec<_> = replies
        .replies
        .iter()
        .enumerate()
        .filter_map(|(index, outcome)| {
            let outcome = outcome.as_ref()?;
            let answered = outcome.as_ref().ok().map(|reply| reply.summary.model.as_str());
            let reply = measured(outcome, wording);
            // Without the times of each: a list may have hundreds.
            Some(ReplyAnswer {
                index: Some(index),
                content: reply.content,
                finish_reason: reply.finish_reason,
                error: reply.error,
                attachments: reply.attachments,
                warnings: reply.warnings,
                model: answered.filter(|_| answered != model),
                location: reply.location.filter(|_| reply.location != location),
                ..ReplyAnswer::default()
            })
        })
        .collect();
    let mut answer = BatchAnswer {
        status,
        model,
        location,
        completion_id: &task.id,
        total: replies.replies.len(),
        done: results.len(),
        failed: results.iter().filter(|result| result.error.is_some()).count(),
        results,
    };
    hint_each_once(&mut answer.results);
    let head = format!("{} of {} done, {} failed.", answer.done, answer.total, answer.failed);
    let lines = answer
        .results
        .iter()
        .map(|result| format!("[{}] {}", result.index.unwrap_or_default(), content_or_failure(result)));
    let warnings = warnings(&answer.results, |result| result.index.unwrap_or_default().to_string());
    let text: Vec<_> = std::iter::once(head).chain(lines).chain(warnings).collect();
    Ok((text.join("\n"), to_json(&answer)?))
}

/// Keeps each hint at its first failure only: hundreds may fail for one reason.
fn hint_each_once(results: &mut [ReplyAnswer<'_>]) {
    let mut shown = HashSet::new();
    for error in results.iter_mut().filter_map(|result| result.error.as_mut()) {
        error.hint = error.hint.take().filter(|hint| shown.insert(hint.clone()));
    }
}

fn measured<'a>(reply: &'a Outcome, wording: &Wording) -> ReplyAnswer<'a> {
    match reply {
        Err(error) => ReplyAnswer {
            content: error
                .partial
                .as_ref()
                .map(|partial| partial.content.as_str())
                .filter(|content| !content.is_empty()),
            error: Some(FailureAnswer {
                code: error.code.as_str(),
                message: wording.message(error),
                hint: wording.hints(&error.hints),
            }),
            ..ReplyAnswer::default()
        },
        Ok(completion) => {
            let summary = &completion.summary;
            ReplyAnswer {
                content: Some(&completion.content),
                finish_reason: Some(summary.finish_reason.as_str()),
                completion_tokens: summary.usage.completion_tokens,
                tokens_per_second: tokens_per_second(&summary.usage, &summary.timings)
                    .map(|rate| (rate * 10.0).round() / 10.0),
                // Excludes time in the queue.
                first_token_ms: completion
                    .first_chunk
                    .map(|first| millis(first.saturating_sub(completion.queued))),
                total_ms: Some(millis(completion.total.saturating_sub(completion.queued))),
                location: Some(summary.location.describe()),
                attachments: sent(&summary.attachments),
                warnings: wording.warnings(&summary.warnings),
                ..ReplyAnswer::default()
            }
        }
    }
}

/// One line for each warning, with the replies that have it.
fn warnings(results: &[ReplyAnswer<'_>], label: impl Fn(&ReplyAnswer<'_>) -> String) -> Vec<String> {
    let mut about: Vec<(&str, Vec<String>)> = Vec::new();
    for (result, warning) in
        results.iter().flat_map(|result| result.warnings.iter().map(move |w| (result, w)))
    {
        match about.iter_mut().find(|(known, _)| known == warning) {
            Some((_, labels)) => labels.push(label(result)),
            None => about.push((warning, vec![label(result)])),
        }
    }
    about
        .iter()
        .map(|(warning, labels)| format!("Warning ({}): {}", labels.join(", "), sanitize::line(warning)))
        .collect()
}

/// The failure of a batch or comparison whose replies have all failed; `None`: one has succeeded, or still may.
pub(crate) fn failure(replies: &ReplySet) -> Option<ServiceError> {
    let failed: Option<Vec<_>> = replies.replies.iter().map(|reply| reply.as_ref()?.as_ref().err()).collect();
    let failed = failed?;
    let first = failed.first()?;
    let same = failed.iter().all(|error| error.code == first.code && error.message == first.message);
    let mut error = (*first).clone();
    error.partial = None;
    error.message = match same {
        true => format!("All {} failed: {}", failed.len(), first.message),
        false => format!("All {} failed, the first one with: {}", failed.len(), first.message),
    };
    Some(error)
}

fn content_or_failure(result: &ReplyAnswer<'_>) -> String {
    match &result.error {
        Some(FailureAnswer { message, hint: Some(hint), .. }) => {
            format!("FAILED: {}. {}", sanitize::line(message), sanitize::line(hint))
        }
        Some(error) => format!("FAILED: {}", sanitize::line(&error.message)),
        None => result.content.unwrap_or_default().to_owned(),
    }
}
