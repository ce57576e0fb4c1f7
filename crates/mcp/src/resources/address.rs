//! The addresses of resources: what each names, whether it changes, and what changes it.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use rmcp::model::ErrorData;

use super::not_found;
use service::changes::Change;
use service::models::name::full_name;

pub(super) const MODELS: &str = "ollama://models";
pub(super) const RUNNING: &str = "ollama://running";
pub(super) const HEALTH: &str = "ollama://health";
pub(super) const CONVERSATIONS: &str = "ollama://conversations";

/// What an address names. Names of models are as they were given, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Models,
    Model(String),
    Running,
    RunningModel(String),
    Health,
    Conversations,
    Conversation(String),
}

impl Address {
    /// What `uri` names; `None` where it is not a resource of this server.
    pub(super) fn of(uri: &str) -> Option<Self> {
        let uri = uri.trim_end_matches('/');
        // A name has `/` and `:` in it, as they are or percent-encoded.
        let below = |parent: &str| {
            let name = uri.strip_prefix(parent)?.strip_prefix('/')?;
            Some(percent_decode_str(name).decode_utf8_lossy().into_owned()).filter(|name| !name.is_empty())
        };
        match uri {
            MODELS => Some(Self::Models),
            RUNNING => Some(Self::Running),
            HEALTH => Some(Self::Health),
            CONVERSATIONS => Some(Self::Conversations),
            _ => below(MODELS)
                .map(Self::Model)
                .or_else(|| below(RUNNING).map(Self::RunningModel))
                .or_else(|| below(CONVERSATIONS).map(Self::Conversation)),
        }
    }

    /// What `uri` names, where its changes can be told; `stored` is whether there are conversations.
    ///
    /// # Errors
    /// Resource not found, with those that can be subscribed to.
    pub(crate) fn subscribable(uri: &str, stored: bool) -> Result<Self, ErrorData> {
        let found = Self::of(uri).filter(|address| match address {
            Self::Health => false,
            Self::Conversations | Self::Conversation(_) => stored,
            _ => true,
        });
        found.ok_or_else(|| {
            let conversations =
                if stored { format!(", {}, {}", CONVERSATIONS, super::conversations::TEMPLATE) } else { String::new() };
            let right = format!(
                "cannot be subscribed to; {MODELS}, {MODELS}/{{model}}{conversations}, {RUNNING} and {RUNNING}/{{model}} can"
            );
            not_found(uri, &right)
        })
    }

    /// Whether the model server has to be asked for what others change of it.
    pub(crate) fn is_polled(&self) -> bool {
        !matches!(self, Self::Conversations | Self::Conversation(_))
    }

    /// Whether one of these changes is a change of what it holds.
    pub(crate) fn changed_by(&self, changes: &BTreeSet<Change>) -> bool {
        changes.iter().any(|change| match (self, change) {
            (_, Change::Anything) => true,
            // Each entry tells whether the model is loaded.
            (Self::Models, Change::Installed(_) | Change::Loaded(_)) => true,
            (Self::Running, Change::Loaded(_) | Change::KeepAliveChanged(_)) => true,
            (Self::Conversations, Change::Conversation { .. }) => true,
            (Self::Conversation(id), Change::Conversation { id: changed, .. }) => id == changed,
            (Self::Model(name), Change::Installed(changed))
            | (Self::RunningModel(name), Change::Loaded(changed) | Change::KeepAliveChanged(changed)) => {
                full_name(name) == *changed
            }
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_or_encoded() {
        let name = "hf.co/user/model:Q4_K_M".to_owned();
        for written in
            ["hf.co/user/model:Q4_K_M", "hf.co%2Fuser%2Fmodel%3AQ4_K_M", "hf.co%2fuser/model%3aQ4_K_M"]
        {
            assert_eq!(
                Address::of(&format!("ollama://models/{written}")),
                Some(Address::Model(name.clone()))
            );
            let running = Address::of(&format!("ollama://running/{written}"));
            assert_eq!(running, Some(Address::RunningModel(name.clone())));
        }
        assert_eq!(Address::of("ollama://models/"), Some(Address::Models));
        for none in ["ollama://modelsx", "ollama://nothing", "http://models", "", "ollama://runningx/a"] {
            assert_eq!(Address::of(none), None, "{none}");
        }
        assert!(Address::subscribable("ollama://health", true).is_err());
        let one = "ollama://conversations/a-1";
        assert_eq!(Address::subscribable(one, true), Ok(Address::Conversation("a-1".to_owned())));
        assert!(Address::subscribable(one, false).is_err());
    }

    #[test]
    fn an_address_changes_with_what_it_holds() {
        let installed = BTreeSet::from([Change::Installed("gemma3:latest".to_owned())]);
        let kept = BTreeSet::from([Change::KeepAliveChanged("gemma3:latest".to_owned())]);
        let model = |name: &str| Address::Model(name.to_owned());
        assert!(model("Gemma3").changed_by(&installed) && Address::Models.changed_by(&installed));
        assert!(!model("gemma3:4b").changed_by(&installed) && !Address::Running.changed_by(&installed));
        assert!(Address::Running.changed_by(&kept) && !Address::Models.changed_by(&kept));
        assert!(Address::Running.changed_by(&BTreeSet::from([Change::Anything])));
        let said =
            BTreeSet::from([Change::Conversation { owner: types::Owner::local(), id: "a".to_owned() }]);
        let one = |id: &str| Address::Conversation(id.to_owned());
        assert!(Address::Conversations.changed_by(&said) && one("a").changed_by(&said));
        assert!(!one("b").changed_by(&said) && !Address::Models.changed_by(&said));
    }
}
