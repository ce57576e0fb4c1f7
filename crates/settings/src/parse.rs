//! From texts to values: durations, sizes, log filters, names, tokens.

use std::path::PathBuf;
use std::time::Duration;

use super::files::with_home;
use super::secret::Secret;

/// Why a value is refused.
#[derive(Debug)]
pub(super) struct Problem {
    /// What the value must be. It contains no part of the value that may be secret.
    pub(super) text: String,
    /// Whether the value may contain a secret although the setting is not one.
    pub(super) hides_value: bool,
}

impl Problem {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), hides_value: false }
    }
}

pub(super) const LOG_LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A timeout from 1 ms to a day; a plain number is seconds.
pub(super) fn timeout(text: &str) -> Result<Duration, Problem> {
    match milliseconds(text, SECOND) {
        Some(found @ 1..=DAY) => Ok(Duration::from_millis(found)),
        Some(_) => Err(Problem::new("must be between 1ms and 24h")),
        None => {
            Err(Problem::new("must be a duration such as 500ms, 5s, 10m or 1h; a plain number is seconds"))
        }
    }
}

/// A number of concurrent operations.
pub(super) fn count(text: &str) -> Result<usize, Problem> {
    match text.trim().parse() {
        Ok(found @ 1..=10_000) => Ok(found),
        _ => Err(Problem::new("must be a whole number from 1 to 10000")),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, Problem> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(Problem::new("must be true or false")),
    }
}

/// An interval from 0 to 10 seconds; a plain number is milliseconds.
pub(super) fn interval(text: &str) -> Result<Duration, Problem> {
    match milliseconds(text, 1) {
        Some(found) if found <= 10 * SECOND => Ok(Duration::from_millis(found)),
        Some(_) => Err(Problem::new("must be at most 10s; a plain number is milliseconds")),
        None => Err(Problem::new("must be a duration such as 50ms; a plain number is milliseconds")),
    }
}

/// A size from 1 KiB to 1 GiB; a plain number is bytes.
pub(super) fn size(text: &str) -> Result<usize, Problem> {
    match usize::try_from(bytes(text)?) {
        Ok(found @ 0x400..=0x4000_0000) => Ok(found),
        _ => Err(Problem::new("must be between 1KiB and 1GiB")),
    }
}

/// A number of bytes; a plain number is bytes, too.
pub(super) fn bytes(text: &str) -> Result<u64, Problem> {
    let factor = |unit: &str| match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "kb" => Some(1_000),
        "kib" => Some(1 << 10),
        "mb" => Some(1_000_000),
        "mib" => Some(1 << 20),
        "gb" => Some(1_000_000_000),
        "gib" => Some(1 << 30),
        _ => None,
    };
    quantity(text, factor).ok_or_else(|| {
        Problem::new("must be a size such as 16MiB, 16MB or 16777216; a plain number is bytes")
    })
}

/// Levels and `target=level` pairs.
///
/// Stricter than the filter of tracing, which reads a misspelt level as a target and then logs only that target.
pub(super) fn log_filter(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    for directive in text.split(',') {
        let (target, level) = match directive.trim().rsplit_once('=') {
            Some((target, level)) => (Some(target), level),
            None => (None, directive.trim()),
        };
        if !LOG_LEVELS.contains(&level.to_ascii_lowercase().as_str()) {
            return Err(Problem::new(format!(
                "{level:?} is not a level; use {}, or target=level pairs such as warn,ollama_mcp=debug",
                LOG_LEVELS.join(", ")
            )));
        }
        let is_target = |name: &str| {
            !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':'))
        };
        if let Some(target) = target.filter(|name| !is_target(name)) {
            return Err(Problem::new(format!(
                "{target:?} is not a target, such as ollama_mcp or rmcp::transport"
            )));
        }
    }
    // Spaces around a comma would become part of a target.
    Ok(text.split(',').map(str::trim).collect::<Vec<_>>().join(","))
}

pub(super) fn model_name(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Problem::new("must be one model name, such as llama3.2:3b"));
    }
    Ok(text.to_owned())
}

/// A path without expansion.
pub(super) fn path(text: &str) -> Result<PathBuf, Problem> {
    if text == "~" || text.starts_with("~/") {
        return Err(Problem::new("~ means your home directory to a shell only; write the whole path"));
    }
    Ok(PathBuf::from(text))
}

/// A path in which `~/` means the home directory.
pub(super) fn path_from_home(text: &str) -> Result<PathBuf, Problem> {
    Ok(with_home(text))
}

/// A setting that is set, whatever its value.
pub(super) fn presence(_text: &str) -> Result<bool, Problem> {
    Ok(true)
}

/// A token that a header can carry. The problem contains no part of it.
pub(super) fn token(text: &str) -> Result<Secret, Problem> {
    let text = text.trim();
    if !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Problem::new(
            "a token must be ASCII without spaces or line breaks; leave out \"Bearer\"",
        ));
    }
    Ok(Secret::new(text))
}

fn milliseconds(text: &str, plain: u64) -> Option<u64> {
    let factor = |unit: &str| match unit {
        "" => Some(plain),
        "ms" => Some(1),
        "s" => Some(SECOND),
        "m" => Some(MINUTE),
        "h" => Some(HOUR),
        _ => None,
    };
    quantity(text, factor)
}

/// The product of a whole number and its unit.
pub(super) fn quantity(text: &str, factor: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(unit_at)?;
    let factor = factor(unit.trim_start())?;
    // Saturate, so that a huge number is out of range and not malformed.
    let number = if digits.is_empty() { return None } else { digits.parse::<u64>().unwrap_or(u64::MAX) };
    Some(number.saturating_mul(factor))
}
