//! Keys: how they look, and what is kept of them.

use super::{AccountError, random};

/// What every key begins with.
pub const KEY_PREFIX: &str = "omk_";
/// Random bytes of a key.
const BYTES: usize = 24;
/// Characters by which people tell keys apart.
const SHOWN: usize = 12;
/// A key that somebody else has made has at least so many characters.
const MIN_GIVEN: usize = 36;

/// Whether a text looks like a key of ours.
pub fn is_key(text: &str) -> bool {
    text.starts_with(KEY_PREFIX)
}

/// A new key.
///
/// # Errors
/// The system has no random numbers.
pub(crate) fn new() -> Result<String, AccountError> {
    Ok(format!("{KEY_PREFIX}{}", random::hex::<BYTES>()?))
}

/// The first characters of a key.
pub(crate) fn shown(key: &str) -> String {
    key.chars().take(SHOWN).collect()
}

/// The hash of a key as it is stored.
pub(crate) fn hash(key: &str) -> String {
    random::to_hex(&random::digest(key))
}

/// Checks a key that an administrator has made.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_given(key: &str) -> Result<(), AccountError> {
    let wrong = if !is_key(key) {
        "must begin with omk_"
    } else if key.len() < MIN_GIVEN {
        "must have at least 32 characters after omk_"
    } else if !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        "may have letters and digits only"
    } else {
        return Ok(());
    };
    Err(AccountError::InvalidKey(wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_and_differ() {
        let (first, second) = (new().unwrap(), new().unwrap());
        assert!(is_key(&first) && first.len() == 52 && first != second);
        assert!(first.starts_with(&shown(&first)) && shown(&first).len() == 12);
        assert!(check_given(&first).is_ok());
        for wrong in ["", "sk-0123456789012345678901234567890123456789", "omk_0123", &format!("{first} ")] {
            assert!(check_given(wrong).is_err(), "{wrong}");
        }
    }
}
