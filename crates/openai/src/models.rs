//! The list of models, and one of them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// `GET /models`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelList<'a> {
    pub object: ListObject,
    pub data: Vec<Model<'a>>,
}

/// The type of every list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListObject {
    #[default]
    List,
}

/// The object's type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Object {
    #[default]
    Model,
}

/// `GET /models/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model<'a> {
    pub id: Cow<'a, str>,
    pub object: Object,
    /// Unix seconds.
    pub created: u64,
    pub owned_by: Cow<'a, str>,
}

impl<'a> From<&'a types::Model> for Model<'a> {
    /// The owner is the namespace of the name, `library` without one, as in Ollama.
    fn from(model: &'a types::Model) -> Self {
        let owned_by = match model.name.rsplit_once('/') {
            Some((namespace, _)) => namespace.rsplit('/').next().unwrap_or(namespace),
            None => "library",
        };
        Self {
            id: model.name.as_str().into(),
            object: Object::Model,
            created: model.created.unwrap_or(0),
            owned_by: owned_by.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn recorded_models_survive_a_round_trip() {
        let list: ModelList<'_> = fixture::read("v1_models");
        assert!(!list.data.is_empty());
        fixture::round_trip(&list);
        fixture::round_trip(&fixture::read::<Model<'_>>("v1_model"));
    }

    #[test]
    fn owner_is_the_namespace() {
        for (name, owner) in
            [("qwen3:8b", "library"), ("ann/tuned:1b", "ann"), ("hf.co/unsloth/Qwen3-GGUF:Q4_K_M", "unsloth")]
        {
            let model = types::Model { name: name.to_owned(), ..types::Model::default() };
            assert_eq!(Model::from(&model).owned_by, owner, "{name}");
        }
    }
}
