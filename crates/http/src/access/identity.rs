//! Who sends a request, and what it may do.

use service::Caller;
use types::{Owner, Scope};

/// What a caller without a credential may do.
const OF_GUESTS: &[Scope] =
    &[Scope::Chat, Scope::Embed, Scope::ModelsRead, Scope::Conversations, Scope::Files, Scope::Mcp];

/// The caller of a request.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) caller: Caller,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nobody yet: routes that are open to all.
    Unknown,
    /// Somebody on this machine without a credential.
    Guest,
    /// The user who runs this server, by the local key.
    Local,
}

impl Identity {
    /// A caller of a route that is open to all.
    pub(crate) fn unknown() -> Self {
        Self { caller: Caller::new(Owner::guest()), kind: Kind::Unknown }
    }

    pub(crate) fn guest() -> Self {
        Self { caller: Caller::new(Owner::guest()), kind: Kind::Guest }
    }

    pub(crate) fn local() -> Self {
        Self { caller: Caller::local(), kind: Kind::Local }
    }

    pub(crate) fn may(&self, scope: Scope) -> bool {
        match self.kind {
            Kind::Unknown => false,
            Kind::Guest => OF_GUESTS.contains(&scope),
            Kind::Local => true,
        }
    }

    /// Whether it is on this machine or has shown a credential.
    pub(crate) fn is_known(&self) -> bool {
        self.kind != Kind::Unknown
    }

    /// Whether it has shown a credential. To others, errors name no path, address or version.
    pub(crate) fn has_credential(&self) -> bool {
        self.kind == Kind::Local
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_not_the_local_owner() {
        assert_eq!(Identity::guest().caller.owner.as_str(), "guest");
        assert!(Identity::guest().may(Scope::Chat) && !Identity::guest().may(Scope::Metrics));
        assert!(!Identity::unknown().may(Scope::Chat));
        assert!(Identity::local().may(Scope::Metrics));
    }
}
