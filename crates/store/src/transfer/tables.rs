//! The tables that are moved row by row.

use serde_json::Value as Json;

use crate::StoreError;
use crate::database::{Row, Statement, Value, WrongColumn};

/// Rows of one page.
const PAGE: i64 = 200;

pub(super) const KEY: &str = "key";
pub(super) const USER: &str = "user";
pub(super) const UPLOAD: &str = "upload";

/// A table, in the order in which one refers to another.
pub(super) struct Table {
    pub(super) kind: &'static str,
    name: &'static str,
    /// The columns of the primary key: texts.
    key: &'static [&'static str],
    pub(super) columns: &'static [&'static str],
}

pub(super) const TABLES: &[Table] = &[
    Table {
        kind: USER,
        name: "users",
        key: &["id"],
        columns: &["id", "email", "password_hash", "is_admin", "is_disabled", "created_ms"],
    },
    Table {
        kind: KEY,
        name: "api_keys",
        key: &["id"],
        columns: &[
            "id",
            "name",
            "prefix",
            "hash",
            "owner",
            "user_id",
            "scopes",
            "models",
            "requests_per_minute",
            "tokens_per_day",
            "concurrency",
            "priority",
            "created_ms",
            "expires_ms",
            "is_disabled",
        ],
    },
    Table {
        kind: UPLOAD,
        name: "uploads",
        key: &["id"],
        columns: &[
            "id",
            "owner",
            "name",
            "filename",
            "media_type",
            "purpose",
            "bytes",
            "created_ms",
            "expires_ms",
        ],
    },
    Table {
        kind: "answer",
        name: "answers",
        key: &["id"],
        columns: &["id", "owner", "kind", "model", "request", "answer", "metadata", "created_ms"],
    },
    Table {
        kind: "usage",
        name: "usage",
        key: &["day", "owner", "key_id", "model"],
        columns: &[
            "day",
            "owner",
            "key_id",
            "model",
            "requests",
            "prompt_tokens",
            "completion_tokens",
            "generation_ms",
        ],
    },
];

/// Tables that are not moved.
#[cfg(test)]
pub(super) const LEFT_OUT: &[&str] = &["sessions", "secrets", "revisions", "limit_counters"];

impl Table {
    /// The rows after a key, in its order.
    pub(super) fn page(&self, after: &[String]) -> Statement {
        let numbers = parameters(1, self.key.len());
        let key = self.key.join(", ");
        let (columns, name, limit) = (self.columns.join(", "), self.name, self.key.len() + 1);
        let sql =
            format!("SELECT {columns} FROM {name} WHERE ({key}) > ({numbers}) ORDER BY {key} LIMIT ${limit}");
        let mut values: Vec<Value> = after.iter().map(|part| part.as_str().into()).collect();
        values.push(PAGE.into());
        Statement::new(sql, values)
    }

    /// Before every key: texts are not smaller than an empty one.
    pub(super) fn start(&self) -> Vec<String> {
        vec![String::new(); self.key.len()]
    }

    pub(super) fn key_of(&self, row: &Row) -> Result<Vec<String>, WrongColumn> {
        let position = |key: &&str| self.columns.iter().position(|column| column == key).unwrap_or_default();
        self.key.iter().map(position).map(|column| row.text(column)).collect()
    }

    pub(super) fn insert(&self, values: Vec<Value>) -> Statement {
        let (name, columns) = (self.name, self.columns.join(", "));
        let numbers = parameters(1, self.columns.len());
        Statement::new(
            format!("INSERT INTO {name} ({columns}) VALUES ({numbers}) ON CONFLICT DO NOTHING"),
            values,
        )
    }

    #[cfg(test)]
    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

fn parameters(first: usize, count: usize) -> String {
    let numbers: Vec<_> = (first..first + count).map(|number| format!("${number}")).collect();
    numbers.join(", ")
}

pub(super) fn to_json(value: &Value) -> Result<Json, StoreError> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Int(value) => (*value).into(),
        Value::Text(value) => value.as_str().into(),
        // No table that is moved has such a column.
        Value::Bytes(_) => return Err(StoreError::Unreadable),
    })
}

/// A value of a line; `None` for one that no column has.
pub(super) fn from_json(value: &Json) -> Option<Value> {
    match value {
        Json::Null => Some(Value::Null),
        Json::Bool(value) => Some((*value).into()),
        Json::Number(value) => value.as_i64().map(Value::Int),
        Json::String(value) => Some(value.as_str().into()),
        Json::Array(_) | Json::Object(_) => None,
    }
}
