//! Anthropic's form of `/v1/models`, for callers that send `anthropic-version`.

use anthropic::models::{Lifecycle, ModelInfo, ModelKind, Page};
use chrono::{DateTime, SecondsFormat};
use serde::Deserialize;

use crate::call::{Call, json_answer};
use crate::error::HttpError;
use crate::route::Answer;

/// Entries of a page, where the caller does not say, and at most.
const PAGE: usize = 20;
const MAX_PAGE: usize = 1000;

/// A model, or another name of one.
pub(crate) struct Listed<'a> {
    pub(crate) id: &'a str,
    /// Unix seconds; 0 where it is not known.
    pub(crate) created: u64,
    pub(crate) context_length: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Query {
    limit: Option<usize>,
    after_id: Option<String>,
    before_id: Option<String>,
}

impl Listed<'_> {
    fn info(&self) -> ModelInfo<'_> {
        let created = i64::try_from(self.created).unwrap_or_default();
        let created = DateTime::from_timestamp(created, 0).unwrap_or_default();
        ModelInfo {
            kind: ModelKind::Model,
            id: self.id.into(),
            display_name: self.id.into(),
            created_at: created.to_rfc3339_opts(SecondsFormat::Secs, true),
            lifecycle: Lifecycle::Active,
            max_input_tokens: self.context_length,
        }
    }
}

/// One model.
pub(crate) fn answer(model: &Listed<'_>) -> Answer {
    json_answer(&model.info())
}

/// The page of the list that the query asks for.
pub(crate) fn page(call: &Call, models: &[Listed<'_>]) -> Answer {
    let Query { limit, after_id, before_id } = call.query()?;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        let reason = format!("is {limit}; it must be between 1 and {MAX_PAGE}");
        return Err(HttpError::bad_request("limit", reason));
    }
    let position = |name: &str, id: Option<String>| match id {
        None => Ok(None),
        Some(id) => match models.iter().position(|model| model.id == id) {
            Some(position) => Ok(Some(position)),
            None => Err(HttpError::bad_request(name, format!("is {id:?}, which no model has"))),
        },
    };
    let first = position("after_id", after_id)?.map_or(0, |last| last + 1);
    let end = position("before_id", before_id)?;
    // Before an id: the entries right before it, and more of them are before those.
    let (first, end, has_more) = match end {
        Some(end) => (end.saturating_sub(limit).max(first), end, end.saturating_sub(limit) > first),
        None => (first, (first + limit).min(models.len()), first + limit < models.len()),
    };
    let data: Vec<_> = models.get(first..end).unwrap_or_default().iter().map(Listed::info).collect();
    let id = |model: Option<&ModelInfo<'_>>| model.map(|model| model.id.clone().into_owned());
    json_answer(&Page { first_id: id(data.first()), last_id: id(data.last()), data, has_more })
}
