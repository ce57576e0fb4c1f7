//! What callers use, by day, key and model: collected in memory, and written every few seconds and at the end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use platform::sync::lock;
use store::{Count, Counter, StoreError, Usage, UsageCounts, UsageRecord};
use tokio::sync::Notify;
use types::Owner;

use crate::clock;
use crate::limits::day_window;

mod report;

pub use report::{UsageBy, UsageLine, day_of_today, days_before, report};

/// How long usage is collected before it is written.
const FLUSH_AFTER: Duration = Duration::from_secs(3);
/// The pause after a write that failed.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// Days, callers and models that are kept apart while the database is away; further ones are counted together.
const MAX_UNWRITTEN: usize = 10_000;

/// What one request has used.
#[derive(Debug, Clone)]
pub struct Used {
    pub owner: Owner,
    /// The id of the key, where one was shown.
    pub key: Option<Arc<str>>,
    /// Its tokens count towards a limit.
    pub counts_tokens: bool,
    pub model: String,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub generation: Duration,
}

/// Collects usage. Clones are the same.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    usage: Usage,
    /// Written at each end of a request, for one look-up; never held across an await.
    collected: Mutex<Collected>,
    /// Something was collected.
    is_due: Notify,
    /// Held while something is written.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Collected {
    waiting: Batch,
    /// What is being written.
    writing: Batch,
}

#[derive(Debug, Default, Clone)]
struct Batch {
    used: HashMap<(String, Owner, String, String), UsageCounts>,
    /// By account and window.
    tokens: HashMap<(String, i64), u64>,
}

impl Batch {
    fn add(&mut self, key: (String, Owner, String, String), used: UsageCounts) {
        let is_full = self.used.len() >= MAX_UNWRITTEN;
        let counts = match self.used.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) if !is_full => entry.insert(UsageCounts::default()),
            Entry::Vacant(entry) => {
                // What it is for is lost, and the sum is not.
                let (day, owner, ..) = entry.into_key();
                self.used.entry((day, owner, String::new(), String::new())).or_default()
            }
        };
        counts.requests = counts.requests.saturating_add(used.requests);
        counts.prompt_tokens = counts.prompt_tokens.saturating_add(used.prompt_tokens);
        counts.completion_tokens = counts.completion_tokens.saturating_add(used.completion_tokens);
        counts.generation_ms = counts.generation_ms.saturating_add(used.generation_ms);
    }

    fn add_all(&mut self, other: Self) {
        other.used.into_iter().for_each(|(key, used)| self.add(key, used));
        for (key, tokens) in other.tokens {
            let sum = self.tokens.entry(key).or_default();
            *sum = sum.saturating_add(tokens);
        }
    }

    fn is_empty(&self) -> bool {
        self.used.is_empty() && self.tokens.is_empty()
    }
}

impl Recorder {
    pub fn new(usage: Usage) -> Self {
        Self(Arc::new(Shared {
            usage,
            collected: Mutex::default(),
            is_due: Notify::new(),
            writing: Default::default(),
        }))
    }

    /// Adds what a request has used.
    pub fn record(&self, used: &Used) {
        self.record_at(used, clock::now_ms());
    }

    pub(crate) fn record_at(&self, used: &Used, now: i64) {
        let key = used.key.as_deref().unwrap_or_default();
        let counts = UsageCounts {
            requests: 1,
            prompt_tokens: used.prompt_tokens,
            completion_tokens: used.completion_tokens,
            generation_ms: u64::try_from(used.generation.as_millis()).unwrap_or(u64::MAX),
        };
        let place = (clock::day(now), used.owner.clone(), key.to_owned(), used.model.clone());
        let mut collected = lock(&self.0.collected);
        collected.waiting.add(place, counts);
        if used.counts_tokens {
            let account = used.key.as_deref().unwrap_or(used.owner.as_str());
            let tokens = used.prompt_tokens.saturating_add(used.completion_tokens);
            let sum = collected.waiting.tokens.entry((account.to_owned(), day_window(now))).or_default();
            *sum = sum.saturating_add(tokens);
        }
        drop(collected);
        self.0.is_due.notify_one();
    }

    /// Tokens of a window that are not in the database yet. While they are written they count here and there for a moment.
    pub(crate) fn unwritten_tokens(&self, account: &str, window: i64) -> u64 {
        let collected = lock(&self.0.collected);
        let key = (account.to_owned(), window);
        let of = |batch: &Batch| batch.tokens.get(&key).copied().unwrap_or_default();
        of(&collected.waiting).saturating_add(of(&collected.writing))
    }

    /// Writes what is collected, now and then, until it is dropped.
    pub async fn run(&self) {
        loop {
            self.0.is_due.notified().await;
            tokio::time::sleep(FLUSH_AFTER).await;
            while let Err(error) = self.flush().await {
                tracing::warn!(%error, "usage cannot be written; it is kept and tried again");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }

    /// Writes what is collected.
    ///
    /// # Errors
    /// Those of the database. What was collected is kept.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let _writing = self.0.writing.lock().await;
        let batch = {
            let mut collected = lock(&self.0.collected);
            if collected.waiting.is_empty() {
                return Ok(());
            }
            collected.writing = std::mem::take(&mut collected.waiting);
            collected.writing.clone()
        };
        // Puts back what was not written, also where this future is dropped.
        let mut restore = Restore { shared: &self.0, is_written: false };
        let records = batch.used.into_iter().map(|((day, owner, key, model), used)| UsageRecord {
            day,
            owner,
            key,
            model,
            used,
        });
        let counts = batch.tokens.into_iter().map(|((key, window_ms), used)| Count {
            key,
            counter: Counter::Tokens,
            window_ms,
            used,
        });
        self.0.usage.add(records.collect(), counts.collect()).await?;
        restore.is_written = true;
        Ok(())
    }
}

struct Restore<'a> {
    shared: &'a Shared,
    is_written: bool,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        let mut collected = lock(&self.shared.collected);
        let batch = std::mem::take(&mut collected.writing);
        if !self.is_written {
            collected.waiting.add_all(batch);
        }
    }
}

#[cfg(test)]
mod tests;
