//! How long a completion took, as every front tells it.

use std::time::Duration;

use serde::Serialize;

use super::runner::tokens_per_second;
use crate::tasks::reply::Completion;

/// A loaded model answers this fast that it is loaded; below that the time is left out.
const NOTABLE_LOAD_MS: u64 = 100;

/// Milliseconds; absent where the server gives none, or where it is nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TimingsReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    pub total_ms: u64,
    /// Rounded to tenths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
}

impl From<&Completion> for TimingsReport {
    fn from(completion: &Completion) -> Self {
        let summary = &completion.summary;
        Self {
            queued_ms: Some(millis(completion.queued)).filter(|queued| *queued > 0),
            load_ms: summary.timings.load.map(millis).filter(|load| *load >= NOTABLE_LOAD_MS),
            prompt_ms: summary.timings.prompt_eval.map(millis),
            first_token_ms: completion.first_chunk.map(millis),
            total_ms: millis(completion.total),
            tokens_per_second: tokens_per_second(&summary.usage, &summary.timings)
                .map(|rate| (rate * 10.0).round() / 10.0),
        }
    }
}

/// Whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
