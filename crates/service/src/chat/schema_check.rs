//! How much work the check of a JSON Schema can be, and where it is done.
//!
//! A reference can make a schema of 60 bytes take exponential time (`{"allOf":[{"items":{"$ref":"#"}},{"items":{"$ref":"#"}}]}`
//! doubles at each level of the reply), and no thread can be stopped. So a schema is bounded in size first. One whose work
//! is known to be small is checked here; any other in a process of its own, which is killed at the end of its time and
//! with the call.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonschema::Validator;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Chat;
use crate::{ErrorCode, ServiceError};
use platform::bound_process;
use platform::child::{Child, Next, read_input};

/// The subcommand under which the program checks a reply.
pub const SUBCOMMAND: &str = "check-reply";

/// Checks that run in processes of their own at the same time.
pub(crate) const CHECKED_AT_ONCE: usize = 2;
/// How long a check may take.
const MAX_TIME: Duration = Duration::from_secs(5);
/// How long a check waits for those before it.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// The most memory of a checking process, in bytes, where the system can bound it.
const MAX_MEMORY: u64 = 512 << 20;
/// The most that a checking process says, in bytes.
const MAX_OUTPUT: u64 = 64 << 10;

/// Maximum size of a schema, as JSON text in bytes.
const MAX_SCHEMA: usize = 256 << 10;
/// Maximum number of values in a schema: its subschemas, and what they are made of.
const MAX_VALUES: usize = 10_000;
/// Maximum nesting of a schema.
const MAX_DEPTH: usize = 64;

/// Up to this many values, with each reference followed, a schema is small.
const SMALL_SCHEMA: usize = 2_000;
/// How deep a small schema is at most, with each reference followed.
const SMALL_DEPTH: usize = 100;
/// Up to this much work, in values of the schema times bytes of the reply, a check is done here.
const SMALL_WORK: usize = 10_000_000;

/// The largest reply that is checked here: as values it takes many times its bytes.
const SMALL_REPLY: usize = 1 << 20;

/// Violations that are named to the model and to the caller.
const MAX_VIOLATIONS: usize = 5;
/// Characters of what is shown of each; it can repeat the whole reply.
const MAX_SHOWN: usize = 300;

/// What the work of a check depends on without a bound: more than one subschema can look at one value, or a pattern at
/// one text, any number of times.
const COSTLY: [&str; 7] = [
    "pattern",
    "patternProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "$dynamicRef",
    "$recursiveRef",
    "$id",
];

/// The input of the checking process.
#[derive(Serialize, Deserialize)]
struct Task {
    schema: Value,
    /// Absent where the schema itself is checked.
    reply: Option<String>,
}

/// The result of a check.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    /// The schema is invalid, with the reason.
    NoSchema(String),
    /// What is wrong with the reply: nothing, where it keeps to the schema.
    Violations(Vec<String>),
}

/// Why there is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unchecked {
    /// It took longer than [`MAX_TIME`], or more memory than [`MAX_MEMORY`].
    TooCostly,
    /// Too many others are checked.
    Busy,
    /// The process cannot be started.
    NotStarted,
}

impl Unchecked {
    /// The reason, as a clause.
    pub(crate) fn reason(self) -> String {
        match self {
            Self::TooCostly => {
                let (seconds, mebibytes) = (MAX_TIME.as_secs(), MAX_MEMORY >> 20);
                format!("the check takes more than {seconds} s or {mebibytes} MiB")
            }
            Self::Busy => "too many other replies are being checked".to_owned(),
            Self::NotStarted => "the process that checks it cannot be started".to_owned(),
        }
    }
}

/// Checks the size of a schema, before anything else looks at it.
///
/// # Errors
/// `invalid_argument`.
pub(crate) fn check_size(schema: &Value) -> Result<(), ServiceError> {
    let too_large = |what: String| Err(ServiceError::invalid("response_format", what));
    let mut values = 0;
    if depth(schema, &mut values) > MAX_DEPTH {
        return too_large(format!("is a JSON Schema nested deeper than {MAX_DEPTH} levels; make it flatter"));
    }
    if values > MAX_VALUES {
        return too_large(format!(
            "is a JSON Schema of {values} values; at most {MAX_VALUES} are checked: shorten it"
        ));
    }
    let size = schema.to_string().len();
    if size > MAX_SCHEMA {
        return too_large(format!(
            "is a JSON Schema of {size} bytes; at most {MAX_SCHEMA} are checked: shorten it"
        ));
    }
    Ok(())
}

/// How deep a value is nested, and how many values are in it. What came in as JSON is at most 128 deep.
fn depth(value: &Value, values: &mut usize) -> usize {
    *values += 1;
    let deepest = match value {
        Value::Array(items) => items.iter().map(|item| depth(item, values)).max(),
        Value::Object(fields) => fields.values().map(|field| depth(field, values)).max(),
        _ => None,
    };
    1 + deepest.unwrap_or(0)
}

