//! Which tools there are, and who may confirm what they do.

use std::collections::BTreeSet;

use super::error::SettingsError;
use super::parse::{self, Problem};
use super::registry;
use super::resolver::Resolver;

/// A group of tools that is chosen as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Toolset {
    /// Always there.
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
        Self::Web,
    ];

    /// Its name in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Generate => "generate",
            Self::Models => "models",
            Self::Embeddings => "embeddings",
            Self::Conversations => "conversations",
            Self::Compare => "compare",
            Self::Web => "web",
        }
    }
}

/// Who confirms what destroys or publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirm {
    /// The person where the host can ask, else the argument `confirm`.
    Auto,
    /// The person alone.
    Elicit,
}

/// The tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSettings {
    /// `OLLAMA_MCP_TOOLSETS`; core is always among them.
    pub toolsets: BTreeSet<Toolset>,
    /// `OLLAMA_MCP_READ_ONLY`: no tool that changes anything or leaves the machine.
    pub read_only: bool,
    /// `OLLAMA_MCP_CONFIRM`.
    pub confirm: Confirm,
}

impl Default for ToolSettings {
    /// The defaults of the settings.
    fn default() -> Self {
        let toolsets = Toolset::ALL.iter().copied().filter(|toolset| *toolset != Toolset::Web).collect();
        Self { toolsets, read_only: false, confirm: Confirm::Auto }
    }
}

impl ToolSettings {
    /// `has_web_key`: whether there is a key for the tools of [`Toolset::Web`].
    pub(super) fn load(resolver: &mut Resolver<'_>, has_web_key: bool) -> Result<Self, SettingsError> {
        // `all` is all that there can be; who names the toolset expects its tools.
        let named =
            resolver.find(&registry::TOOLSETS)?.filter(|found| names(&found.text).any(|name| name == "web"));
        if let Some(found) = named.filter(|_| !has_web_key) {
            resolver.warn(format!(
                "{} names web, but {} is not set: web_search and web_fetch are left out",
                found.from.label(&registry::TOOLSETS),
                registry::OLLAMA_API_KEY.env
            ));
        }
        Ok(Self {
            toolsets: resolver.required(&registry::TOOLSETS, toolsets)?,
            read_only: resolver.required(&registry::READ_ONLY, parse::switch)?,
            confirm: resolver.required(&registry::CONFIRM, confirm)?,
        })
    }
}

fn toolsets(text: &str) -> Result<BTreeSet<Toolset>, Problem> {
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

/// The names of a list.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

fn confirm(text: &str) -> Result<Confirm, Problem> {
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
    fn default_matches_registry() {
        let default = registry::TOOLSETS.default.unwrap();
        assert_eq!(toolsets(default).unwrap(), ToolSettings::default().toolsets);
    }

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
