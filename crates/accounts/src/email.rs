//! Email addresses, by which users sign in.

use super::AccountError;

/// The longest address.
const MAX_BYTES: usize = 254;

/// An address as it is stored: in lower case.
///
/// # Errors
/// It is not one.
pub(crate) fn normalized(email: &str) -> Result<String, AccountError> {
    let email = email.trim();
    let is_valid = email.len() <= MAX_BYTES
        && email.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>(),;:\\".contains(&byte))
        && email
            .split_once('@')
            .is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty() && !domain.contains('@'));
    match is_valid {
        true => Ok(email.to_ascii_lowercase()),
        false => Err(AccountError::InvalidEmail(email.chars().take(MAX_BYTES).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_one_name_at_one_domain() {
        assert_eq!(normalized(" Ann.Lee+x@Example.org\n").unwrap(), "ann.lee+x@example.org");
        let long = format!("{}@example.org", "x".repeat(250));
        for wrong in ["", "ann", "@example.org", "ann@", "a@b@c", "a b@c", "a\u{e9}@c", "<a@b>", &long] {
            assert!(normalized(wrong).is_err(), "{wrong}");
        }
    }
}
