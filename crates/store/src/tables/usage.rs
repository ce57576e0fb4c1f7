//! What was used, and the counters of limits.

use std::ops::RangeInclusive;
use std::sync::Arc;

use futures_util::FutureExt as _;
use types::Owner;

use crate::database::{Database, Row, Statement, Value};
use crate::{StoreError, Stored};

/// What was used, and the counters of limits.
#[derive(Debug, Clone)]
pub struct Usage(Arc<dyn Database>);

/// What was used by one caller of one model on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRecord {
    /// `YYYY-MM-DD`, UTC.
    pub day: String,
    pub owner: Owner,
    /// The id of the key; empty where none was shown.
    pub key: String,
    /// Empty where no model was chosen.
    pub model: String,
    pub used: UsageCounts,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageCounts {
    pub requests: u64,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub generation_ms: u64,
}

/// A record that is read, with the names of those whose it is, as long as they exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedUsage {
    pub record: UsageRecord,
    pub key_name: Option<String>,
    pub email: Option<String>,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counter {
    Requests,
    Tokens,
}

/// What was counted of a key in one window of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    pub key: String,
    pub counter: Counter,
    /// When the window began, in milliseconds of Unix time.
    pub window_ms: i64,
    pub used: u64,
}

const ADD: &str = "INSERT INTO usage \
(day, owner, key_id, model, requests, prompt_tokens, completion_tokens, generation_ms) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
ON CONFLICT (day, owner, key_id, model) DO UPDATE SET \
requests = usage.requests + excluded.requests, \
prompt_tokens = usage.prompt_tokens + excluded.prompt_tokens, \
completion_tokens = usage.completion_tokens + excluded.completion_tokens, \
generation_ms = usage.generation_ms + excluded.generation_ms";

// A window that has passed is replaced. A process whose clock is behind counts in the newer window.
const COUNT: &str = "INSERT INTO limit_counters (key_id, kind, window_start_ms, used) VALUES ($1, $2, $3, $4) \
ON CONFLICT (key_id, kind) DO UPDATE SET \
used = CASE WHEN limit_counters.window_start_ms >= excluded.window_start_ms \
THEN limit_counters.used + excluded.used ELSE excluded.used END, \
window_start_ms = CASE WHEN limit_counters.window_start_ms >= excluded.window_start_ms \
THEN limit_counters.window_start_ms ELSE excluded.window_start_ms END \
RETURNING used";

const COUNTED: &str =
    "SELECT used FROM limit_counters WHERE key_id = $1 AND kind = $2 AND window_start_ms >= $3";

const LIST: &str = "SELECT usage.day, usage.owner, usage.key_id, usage.model, usage.requests, \
usage.prompt_tokens, usage.completion_tokens, usage.generation_ms, api_keys.name, users.email FROM usage \
LEFT JOIN api_keys ON api_keys.id = usage.key_id LEFT JOIN users ON users.id = usage.owner \
WHERE usage.day >= $1 AND usage.day <= $2 \
ORDER BY usage.day, usage.owner, usage.key_id, usage.model";

const LIST_OF_OWNER: &str = "SELECT usage.day, usage.owner, usage.key_id, usage.model, usage.requests, \
usage.prompt_tokens, usage.completion_tokens, usage.generation_ms, api_keys.name, users.email FROM usage \
LEFT JOIN api_keys ON api_keys.id = usage.key_id LEFT JOIN users ON users.id = usage.owner \
WHERE usage.day >= $1 AND usage.day <= $2 AND usage.owner = $3 \
ORDER BY usage.day, usage.owner, usage.key_id, usage.model";

impl Usage {
    pub(crate) fn new(database: Arc<dyn Database>) -> Self {
        Self(database)
    }

    /// Adds to what is stored, in one transaction.
    pub fn add(&self, records: Vec<UsageRecord>, counts: Vec<Count>) -> Stored<()> {
        let records = records.into_iter().map(|record| {
            let UsageRecord { day, owner, key, model, used } = record;
            let numbers =
                [used.requests, used.prompt_tokens, used.completion_tokens, used.generation_ms].map(number);
            let names = [day.into(), owner.as_str().into(), key.into(), model.into()];
            Statement::new(ADD, names.into_iter().chain(numbers))
        });
        let statements: Vec<_> = records.chain(counts.into_iter().map(count)).collect();
        let database = Arc::clone(&self.0);
        async move {
            if !statements.is_empty() {
                database.write(statements).await?;
            }
            Ok(())
        }
        .boxed()
    }

    /// Counts, and returns what is counted in that window then.
    pub fn count(&self, one: Count) -> Stored<u64> {
        let written = self.0.write(vec![count(one)]);
        async move {
            let done = written.await?;
            let row = done.first().and_then(|done| done.rows.first()).ok_or(StoreError::Unreadable)?;
            used(row)
        }
        .boxed()
    }

    /// What is counted in a window.
    pub fn counted(&self, key: &str, counter: Counter, window_ms: i64) -> Stored<u64> {
        let parameters = [key.into(), counter.as_str().into(), window_ms.into()];
        let found = self.0.query(Statement::new(COUNTED, parameters));
        async move { found.await?.first().map_or(Ok(0), used) }.boxed()
    }

    /// What was used on these days, by one owner or by all, the oldest first.
    pub fn list(&self, days: RangeInclusive<String>, owner: Option<&Owner>) -> Stored<Vec<NamedUsage>> {
        let (from, to) = days.into_inner();
        let days = [from.into(), to.into()];
        let found = self.0.query(match owner {
            None => Statement::new(LIST, days),
            Some(owner) => Statement::new(LIST_OF_OWNER, days.into_iter().chain([owner.as_str().into()])),
        });
        async move { found.await?.iter().map(read).collect() }.boxed()
    }
}

impl Counter {
    fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        }
    }
}

fn count(count: Count) -> Statement {
    let Count { key, counter, window_ms, used } = count;
    Statement::new(COUNT, [key.into(), counter.as_str().into(), window_ms.into(), number(used)])
}

fn number(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn used(row: &Row) -> Result<u64, StoreError> {
    read_number(row, 0)
}

fn read_number(row: &Row, column: usize) -> Result<u64, StoreError> {
    u64::try_from(row.int(column)?).map_err(|_| StoreError::Unreadable)
}

fn read(row: &Row) -> Result<NamedUsage, StoreError> {
    Ok(NamedUsage {
        record: UsageRecord {
            day: row.text(0)?,
            owner: Owner::new(&row.text(1)?).ok_or(StoreError::Unreadable)?,
            key: row.text(2)?,
            model: row.text(3)?,
            used: UsageCounts {
                requests: read_number(row, 4)?,
                prompt_tokens: read_number(row, 5)?,
                completion_tokens: read_number(row, 6)?,
                generation_ms: read_number(row, 7)?,
            },
        },
        key_name: row.optional_text(8)?,
        email: row.optional_text(9)?,
    })
}
