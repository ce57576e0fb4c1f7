//! `GET /v1/models`: a model, and a page of them.

use std::borrow::Cow;

use serde::Serialize;

/// The type of the object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    #[default]
    Model,
}

/// Where a model is in its life: what is installed can be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    #[default]
    Active,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelInfo<'a> {
    #[serde(rename = "type")]
    pub kind: ModelKind,
    pub id: Cow<'a, str>,
    pub display_name: Cow<'a, str>,
    /// RFC 3339; the epoch where it is not known.
    pub created_at: String,
    pub lifecycle: Lifecycle,
    /// The length of its context.
    pub max_input_tokens: Option<u64>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub has_more: bool,
    pub first_id: Option<String>,
    pub last_id: Option<String>,
}