/// How many values a schema has with each reference followed; `None` where that is not known to be few.
pub(crate) fn work_of(schema: &Value) -> Option<usize> {
    let mut sizes = HashMap::new();
    Survey { root: schema, sizes: &mut sizes, following: Vec::new() }.size(schema, 0)
}

struct Survey<'a, 's> {
    root: &'a Value,
    /// The sizes of what references lead to, once they are known.
    sizes: &'s mut HashMap<&'a str, usize>,
    /// The references that are being followed.
    following: Vec<&'a str>,
}

impl<'a> Survey<'a, '_> {
    fn size(&mut self, value: &'a Value, depth: usize) -> Option<usize> {
        if depth > SMALL_DEPTH {
            return None;
        }
        let mut size = 1;
        match value {
            Value::Array(items) => {
                for item in items {
                    size += self.size(item, depth + 1)?;
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    // `id` of older drafts changes what references mean, as `$id` does.
                    if COSTLY.contains(&name.as_str()) || (name == "id" && field.is_string()) {
                        return None;
                    }
                    size += match (name.as_str(), field) {
                        ("$ref", Value::String(reference)) => self.target(reference, depth)?,
                        _ => self.size(field, depth + 1)?,
                    };
                }
            }
            _ => {}
        }
        (size <= SMALL_SCHEMA).then_some(size)
    }

    /// The size of what a reference leads to; none that leads back to itself.
    fn target(&mut self, reference: &'a str, depth: usize) -> Option<usize> {
        if let Some(size) = self.sizes.get(reference) {
            return Some(*size);
        }
        if self.following.contains(&reference) {
            return None;
        }
        let target = self.root.pointer(reference.strip_prefix('#')?)?;
        self.following.push(reference);
        let size = self.size(target, depth + 1)?;
        self.following.pop();
        self.sizes.insert(reference, size);
        Some(size)
    }
}

/// A schema that is checked in this process: its work is known to be small.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    validator: Arc<Validator>,
    work: usize,
}

impl Compiled {
    /// `None` where the work of its checks is not known to be small.
    ///
    /// # Errors
    /// `invalid_argument` for what is no schema.
    pub(crate) fn new(schema: &Value) -> Result<Option<Self>, ServiceError> {
        let Some(work) = work_of(schema) else { return Ok(None) };
        let validator = compile(schema).map_err(|why| no_schema(&why))?;
        Ok(Some(Self { validator: Arc::new(validator), work }))
    }
}

fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::validator_for(schema).map_err(|error| shortened(&error.to_string()))
}

/// Checks a schema, or a reply against it, on this thread.
pub(crate) fn check_here(schema: &Value, reply: Option<&str>) -> Verdict {
    match (compile(schema), reply) {
        (Err(why), _) => Verdict::NoSchema(why),
        (Ok(_), None) => Verdict::Violations(Vec::new()),
        (Ok(validator), Some(reply)) => Verdict::Violations(violations(&validator, reply)),
    }
}

