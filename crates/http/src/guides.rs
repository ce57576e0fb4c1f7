//! Texts by which other programs use this server. The program makes them: this crate does not know those programs.

use schemars::JsonSchema;
use serde::Serialize;

/// Where a key goes in a text.
pub const KEY_PLACEHOLDER: &str = "omk_YOUR_KEY";

/// The server that the texts lead to.
#[derive(Debug, Clone)]
pub struct GuideTarget {
    /// Its address without the path of a route.
    pub base_url: String,
    /// Whether the texts have a place for a key.
    pub needs_key: bool,
    pub default_model: Option<String>,
    /// All models that the caller may use.
    pub models: Vec<String>,
}

/// Texts for programs of one kind.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GuideGroup {
    pub title: &'static str,
    pub entries: Vec<Guide>,
}

/// The text for one program.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Guide {
    pub id: &'static str,
    pub title: &'static str,
    /// Where the text goes
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What to paste
    pub text: String,
    /// What else to do
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Makes the texts.
pub type MakeGuides = fn(&GuideTarget) -> Vec<GuideGroup>;
