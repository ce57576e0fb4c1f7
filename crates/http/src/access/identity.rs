//! Who sends a request, and what it may do.

use std::sync::Arc;

use accounts::{Credential, CredentialKind, DEFAULT_SCOPES};
use service::Caller;
use tokio_util::sync::CancellationToken;
use types::{Owner, Rights, Scope};

/// The caller of a request.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) caller: Caller,
    kind: Kind,
}

/// How the caller is known.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Not at all: routes that are open to all.
    Unknown,
    /// Somebody on this machine without a credential.
    Guest,
    /// The user who runs this server, by the local key.
    Local,
    /// By a key or a session.
    Credential(Arc<Credential>),
}

impl Identity {
    /// A caller of a route that is open to all.
    pub(crate) fn unknown() -> Self {
        Self {
            caller: Caller { rights: Rights::These([].into()), ..Caller::new(Owner::guest()) },
            kind: Kind::Unknown,
        }
    }

    pub(crate) fn guest() -> Self {
        let rights = Rights::These(DEFAULT_SCOPES.into());
        Self { caller: Caller { rights, ..Caller::new(Owner::guest()) }, kind: Kind::Guest }
    }

    pub(crate) fn local() -> Self {
        Self { caller: Caller::local(), kind: Kind::Local }
    }

    pub(crate) fn of(credential: Arc<Credential>) -> Self {
        Self { caller: caller_of(&credential), kind: Kind::Credential(credential) }
    }

    pub(crate) fn may(&self, scope: Scope) -> bool {
        match &self.kind {
            Kind::Unknown => false,
            Kind::Guest => DEFAULT_SCOPES.contains(&scope),
            Kind::Local => true,
            Kind::Credential(credential) => credential.may(scope),
        }
    }

    /// What it may do.
    pub(crate) fn scopes(&self) -> &[Scope] {
        match &self.kind {
            Kind::Unknown => &[],
            Kind::Guest => DEFAULT_SCOPES,
            Kind::Local => Scope::ALL,
            Kind::Credential(credential) => &credential.scopes,
        }
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether it is on this machine or has shown a credential.
    pub(crate) fn is_known(&self) -> bool {
        !matches!(self.kind, Kind::Unknown)
    }

    /// Whether it has shown a credential. To others, errors name no path, address or version.
    pub(crate) fn has_credential(&self) -> bool {
        matches!(self.kind, Kind::Local | Kind::Credential(_))
    }

    /// Whether it has shown a key or a token, which no browser sends by itself.
    pub(crate) fn has_key(&self) -> bool {
        match &self.kind {
            Kind::Unknown | Kind::Guest => false,
            Kind::Local => true,
            Kind::Credential(credential) => credential.kind != CredentialKind::Browser,
        }
    }

    /// Whether a person has signed in: a key does not make keys, or one that was stolen would outlive its end.
    pub(crate) fn is_person(&self) -> bool {
        match &self.kind {
            Kind::Unknown | Kind::Guest => false,
            Kind::Local => true,
            Kind::Credential(credential) => credential.kind != CredentialKind::Key,
        }
    }

    /// Cancelled when its credential is not valid any more; `None` for callers without one that can end.
    pub(crate) fn ended(&self) -> Option<&CancellationToken> {
        match &self.kind {
            Kind::Credential(credential) => Some(credential.ended()),
            Kind::Unknown | Kind::Guest | Kind::Local => None,
        }
    }
}

/// The caller of a credential, as the core knows it.
pub(crate) fn caller_of(credential: &Credential) -> Caller {
    let key = (credential.kind == CredentialKind::Key).then(|| Arc::clone(&credential.id));
    let rights = Rights::These(Arc::clone(&credential.scopes));
    Caller { owner: credential.owner.clone(), key, limits: Arc::clone(&credential.limits), rights }
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
