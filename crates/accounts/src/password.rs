//! Passwords: Argon2id, on blocking threads, a few at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::AccountError;

/// OWASP's parameters for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Hashes at the same time. Each takes [`MEMORY_KIB`] and a processor for some 20 ms.
const MAX_RUNNING: usize = 2;
/// Those that wait for their turn; more are refused.
const MAX_WAITING: usize = 32;

const MIN_CHARS: usize = 8;
const MAX_BYTES: usize = 1024;
/// Passwords that examples and older services have as their default.
const REFUSED: &[&str] = &["changeme", "password", "12345678", "123456789", "1234567890", "administrator"];

/// Hashes passwords, and bounds how much memory and time that takes.
#[derive(Debug)]
pub(crate) struct Passwords {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// The hash of no password, for users that do not exist.
    nobody: Arc<OnceLock<String>>,
}

/// Counts one that waits.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let free = Arc::new(Semaphore::new(MAX_RUNNING));
        Self { free, waiting: AtomicUsize::new(0), nobody: Arc::default() }
    }

    /// The hash of a new password, as a PHC string.
    ///
    /// # Errors
    /// [`AccountError::Busy`].
    pub(crate) async fn hash(&self, password: String) -> Result<String, AccountError> {
        self.run(move || hash(&password)).await?
    }

    /// Whether a password is the one that was hashed. Without a hash it takes as long.
    ///
    /// # Errors
    /// [`AccountError::Busy`].
    pub(crate) async fn verify(
        &self,
        password: String,
        hashed: Option<String>,
    ) -> Result<bool, AccountError> {
        let nobody = Arc::clone(&self.nobody);
        self.run(move || {
            let exists = hashed.is_some();
            let hashed = match &hashed {
                Some(hashed) => hashed,
                None => match nobody.get() {
                    Some(nobody) => nobody,
                    None => {
                        let made = hash(&super::random::hex::<16>()?)?;
                        nobody.get_or_init(|| made)
                    }
                },
            };
            let is_right = hasher()?.verify_password(password.as_bytes(), hashed.as_str()).is_ok();
            Ok(is_right && exists)
        })
        .await?
    }

    /// Makes the hash of nobody, so that the first unknown user takes no longer than others.
    pub(crate) async fn prepare(&self) {
        // What fails here fails again when it is needed.
        let _ = self.verify(String::new(), None).await;
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountError> {
        let waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
            return Err(AccountError::Busy);
        }
        let slot = Arc::clone(&self.free).acquire_owned().await.map_err(|_| AccountError::Busy)?;
        drop(waiting);
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(slot);
            done
        });
        done.await.map_err(|_| AccountError::Busy)
    }
}

/// Refuses passwords that anybody would guess.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(password: &str, email: &str) -> Result<(), AccountError> {
    let lower = password.to_lowercase();
    let wrong = if password.chars().count() < MIN_CHARS {
        "must have at least 8 characters"
    } else if password.len() > MAX_BYTES {
        "must have at most 1024 bytes"
    } else if REFUSED.contains(&lower.as_str()) || lower.chars().all(|c| lower.starts_with(c)) {
        "is one that everybody guesses"
    } else if lower == email {
        "must not be the email address"
    } else {
        return Ok(());
    };
    Err(AccountError::InvalidPassword(wrong))
}

fn hasher() -> Result<Argon2<'static>, AccountError> {
    // These parameters are valid.
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|_| AccountError::Busy)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, AccountError> {
    let hashed = hasher()?.hash_password(password.as_bytes());
    // Only a system without random numbers or memory fails.
    hashed.map(|hashed| hashed.to_string()).map_err(|_| AccountError::Random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn password_is_verified_against_salted_hash() {
        let passwords = Passwords::new();
        let first = passwords.hash("correct horse".to_owned()).await.unwrap();
        let second = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second);
        let verify = |password: &str, hash: Option<&str>| {
            passwords.verify(password.to_owned(), hash.map(str::to_owned))
        };
        assert!(verify("correct horse", Some(&first)).await.unwrap());
        assert!(!verify("correct horse ", Some(&first)).await.unwrap());
        assert!(!verify("correct horse", None).await.unwrap());
        assert!(!verify("correct horse", Some("no hash")).await.unwrap());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn flood_of_passwords_is_bounded() {
        let passwords = Passwords::new();
        let all = passwords.free.acquire_many(2).await.unwrap();
        let flood = (0..MAX_WAITING + 5).map(|_| passwords.verify("x".to_owned(), None));
        let mut flood: Vec<_> = flood.map(Box::pin).collect();
        let mut busy = 0;
        let mut waiting = Vec::new();
        for mut one in flood.drain(..) {
            tokio::select! {
                biased;
                done = &mut one => {
                    assert_eq!(done, Err(AccountError::Busy));
                    busy += 1;
                }
                () = std::future::ready(()) => waiting.push(one),
            }
        }
        assert_eq!((busy, waiting.len()), (5, MAX_WAITING));
        // Those that gave up make room.
        waiting.clear();
        drop(all);
        assert_eq!(passwords.verify("x".to_owned(), None).await, Ok(false));
    }

    #[test]
    fn guessable_passwords_are_refused() {
        for (password, why) in [
            ("short", "at least 8"),
            ("ChangeMe", "guesses"),
            ("aaaaaaaaaa", "guesses"),
            ("ann@example.org", "email"),
            (&"x y".repeat(400), "1024"),
        ] {
            let error = check(password, "ann@example.org").unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains(password), "{password}: {error}");
        }
        assert!(check("pässwörd", "ann@example.org").is_ok());
    }
}
