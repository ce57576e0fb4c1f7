//! `GET /x/usage`: what one has used; for the admin, what all have.

use accounts::usage::{UsageBy, UsageLine, day_of_today, days_before, report};
use chrono::NaiveDate;
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::{Call, json_answer};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use types::Scope;

/// Days that are reported, where the request does not say: today and those before it.
const DAYS: u32 = 30;

const DESCRIPTION: &str = "Requests, tokens and seconds of generation, by day (the default), key, user or model. Days are those of UTC. The admin \
sees all callers, or one user with `user`; others see their own. What was used in the last seconds may be missing. A reply that did not reach its \
end counts the tokens that were written.";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    from: Option<String>,
    to: Option<String>,
    by: Option<String>,
    user: Option<String>,
}

/// What was used.
#[derive(Debug, Serialize, JsonSchema)]
struct Usage {
    /// The first day
    from: String,
    /// The last day
    to: String,
    /// `day`, `key`, `user` or `model`
    by: &'static str,
    usage: Vec<Line>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    /// A day, the id of a key, a user or a model; empty for what was used without a key, or failed before a model answered
    id: String,
    /// The name of a key, or the email of a user
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    requests: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    generation_seconds: f64,
}

pub(super) fn route() -> Route {
    Route::get("/x/usage", |call| usage(call).boxed())
        .about("getUsage", Tag::Own, "What one has used: requests, tokens, seconds of generation")
        .described(DESCRIPTION)
        .needs(Scope::Chat)
        .parameter("query", "from", "The first day, as `2026-11-01`; 30 days are reported without it")
        .parameter("query", "to", "The last day; today without it")
        .parameter("query", "by", "`day`, `key`, `user` or `model`")
        .parameter("query", "user", "For the admin: one owner, by its id")
        .answers(200, "What was used", [Content::json::<Usage>()])
}

async fn usage(call: Call) -> Answer {
    let query: Query = call.query()?;
    let by = match query.by.as_deref() {
        None => UsageBy::default(),
        Some(by) => UsageBy::parse(by).ok_or_else(|| {
            HttpError::bad_request("by", format!("is {by:?}; it must be day, key, user or model"))
        })?,
    };
    let from = day("from", query.from)?.unwrap_or_else(|| days_before(DAYS - 1));
    let to = day("to", query.to)?.unwrap_or_else(day_of_today);
    let is_admin = call.identity.may(Scope::Admin);
    let owner = match (is_admin, query.user) {
        (false, Some(user)) if user != call.caller().owner.as_str() => {
            return Err(HttpError::forbidden("The usage of others needs the scope admin"));
        }
        (false, _) => Some(call.caller().owner.clone()),
        (true, None) => None,
        (true, Some(user)) => Some(
            types::Owner::new(&user).ok_or_else(|| HttpError::bad_request("user", "is no id of a user"))?,
        ),
    };
    let records = call.app.store.usage().list(from.clone()..=to.clone(), owner.as_ref()).await;
    let records = records.map_err(|error| call.error(&service::storage_failed("Usage", &error)))?;
    let usage = report(records, by).into_iter().map(Line::from).collect();
    json_answer(&Usage { from, to, by: by.as_str(), usage })
}

fn day(name: &str, value: Option<String>) -> Result<Option<String>, HttpError> {
    let Some(value) = value else { return Ok(None) };
    match NaiveDate::parse_from_str(&value, "%Y-%m-%d") {
        // As it is stored: a comparison of texts is one of days.
        Ok(day) => Ok(Some(day.format("%Y-%m-%d").to_string())),
        Err(_) => Err(HttpError::bad_request(name, format!("is {value:?}; it must be a day, as 2026-11-01"))),
    }
}

impl From<UsageLine> for Line {
    fn from(line: UsageLine) -> Self {
        let UsageLine { id, name, used } = line;
        Self {
            id,
            name,
            requests: used.requests,
            prompt_tokens: used.prompt_tokens,
            completion_tokens: used.completion_tokens,
            generation_seconds: used.generation_ms as f64 / 1000.0,
        }
    }
}
