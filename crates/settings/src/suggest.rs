//! "Did you mean" for the names of settings.

use std::cmp::Reverse;

use text::similar::{MIN_SIMILARITY, most_similar, similarity};

use super::registry;
use super::setting::SettingInfo;

/// The environment variable nearest to an unknown one.
///
/// The prefixes are ignored, so that `OLLAMA_MCP_HOST` finds `OLLAMA_HOST`.
pub(super) fn variable(unknown: &str) -> Option<&'static str> {
    nearest(&stem(unknown), registry::all().map(|setting| (stem(setting.env), setting.env)))
}

/// The `config.toml` key nearest to an unknown one, which may be a variable or a flag by its name.
pub(super) fn key(unknown: &str) -> Option<&'static str> {
    let keyed = |setting: &'static SettingInfo| setting.key.map(|key| (stem(key), key));
    nearest(&stem(unknown), registry::all().filter_map(keyed))
}

fn stem(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let stem = name.strip_prefix("ollama_").unwrap_or(&name);
    stem.strip_prefix("mcp_").unwrap_or(stem).to_owned()
}

fn nearest(unknown: &str, known: impl Iterator<Item = (String, &'static str)>) -> Option<&'static str> {
    let mut known: Vec<_> = known.collect();
    // Of names with one stem (`OLLAMA_API_KEY`, `OLLAMA_MCP_API_KEY`) the shorter is suggested: the last of the best.
    known.sort_by_key(|(_, name)| Reverse(name.len()));
    most_similar(known.into_iter().map(|(stem, name)| (similarity(unknown, &stem), name)), MIN_SIMILARITY)
}
