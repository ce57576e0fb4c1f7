//! Which tools there are, and who may confirm what they do.

use std::collections::BTreeSet;

use super::error::SettingsError;
use super::parse::Problem;
use super::registry;
use super::resolver::Resolver;
use super::setting::group;

group! {
    /// Which tools there are, and who confirms.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ToolSettings {
        /// [`Toolset::Core`] is always among them.
        pub toolsets: BTreeSet<Toolset> = registry::TOOLSETS,
        /// Whether to leave out the tools that change anything, and the web tools.
        pub read_only: bool = registry::READ_ONLY,
        pub confirm: Confirm = registry::CONFIRM,
    }
}

/// A group of tools that is chosen as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Toolset {
    /// Always offered.
    Core,
    /// Raw prompts, fill-in-the-middle, batches.
    Generate,
    /// Inspecting and managing models.
    Models,
    /// Embeddings and ranking.
    Embeddings,
    /// Conversations that are stored.
    Conversations,
    /// Several models side by side.
    Compare,
    /// Long and many files: summaries, answers, places.
    Files,
    /// Web search and pages through ollama.com; needs its API key.
    Web,
}

impl Toolset {
    /// Every toolset, in the order of the documents.
    pub const ALL: &[Self] = &[
        Self::Core,
        Self::Generate,
        Self::Models,
        Self::Embeddings,
        Self::Conversations,
        Self::Compare,
        Self::Files,
        Self::Web,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Generate => "generate",
            Self::Models => "models",
            Self::Embeddings => "embeddings",
            Self::Conversations => "conversations",
            Self::Compare => "compare",
            Self::Files => "files",
            Self::Web => "web",
        }
    }
}

/// Who confirms what destroys or publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirm {
    /// The user where the host can ask, else the argument `confirm`.
    Auto,
    /// The user alone.
    Elicit,
}

/// Warns of tools that are asked for by name and cannot work. `all` means all that there can be, so it is no such case.
pub(super) fn warn_of_missing_web_key(resolver: &mut Resolver<'_>) -> Result<(), SettingsError> {
    let named =
        resolver.find(&registry::TOOLSETS)?.filter(|found| names(&found.text).any(|name| name == "web"));
    if let Some(found) = named {
        resolver.warn(format!(
            "{} names web, but {} is not set: web_search and web_fetch are left out",
            found.from.label(&registry::TOOLSETS),
            registry::OLLAMA_API_KEY.env
        ));
    }
    Ok(())
}

/// The values of the setting.
pub(super) fn toolset_names() -> Vec<&'static str> {
    Toolset::ALL.iter().map(|toolset| toolset.as_str()).chain(["all"]).collect()
}

pub(super) fn toolsets(text: &str) -> Result<BTreeSet<Toolset>, Problem> {
    let mut chosen = BTreeSet::from([Toolset::Core]);
    for name in names(text) {
        if name == "all" {
            chosen.extend(Toolset::ALL);
            continue;
        }
        let Some(toolset) = Toolset::ALL.iter().find(|toolset| toolset.as_str() == name) else {
            let names: Vec<_> = Toolset::ALL.iter().map(|toolset| toolset.as_str()).collect();
            return Err(Problem::new(format!(
                "unknown toolset {name:?}; known are {} and all",
                names.join(", ")
            )));
        };
        chosen.insert(*toolset);
    }
    Ok(chosen)
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

pub(super) fn confirm(text: &str) -> Result<Confirm, Problem> {
    match text.trim() {
        "auto" => Ok(Confirm::Auto),
        "elicit" => Ok(Confirm::Elicit),
        _ => Err(Problem::new("must be auto or elicit")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolsets_are_parsed_and_core_is_always_included() {
        assert_eq!(
            toolsets("embeddings, models").unwrap(),
            BTreeSet::from([Toolset::Core, Toolset::Models, Toolset::Embeddings])
        );
        assert_eq!(toolsets("core").unwrap(), BTreeSet::from([Toolset::Core]));
        assert_eq!(toolsets("all").unwrap().len(), Toolset::ALL.len());
        assert!(toolsets("modles").unwrap_err().text.contains("unknown toolset \"modles\""));
    }
}