fn violations(validator: &Validator, reply: &str) -> Vec<String> {
    let reply: Value = match serde_json::from_str(reply.trim()) {
        Ok(reply) => reply,
        Err(error) => return vec![format!("it is not JSON ({error})")],
    };
    let errors = validator.iter_errors(&reply).take(MAX_VIOLATIONS);
    let texts = errors.map(|error| match error.instance_path().as_str() {
        "" => shortened(&error.to_string()),
        path => format!("{}: {}", shortened(path), shortened(&error.to_string())),
    });
    texts.collect()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl Chat {
    /// Checks a reply against a schema, or without a reply the schema itself: off the async threads, and for a bounded
    /// time. What is `compiled` is a schema already.
    pub(crate) async fn check_schema(
        &self,
        schema: &Value,
        compiled: Option<&Compiled>,
        reply: Option<String>,
    ) -> Result<Verdict, Unchecked> {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let _guard = stop.drop_guard();
        let is_small = |compiled: &&Compiled| {
            let bytes = reply.as_ref().map_or(1, String::len).max(1);
            bytes <= SMALL_REPLY && compiled.work.saturating_mul(bytes) <= SMALL_WORK
        };
        let work = if let Some(compiled) = compiled.filter(is_small) {
            let validator = Arc::clone(&compiled.validator);
            tokio::task::spawn_blocking(move || {
                let reply = reply.unwrap_or_default();
                Ok(Verdict::Violations(violations(&validator, &reply)))
            })
        } else {
            let waiting = Arc::clone(&self.checking).acquire_owned();
            let permit = tokio::time::timeout(MAX_WAIT, waiting).await;
            let Ok(Ok(permit)) = permit else { return Err(Unchecked::Busy) };
            let task = Task { schema: schema.clone(), reply };
            tokio::task::spawn_blocking(move || {
                let _permit = permit;
                check_in_child(&task, &|| stopped.is_cancelled())
            })
        };
        work.await.unwrap_or(Err(Unchecked::NotStarted))
    }
}

fn check_in_child(task: &Task, stopped: &dyn Fn() -> bool) -> Result<Verdict, Unchecked> {
    let input = serde_json::to_vec(task).map_err(|_| Unchecked::NotStarted)?;
    let child = Child::start(SUBCOMMAND, input, MAX_OUTPUT).map_err(|error| {
        tracing::warn!(error = %error.kind(), "the process that checks replies cannot be started");
        Unchecked::NotStarted
    })?;
    match child.next(Instant::now() + MAX_TIME, stopped) {
        Next::Line(line) => serde_json::from_str(&line).map_err(|_| Unchecked::TooCostly),
        Next::End | Next::TimedOut | Next::Stopped => Err(Unchecked::TooCostly),
    }
}

/// The checking process: a schema and a reply in, a verdict out. It ends with its parent.
///
/// # Errors
/// The input cannot be read or the output not written.
pub fn serve(mut output: impl Write) -> io::Result<()> {
    bound_process(MAX_MEMORY, 2 * MAX_TIME.as_secs());
    let input = read_input()?;
    let task: Task = serde_json::from_slice(&input)?;
    drop(input);
    serde_json::to_writer(&mut output, &check_here(&task.schema, task.reply.as_deref()))?;
    writeln!(output)
}

/// The error of a schema that cannot be used.
pub(crate) fn no_schema(why: &str) -> ServiceError {
    ServiceError::invalid("response_format", format!("is not a JSON Schema: {why}"))
}

/// The error of a schema that could not be checked.
pub(crate) fn unchecked(why: Unchecked) -> ServiceError {
    let code = match why {
        Unchecked::TooCostly => ErrorCode::InvalidArgument,
        Unchecked::Busy | Unchecked::NotStarted => ErrorCode::Overloaded,
    };
    ServiceError::new(code, format!("response_format cannot be checked: {}", why.reason()))
        .about_argument("response_format")
        .with_hint("Use a simpler schema: without recursive $ref, pattern and unevaluatedProperties.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn work_is_bounded_for_acyclic_references() {
        let person =
            json!({ "$defs": { "n": { "type": "string" } }, "properties": { "a": { "$ref": "#/$defs/n" } } });
        assert_eq!(work_of(&person), Some(8));
        for costly in [
            json!({ "allOf": [{ "items": { "$ref": "#" } }, { "items": { "$ref": "#" } }] }),
            json!({ "$ref": "#/$defs/a", "$defs": { "a": { "not": { "$ref": "#/$defs/a" } } } }),
            json!({ "$ref": "https://example.com/schema" }),
            json!({ "$ref": "#/missing" }),
            json!({ "properties": { "a": { "pattern": "(a+)+$" } } }),
            json!({ "unevaluatedProperties": false }),
            json!({ "properties": { "a": { "id": "x:/", "not": { "$ref": "#/definitions/b" } } }, "definitions": { "b": {} } }),
            json!({ "enum": vec![1; SMALL_SCHEMA] }),
        ] {
            assert_eq!(work_of(&costly), None, "{costly}");
        }
    }

    #[test]
    fn references_count_each_time_they_are_followed() {
        let doubled = |levels: usize| {
            let mut definitions = serde_json::Map::new();
            for level in 0..levels {
                let next = json!({ "$ref": format!("#/$defs/{}", level + 1) });
                definitions.insert(level.to_string(), json!({ "allOf": [next, next] }));
            }
            definitions.insert(levels.to_string(), json!({}));
            json!({ "$defs": definitions, "$ref": "#/$defs/0" })
        };
        assert!(work_of(&doubled(3)).is_some());
        assert_eq!(work_of(&doubled(30)), None);
    }

    #[test]
    fn schemas_are_bounded_in_size_depth_and_number() {
        let nested = (0..MAX_DEPTH).fold(json!({}), |inner, _| json!({ "not": inner }));
        for (schema, text) in [
            (nested, "nested deeper than 64 levels"),
            (json!({ "enum": vec![1; MAX_VALUES] }), "of 10002 values; at most 10000"),
            (json!({ "title": "x".repeat(MAX_SCHEMA) }), "bytes; at most 262144"),
        ] {
            let error = check_size(&schema).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidArgument);
            assert!(error.text().contains(text), "{}", error.text());
        }
        assert_eq!(check_size(&json!({ "type": "object" })), Ok(()));
    }

    #[test]
    fn violations_are_short_whatever_the_reply() {
        let reply = format!("\"{}\"", "ä".repeat(100_000));
        let Verdict::Violations(wrong) = check_here(&json!({ "type": "object" }), Some(&reply)) else {
            panic!("a schema")
        };
        assert!(wrong[0].len() < 1_000 && wrong[0].ends_with("..."), "{}", wrong[0].len());
    }
}
