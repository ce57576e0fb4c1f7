//! Names of models: which texts can be one, and which name the same model.

use std::fmt;
use std::ops::Deref;

use crate::ServiceError;

/// Longest name of a model, in bytes; registries allow less.
pub const MAX_NAME: usize = 256;

/// A text that can be a model's name, as [`ModelName::parse`] alone makes it: it goes into questions and addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName(String);

impl ModelName {
    /// Checks a name that a call gives in `argument`.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn parse(argument: &str, name: String) -> Result<Self, ServiceError> {
        check_model_name(argument, &name)?;
        Ok(Self(name))
    }
}

impl Deref for ModelName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The names of a copy, which are not of one model.
#[derive(Debug)]
pub struct CopyNames {
    pub source: ModelName,
    pub destination: ModelName,
}

impl CopyNames {
    /// Checks both names.
    ///
    /// # Errors
    /// `invalid_argument`, also where both names are of one model.
    pub fn parse(source: String, destination: String) -> Result<Self, ServiceError> {
        let source = ModelName::parse("source", source)?;
        let destination = ModelName::parse("destination", destination)?;
        if full_name(&source) == full_name(&destination) {
            return Err(ServiceError::invalid(
                "destination",
                "is the same model as source; give it another name",
            ));
        }
        Ok(Self { source, destination })
    }
}

/// A name as Ollama lists it, in lower case and with its tag: one model has many names, with and without what is
/// meant anyway (`types/model/name.go`: scheme, registry, `library`).
pub fn full_name(name: &str) -> String {
    let name = name.to_lowercase();
    let name = name.split_once("://").map_or(name.as_str(), |(_, rest)| rest);
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    let name = name.strip_prefix("registry.ollama.ai/").unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let has_tag = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if has_tag { name.to_owned() } else { format!("{name}:latest") }
}

/// Whether a name is that of a model which runs on ollama.com: a pull would fetch no more than a pointer
/// there, and what is asked would leave the machine unasked.
pub(crate) fn is_cloud(model: &str) -> bool {
    let name = full_name(model);
    let tag = name.rsplit(':').next().unwrap_or_default();
    tag == "cloud" || tag.ends_with("-cloud")
}

/// Checks how long a model's name is, whatever characters the server allows: it is compared with all names, and
/// repeated in texts.
///
/// # Errors
/// `invalid_argument`.
pub fn name_length(argument: &str, name: &str) -> Result<(), ServiceError> {
    if name.len() <= MAX_NAME {
        return Ok(());
    }
    Err(ServiceError::invalid(
        argument,
        format!("has {} characters; the name of a model has at most {MAX_NAME}", name.chars().count()),
    ))
}

/// The check of [`ModelName::parse`], for a name that stays a part of a request.
///
/// # Errors
/// `invalid_argument`.
pub(crate) fn check_model_name(argument: &str, name: &str) -> Result<(), ServiceError> {
    if name.trim().is_empty() {
        return Err(ServiceError::invalid(argument, "is empty; it must be a model name, such as gemma3:4b"));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/' | '@');
    name_length(argument, name)?;
    if !name.chars().all(allowed) {
        return Err(ServiceError::invalid(
            argument,
            "is not a model name: letters, digits and . _ - : / are allowed, such as gemma3:4b or hf.co/user/model:Q4_K_M",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_names_are_validated() {
        for right in ["gemma3:4b", "hf.co/user/model.GGUF:Q4_K_M", "registry.example:5000/a/b"] {
            assert_eq!(check_model_name("model", right), Ok(()), "{right}");
        }
        for wrong in ["", "  ", "a b", "x\ny", "yes, delete all", &"x".repeat(300)] {
            assert!(check_model_name("model", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn name_without_tag_means_latest() {
        assert_eq!(full_name("Gemma3"), "gemma3:latest");
        assert_eq!(full_name("host:5000/a/b"), "host:5000/a/b:latest");
        assert_eq!(full_name("a:1b"), "a:1b");
        assert_eq!(full_name("https://Registry.ollama.ai/library/a:1b"), "a:1b");
        assert_eq!(full_name("registry.ollama.ai/me/a"), "me/a:latest");
        assert_eq!(full_name("hf.co/library/a"), "hf.co/library/a:latest");
    }

    #[test]
    fn cloud_models_are_known_by_their_tags() {
        for cloud in ["gpt-oss:120b-cloud", "glm-4.6:cloud"] {
            assert!(is_cloud(cloud), "{cloud}");
        }
        for local in ["gemma3:4b", "cloud", "hf.co/cloud/x:Q4"] {
            assert!(!is_cloud(local), "{local}");
        }
    }
}
