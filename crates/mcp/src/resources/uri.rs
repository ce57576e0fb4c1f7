//! The URIs of resources: what each names, and which changes are changes of it.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use rmcp::model::ErrorData;
use serde_json::json;

use service::changes::Change;
use service::models::name::full_name;

pub(super) const MODELS: &str = "ollama://models";
pub(super) const RUNNING: &str = "ollama://running";
pub(super) const HEALTH: &str = "ollama://health";
pub(super) const CONVERSATIONS: &str = "ollama://conversations";

/// The template of one model.
pub(crate) const MODEL_TEMPLATE: &str = "ollama://models/{model}";
/// The template of one loaded model.
pub(crate) const RUNNING_TEMPLATE: &str = "ollama://running/{model}";
/// The template of one conversation.
pub(crate) const CONVERSATION_TEMPLATE: &str = "ollama://conversations/{conversation_id}";
/// The argument of [`CONVERSATION_TEMPLATE`].
pub(crate) const CONVERSATION_ARGUMENT: &str = "conversation_id";

/// What a URI names. Names of models are decoded, and otherwise as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResourceUri {
    Models,
    Model(String),
    Running,
    RunningModel(String),
    Health,
    Conversations,
    Conversation(String),
}

impl ResourceUri {
    /// What `uri` names; `None`: it is no resource of this server.
    pub(super) fn parse(uri: &str) -> Option<Self> {
        let uri = uri.trim_end_matches('/');
        // Names contain `/` and `:`, plain or percent-encoded.
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

    /// What `uri` names, if a client can subscribe to it; `stored`: conversations are stored.
    ///
    /// # Errors
    /// Resource not found, with those that can be subscribed to.
    pub(crate) fn subscribable(uri: &str, stored: bool) -> Result<Self, ErrorData> {
        let found = Self::parse(uri).filter(|address| match address {
            Self::Health => false,
            Self::Conversations | Self::Conversation(_) => stored,
            _ => true,
        });
        found.ok_or_else(|| {
            let conversations =
                if stored { format!(", {CONVERSATIONS}, {CONVERSATION_TEMPLATE}") } else { String::new() };
            let right = format!(
                "cannot be subscribed to; {MODELS}, {MODELS}/{{model}}{conversations}, {RUNNING} and {RUNNING}/{{model}} can"
            );
            not_found(uri, &right)
        })
    }

    /// Whether only a poll of the model server finds what others change of it.
    pub(crate) fn is_polled(&self) -> bool {
        !matches!(self, Self::Conversations | Self::Conversation(_))
    }

    /// Whether one of these changes is a change of its content.
    pub(crate) fn changed_by(&self, changes: &BTreeSet<Change>) -> bool {
        changes.iter().any(|change| match (self, change) {
            (_, Change::Anything) => true,
            // Each entry shows whether the model is loaded.
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

/// The error of a URI that cannot be served, with the reason as its predicate.
pub(super) fn not_found(uri: &str, reason: &str) -> ErrorData {
    ErrorData::resource_not_found(format!("{uri} {reason}"), Some(json!({ "uri": uri })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_plain_or_encoded() {
        let name = "hf.co/user/model:Q4_K_M".to_owned();
        for written in
            ["hf.co/user/model:Q4_K_M", "hf.co%2Fuser%2Fmodel%3AQ4_K_M", "hf.co%2fuser/model%3aQ4_K_M"]
        {
            assert_eq!(
                ResourceUri::parse(&format!("ollama://models/{written}")),
                Some(ResourceUri::Model(name.clone()))
            );
            let running = ResourceUri::parse(&format!("ollama://running/{written}"));
            assert_eq!(running, Some(ResourceUri::RunningModel(name.clone())));
        }
        assert_eq!(ResourceUri::parse("ollama://models/"), Some(ResourceUri::Models));
        for none in ["ollama://modelsx", "ollama://nothing", "http://models", "", "ollama://runningx/a"] {
            assert_eq!(ResourceUri::parse(none), None, "{none}");
        }
        assert!(ResourceUri::subscribable("ollama://health", true).is_err());
        let one = "ollama://conversations/a-1";
        assert_eq!(ResourceUri::subscribable(one, true), Ok(ResourceUri::Conversation("a-1".to_owned())));
        assert!(ResourceUri::subscribable(one, false).is_err());
    }

    #[test]
    fn uri_changes_with_its_content() {
        let installed = BTreeSet::from([Change::Installed("gemma3:latest".to_owned())]);
        let kept = BTreeSet::from([Change::KeepAliveChanged("gemma3:latest".to_owned())]);
        let model = |name: &str| ResourceUri::Model(name.to_owned());
        assert!(model("Gemma3").changed_by(&installed) && ResourceUri::Models.changed_by(&installed));
        assert!(!model("gemma3:4b").changed_by(&installed) && !ResourceUri::Running.changed_by(&installed));
        assert!(ResourceUri::Running.changed_by(&kept) && !ResourceUri::Models.changed_by(&kept));
        assert!(ResourceUri::Running.changed_by(&BTreeSet::from([Change::Anything])));
        let said =
            BTreeSet::from([Change::Conversation { owner: types::Owner::local(), id: "a".to_owned() }]);
        let one = |id: &str| ResourceUri::Conversation(id.to_owned());
        assert!(ResourceUri::Conversations.changed_by(&said) && one("a").changed_by(&said));
        assert!(!one("b").changed_by(&said) && !ResourceUri::Models.changed_by(&said));
    }
}
