//! How much a caller may use.

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
