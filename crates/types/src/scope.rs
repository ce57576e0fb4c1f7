//! What a credential allows.

use std::sync::Arc;

/// What a credential allows. Each route, and each key, names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    Chat,
    Embed,
    ModelsRead,
    /// To pull, create and delete models.
    ModelsWrite,
    Conversations,
    Files,
    Mcp,
    Metrics,
    /// Everything, and the accounts of others.
    Admin,
}

impl Scope {
    /// Every scope, in the order of the documents.
    pub const ALL: &[Self] = &[
        Self::Chat,
        Self::Embed,
        Self::ModelsRead,
        Self::ModelsWrite,
        Self::Conversations,
        Self::Files,
        Self::Mcp,
        Self::Metrics,
        Self::Admin,
    ];

    /// The name that documents, errors and the database use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embed => "embed",
            Self::ModelsRead => "models:read",
            Self::ModelsWrite => "models:write",
            Self::Conversations => "conversations",
            Self::Files => "files",
            Self::Mcp => "mcp",
            Self::Metrics => "metrics",
            Self::Admin => "admin",
        }
    }

    /// A scope by its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == name)
    }
}

/// All that a caller may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Rights {
    /// Everything: the user of this machine.
    #[default]
    All,
    These(Arc<[Scope]>),
}

impl Rights {
    /// Whether something is allowed.
    pub fn may(&self, scope: Scope) -> bool {
        match self {
            Self::All => true,
            Self::These(scopes) => scopes.contains(&scope) || scopes.contains(&Scope::Admin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administrators_may_do_everything() {
        let some = Rights::These([Scope::Chat].into());
        assert!(some.may(Scope::Chat) && !some.may(Scope::Embed));
        assert!(
            Rights::These([Scope::Admin].into()).may(Scope::ModelsWrite) && Rights::All.may(Scope::Admin)
        );
    }

    #[test]
    fn scopes_are_found_by_their_names() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(*scope));
        }
        assert_eq!(Scope::parse("Chat"), None);
    }
}
