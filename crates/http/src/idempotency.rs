//! `Idempotency-Key`: the same request with the same key is generated once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use sha2::{Digest as _, Sha256};

use crate::call::Call;
use crate::error::HttpError;
use crate::follow::Follower;
use platform::sync::lock;
use service::tasks::registry::Task;
use types::Owner;

/// How long a key is kept.
const KEPT_FOR: Duration = Duration::from_secs(3600);
/// Most keys of one owner.
const MAX_OF_OWNER: usize = 100;
/// Most keys of all owners.
const MAX_KEYS: usize = 2000;
/// Most bytes of a key.
const MAX_BYTES: usize = 255;

type Key = (Owner, &'static str, String);

/// The completions of a request, which `start` makes unless its `Idempotency-Key` has them already. Those of a key, or of a
/// request for the `background`, go on when the response is dropped; others are cancelled then.
///
/// # Errors
/// Those of the key, of `start`, and 429 for too much in the background.
pub(crate) fn start(
    call: &Call,
    route: &'static str,
    body: &[u8],
    background: bool,
    start: impl FnOnce() -> Result<Vec<Arc<Task>>, HttpError>,
) -> Result<Vec<Follower>, HttpError> {
    let key = call.header("idempotency-key")?;
    let stays = background || key.is_some();
    let start = || {
        if stays {
            let allowed = call.app.services.tasks.allow_background(call.caller());
            allowed.map_err(|error| call.error(&error))?;
        }
        start()
    };
    let tasks = match key {
        None => start()?,
        Some(key) => {
            let digest = Sha256::digest(body).into();
            call.app.idempotency.get_or_start(&call.caller().owner, route, key, digest, start)?
        }
    };
    let follow = if stays { Follower::staying } else { Follower::owning };
    tasks.into_iter().map(|task| follow(call, task)).collect()
}

/// The keys of all callers, each of one owner and route.
#[derive(Default)]
pub(crate) struct IdempotencyKeys(Mutex<HashMap<Key, Entry>>);

struct Entry {
    /// The digest of the body.
    digest: [u8; 32],
    /// Kept here too, since the registry may drop what has ended.
    tasks: Vec<Arc<Task>>,
    since: Instant,
}

impl IdempotencyKeys {
    /// The completions of a key; those that `start` makes where the key is new.
    ///
    /// # Errors
    /// 400 for what is no key, 409 for another body, 429 for too many keys; those of `start`.
    fn get_or_start(
        &self,
        owner: &Owner,
        route: &'static str,
        key: &str,
        digest: [u8; 32],
        start: impl FnOnce() -> Result<Vec<Arc<Task>>, HttpError>,
    ) -> Result<Vec<Arc<Task>>, HttpError> {
        if key.is_empty() || key.len() > MAX_BYTES {
            let reason = format!("has {} bytes; it must have 1 to {MAX_BYTES}", key.len());
            return Err(HttpError::bad_request("Idempotency-Key", reason));
        }
        // Held while the completion is registered, so that of two requests one starts it. Starting does not wait.
        let mut entries = lock(&self.0);
        entries.retain(|_, entry| entry.since.elapsed() < KEPT_FOR);
        let key: Key = (owner.clone(), route, key.to_owned());
        if let Some(entry) = entries.get(&key) {
            if entry.digest != digest {
                let text = "This Idempotency-Key was used for another body";
                return Err(HttpError::new(StatusCode::CONFLICT, "idempotency_conflict", text)
                    .with_hint("Use a new key for a new request."));
            }
            return Ok(entry.tasks.clone());
        }
        let of_owner = entries.keys().filter(|(of, ..)| of == owner).count();
        if of_owner >= MAX_OF_OWNER || entries.len() >= MAX_KEYS {
            let text = format!("{of_owner} keys of the last hour are kept, which is the limit");
            let mut error = HttpError::new(StatusCode::TOO_MANY_REQUESTS, "overloaded", text);
            error.retry_after = Some(Duration::from_secs(60));
            return Err(error);
        }
        let tasks = start()?;
        entries.insert(key, Entry { digest, tasks: tasks.clone(), since: Instant::now() });
        Ok(tasks)
    }
}
