//! The answer to `POST /embeddings`.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::bounded::{MAX_VECTORS, list, numbers};
use types::de::lenient_u64;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EmbedAnswer {
    #[serde(deserialize_with = "list::<MAX_VECTORS, _, _>")]
    pub(crate) data: Option<Vec<Embedding>>,
    pub(crate) model: Option<String>,
    pub(crate) usage: Option<EmbedUsage>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Embedding {
    pub(crate) index: Option<usize>,
    pub(crate) embedding: Vector,
}

/// Either form may come, whatever was asked for.
#[derive(Debug)]
pub(crate) enum Vector {
    Numbers(Vec<f32>),
    /// Little-endian 32-bit floats.
    Base64(String),
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By hand: an untagged enum keeps the whole list as values first, ten times its size.
        deserializer.deserialize_any(VectorVisitor)
    }
}

struct VectorVisitor;

impl<'de> Visitor<'de> for VectorVisitor {
    type Value = Vector;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers, or base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vector, E> {
        Ok(Vector::Base64(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vector, A::Error> {
        numbers(SeqAccessDeserializer::new(items)).map(Vector::Numbers)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EmbedUsage {
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) prompt_tokens: Option<u64>,
}
