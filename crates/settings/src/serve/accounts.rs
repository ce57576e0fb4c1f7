//! Who may call from elsewhere: the first administrator, and how long users stay signed in.

use std::time::Duration;

use crate::error::SettingsError;
use crate::parse::{Problem, milliseconds_of};
use crate::registry;
use crate::resolver::Resolver;
use crate::secret::Secret;
use crate::setting::Setting;
use crate::sources::ServeSources;

/// The shortest key that signs tokens.
const MIN_SECRET_BYTES: usize = 32;
/// Between these lies the lifetime of a session.
const MIN_LIFETIME: Duration = Duration::from_secs(60);
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

pub(super) fn admin_email(resolver: &mut Resolver<'_>) -> Result<Option<String>, SettingsError> {
    match alias(resolver, &registry::ADMIN_EMAIL, &registry::SERVE_ADMIN_EMAIL)? {
        Some(found) => Ok(Some(found)),
        None => resolver.get(&registry::SERVE_ADMIN_EMAIL),
    }
}

pub(super) fn admin_password(resolver: &mut Resolver<'_>) -> Result<Option<Secret>, SettingsError> {
    match resolver.serve_sources() {
        ServeSources::AllNames => resolver.get(&registry::ADMIN_PASSWORD),
        _ => Ok(None),
    }
}

pub(super) fn signing_key(resolver: &mut Resolver<'_>) -> Result<Option<Secret>, SettingsError> {
    match alias(resolver, &registry::SECRET_KEY, &registry::SERVE_SECRET_KEY)? {
        Some(found) => Ok(Some(found)),
        None => resolver.get(&registry::SERVE_SECRET_KEY),
    }
}

pub(super) fn lifetime(resolver: &mut Resolver<'_>) -> Result<Duration, SettingsError> {
    match alias(resolver, &registry::ACCESS_TOKEN_EXPIRE_MINUTES, &registry::SERVE_SESSION_LIFETIME)? {
        Some(found) => Ok(found),
        None => resolver.get(&registry::SERVE_SESSION_LIFETIME),
    }
}

/// The value of another name of a setting, which `serve` alone reads, and only where our own name is not set.
fn alias<T, U>(
    resolver: &mut Resolver<'_>,
    alias: &'static Setting<Option<T>>,
    own: &'static Setting<U>,
) -> Result<Option<T>, SettingsError> {
    if resolver.serve_sources() != ServeSources::AllNames {
        return Ok(None);
    }
    let found = resolver.find(alias)?;
    resolver.record(alias, found.as_ref());
    match found {
        Some(found) if resolver.find(own)?.is_none() => {
            resolver.record(own, None);
            found.parse(alias, alias.parse)
        }
        _ => Ok(None),
    }
}

pub(crate) fn email(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    match text.split_once('@') {
        Some((name, domain)) if !name.is_empty() && !domain.is_empty() => Ok(text.to_owned()),
        _ => Err(Problem::new("must be an email address, such as ann@example.org")),
    }
}

/// A password; the one that examples have is refused.
pub(crate) fn password(text: &str) -> Result<Secret, Problem> {
    if text.eq_ignore_ascii_case("changeme") {
        return Err(Problem::new("is the password that everybody tries first; choose another one"));
    }
    Ok(Secret::new(text))
}

pub(crate) fn secret_key(text: &str) -> Result<Secret, Problem> {
    let text = text.trim();
    if text.len() < MIN_SECRET_BYTES {
        return Err(Problem::new(format!(
            "must have at least {MIN_SECRET_BYTES} bytes, such as the output of \"openssl rand -hex 32\""
        )));
    }
    Ok(Secret::new(text))
}

pub(crate) fn session_lifetime(text: &str) -> Result<Duration, Problem> {
    let found = milliseconds_of(text).map(Duration::from_millis);
    check_lifetime(found, "must be a duration such as 30m, 24h or 168h; a plain number is seconds")
}

pub(crate) fn session_minutes(text: &str) -> Result<Duration, Problem> {
    let found = text.trim().parse::<u32>().ok().map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    check_lifetime(found, "must be a whole number of minutes")
}

fn check_lifetime(found: Option<Duration>, problem: &str) -> Result<Duration, Problem> {
    match found {
        Some(found) if (MIN_LIFETIME..=MAX_LIFETIME).contains(&found) => Ok(found),
        Some(_) => Err(Problem::new("must be between 1 minute and 30 days")),
        None => Err(Problem::new(problem)),
    }
}
