//! Who owns what is made and stored.

use std::sync::Arc;

/// The name of the owner of callers without a credential.
const GUEST: &str = "guest";

/// The owner of a completion, a job, a conversation or a file. For a caller, what another owner has does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner(Arc<str>);

impl Owner {
    /// Most bytes of a name.
    pub const MAX_BYTES: usize = 64;

    /// The user of this machine, as whom MCP over stdio runs.
    pub fn local() -> Self {
        Self(Arc::from("local"))
    }

    /// The owner of what callers without a credential make: they all share it.
    pub fn guest() -> Self {
        Self(Arc::from(GUEST))
    }

    /// Whether it is that of callers without a credential.
    pub fn is_guest(&self) -> bool {
        &*self.0 == GUEST
    }

    /// An owner by name: 1 to [`Self::MAX_BYTES`] ASCII letters, digits, `-`, `_`, `.`, `@` or `+`.
    pub fn new(name: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte);
        ((1..=Self::MAX_BYTES).contains(&name.len()) && name.bytes().all(is_allowed))
            .then(|| Self(Arc::from(name)))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_is_a_valid_name_and_not_local() {
        assert_eq!(Owner::new("guest"), Some(Owner::guest()));
        assert!(Owner::guest().is_guest() && !Owner::local().is_guest());
    }

    #[test]
    fn owner_names_are_bounded_and_plain() {
        for name in ["local", "a", "ann.lee+test@example.org", &"x".repeat(64)] {
            assert_eq!(Owner::new(name).unwrap().as_str(), name);
        }
        for name in ["", "a b", "a/b", "ü", "a\n", &"x".repeat(65)] {
            assert_eq!(Owner::new(name), None, "{name:?}");
        }
    }
}
