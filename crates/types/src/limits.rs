//! How much a caller may use, and what is left of it.

use std::time::Duration;

/// How much a caller may use. `None` is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// The only models, by name.
    pub models: Option<Vec<String>>,
    pub requests_per_minute: Option<u32>,
    /// Tokens of prompts and replies together, from midnight to midnight UTC.
    pub tokens_per_day: Option<u64>,
    /// Completions that run at the same time.
    pub concurrency: Option<u32>,
    /// The place in the queue: a higher number goes before a lower one. Usual is 0.
    pub priority: i32,
}

impl Limits {
    /// Whether requests or tokens are counted.
    pub fn are_counted(&self) -> bool {
        self.requests_per_minute.is_some() || self.tokens_per_day.is_some()
    }
}

/// What is left of the limits that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateStatus {
    pub requests: Option<RateWindow>,
    pub tokens: Option<RateWindow>,
}

/// What is left of a limit until its window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateWindow {
    pub limit: u64,
    pub remaining: u64,
    pub resets_in: Duration,
}
