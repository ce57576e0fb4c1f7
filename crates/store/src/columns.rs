//! How fields are written in columns, the same in every database: a role as its name, a time as milliseconds of Unix
//! time, a list as JSON.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use types::{Role, ToolCall};

/// The end of the year 9999, the last that RFC 3339 can write.
const MAX_MS: i64 = 253_402_300_799_999;

/// A role by its name; `None` for a name that this program never writes.
pub(crate) fn role(name: &str) -> Option<Role> {
    [Role::User, Role::Assistant, Role::System, Role::Tool].into_iter().find(|role| role.as_str() == name)
}

pub(crate) fn ms(time: SystemTime) -> i64 {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).map_or(MAX_MS, |ms| ms.min(MAX_MS))
}

pub(crate) fn time(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms.clamp(0, MAX_MS).unsigned_abs())
}

/// Tool calls as `[[id, name, arguments], ..]`; `None` for none.
pub(crate) fn tool_calls_json(calls: &[ToolCall]) -> serde_json::Result<Option<String>> {
    let calls: Vec<_> = calls.iter().map(|call| (&call.id, &call.name, &call.arguments)).collect();
    list_json(&calls)
}

pub(crate) fn tool_calls(json: Option<&str>) -> Vec<ToolCall> {
    let calls: Vec<(String, String, String)> = list(json);
    calls.into_iter().map(|(id, name, arguments)| ToolCall { id, name, arguments }).collect()
}

/// A list as JSON; `None` for an empty one.
pub(crate) fn list_json<T: serde::Serialize>(list: &[T]) -> serde_json::Result<Option<String>> {
    (!list.is_empty()).then(|| serde_json::to_string(list)).transpose()
}

/// A list that [`list_json`] wrote. A text that is not one counts as empty: the message is worth more than its list.
pub(crate) fn list<T: serde::de::DeserializeOwned>(json: Option<&str>) -> Vec<T> {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_calls_are_written_as_version_0_1_wrote_them() {
        let call = ToolCall { id: "1".into(), name: "add".into(), arguments: r#"{"a":1}"#.into() };
        let json = tool_calls_json(std::slice::from_ref(&call)).unwrap().unwrap();
        assert_eq!(json, r#"[["1","add","{\"a\":1}"]]"#);
        assert_eq!(tool_calls(Some(&json)), [call]);
        assert_eq!(tool_calls_json(&[]).unwrap(), None);
        assert_eq!((tool_calls(None), tool_calls(Some("{"))), (vec![], vec![]));
    }

    #[test]
    fn times_outside_of_the_range_are_clamped() {
        let at = UNIX_EPOCH + Duration::from_micros(1_234_567);
        assert_eq!((ms(at), time(ms(at))), (1234, UNIX_EPOCH + Duration::from_millis(1234)));
        assert_eq!(ms(UNIX_EPOCH - Duration::from_secs(1)), 0);
        assert_eq!(time(-1), UNIX_EPOCH);
        assert_eq!(ms(time(i64::MAX)), MAX_MS);
    }
}
