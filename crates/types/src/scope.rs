//! What a credential allows.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_found_by_their_names() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(*scope));
        }
        assert_eq!(Scope::parse("Chat"), None);
    }
}
