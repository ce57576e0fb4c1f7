//! Usage added up for people: by key, user, model or day.

use std::collections::BTreeMap;

use store::{NamedUsage, UsageCounts};
use types::Owner;

use crate::clock;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What usage is added up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UsageBy {
    Key,
    User,
    Model,
    #[default]
    Day,
}

/// What was used by one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageLine {
    /// A key's id, an owner, a model or a day. Empty for what no key, or no model, was named for.
    pub id: String,
    /// A key's name or a user's email, as long as they exist.
    pub name: Option<String>,
    pub used: UsageCounts,
}

impl UsageBy {
    /// All of them, in the order of the documents.
    pub const ALL: &[Self] = &[Self::Key, Self::User, Self::Model, Self::Day];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::User => "user",
            Self::Model => "model",
            Self::Day => "day",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|by| by.as_str() == name)
    }
}

/// Adds records up: days in their order, else the one with the most tokens first.
pub fn report(records: Vec<NamedUsage>, by: UsageBy) -> Vec<UsageLine> {
    let mut lines: BTreeMap<String, UsageLine> = BTreeMap::new();
    for NamedUsage { record, key_name, email } in records {
        let (id, name) = match by {
            UsageBy::Key => (record.key, key_name),
            UsageBy::User => {
                let name = email.or_else(|| key_name.filter(|_| is_of_key(&record.owner)));
                (record.owner.as_str().to_owned(), name)
            }
            UsageBy::Model => (record.model, None),
            UsageBy::Day => (record.day, None),
        };
        let line = lines.entry(id.clone()).or_insert_with(|| UsageLine {
            id,
            name: None,
            used: UsageCounts::default(),
        });
        line.name = line.name.take().or(name);
        let (sum, used) = (&mut line.used, record.used);
        sum.requests = sum.requests.saturating_add(used.requests);
        sum.prompt_tokens = sum.prompt_tokens.saturating_add(used.prompt_tokens);
        sum.completion_tokens = sum.completion_tokens.saturating_add(used.completion_tokens);
        sum.generation_ms = sum.generation_ms.saturating_add(used.generation_ms);
    }
    let mut lines: Vec<_> = lines.into_values().collect();
    if by != UsageBy::Day {
        let tokens = |line: &UsageLine| line.used.prompt_tokens.saturating_add(line.used.completion_tokens);
        lines.sort_by_key(|line| std::cmp::Reverse(tokens(line)));
    }
    lines
}

/// Whether the owner is a key without a user.
fn is_of_key(owner: &Owner) -> bool {
    owner.as_str().starts_with("key-")
}

/// Today, as `YYYY-MM-DD` in UTC.
pub fn day_of_today() -> String {
    days_before(0)
}

/// The day so many days ago.
pub fn days_before(days: u32) -> String {
    clock::day(clock::now_ms().saturating_sub(i64::from(days).saturating_mul(DAY_MS)))
}
