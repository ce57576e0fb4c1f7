//! Random keys, secrets and ids.

use sha2::{Digest as _, Sha256};

use super::AccountError;

/// Random bytes.
///
/// # Errors
/// The system has none.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], AccountError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| AccountError::Random)?;
    Ok(bytes)
}

/// `N` random bytes in hexadecimal.
///
/// # Errors
/// As [`bytes`].
pub(crate) fn hex<const N: usize>() -> Result<String, AccountError> {
    bytes::<N>().map(|bytes| to_hex(&bytes))
}

/// Bytes in hexadecimal.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a secret. Ours are random, so that a hash without salt and of no cost is enough.
pub(crate) fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Milliseconds of Unix time.
pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
