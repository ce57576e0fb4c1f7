//! The models: which there are, where they run, which one answers when none is named, and which one was meant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Models;
use crate::hint::Action;
use crate::models::lifecycle::{MAX_NAME, full_name, is_cloud, name_length};
use crate::{ErrorCode, ServiceError};
use providers::ProviderError;
use types::{Location, Model, ModelDetails, RunningModel};

/// How long a model's capabilities are believed. They change when a model is pulled anew.
const CAPABILITIES_TTL: Duration = Duration::from_secs(300);
/// Models whose capabilities are remembered; more are asked for anew.
const MOST_KNOWN: usize = 1000;

/// Below this similarity (0 to 1) a name is no suggestion.
const SIMILAR: f64 = 0.5;

/// An installed model, with what this machine knows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedModel {
    /// As the server lists it.
    pub model: Model,
    /// Where it runs.
    pub location: Location,
    /// Its entry among the loaded models.
    pub running: Option<RunningModel>,
    /// Whether it is loaded; `None` where the server does not tell.
    pub loaded: Option<bool>,
}

impl Models {
    /// The installed models by name, each with whether it is loaded.
    ///
    /// # Errors
    /// Those of the provider.
    pub async fn list_models(&self) -> Result<Vec<ListedModel>, ServiceError> {
        let (models, running) =
            futures_util::join!(self.provider.list_models(), self.provider.running_models());
        let models = models.map_err(|error| self.error(error))?;
        // An older or another server may not tell what is loaded; the list is worth having all the same.
        let running = running.unwrap_or_default();
        let mut listed: Vec<_> = models
            .into_iter()
            .map(|model| {
                let running = running.iter().find(|running| running.name == model.name).cloned();
                ListedModel {
                    location: self.location(model.remote.as_ref()),
                    loaded: self.tells_loaded().then_some(running.is_some()),
                    running,
                    model,
                }
            })
            .collect();
        listed.sort_by(|a, b| a.model.name.cmp(&b.model.name));
        Ok(listed)
    }

    /// Whether the server tells which models are loaded: only Ollama does.
    pub fn tells_loaded(&self) -> bool {
        self.provider.ollama().is_some()
    }

    /// The loaded models.
    ///
    /// # Errors
    /// `unsupported` where the server does not tell, and those of the provider.
    pub async fn running_models(&self) -> Result<Vec<RunningModel>, ServiceError> {
        self.native()?;
        self.provider.running_models().await.map_err(|error| self.error(error))
    }

    /// Whether a model is in memory now; `None` where the server cannot tell.
    pub async fn is_loaded(&self, model: &str) -> Option<bool> {
        if !self.tells_loaded() {
            return None;
        }
        let running = self.provider.running_models().await.ok()?;
        Some(running.iter().any(|running| full_name(&running.name) == full_name(model)))
    }

    /// What the server knows of one model.
    ///
    /// # Errors
    /// `model_not_found` with the nearest name, and those of the provider.
    pub async fn show_model(&self, model: &str) -> Result<ModelDetails, ServiceError> {
        name_length("model", model)?;
        match self.provider.show_model(model).await {
            Ok(details) => Ok(details),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// The same with all metadata, where the server has more to tell when asked for it.
    ///
    /// # Errors
    /// As [`Models::show_model`].
    pub async fn show_verbose(&self, model: &str) -> Result<ModelDetails, ServiceError> {
        let Some(native) = self.provider.ollama() else { return self.show_model(model).await };
        name_length("model", model)?;
        match native.show_verbose(model).await {
            Ok(details) => Ok(details),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// Where a model runs, asked before anything is sent to it.
    ///
    /// # Errors
    /// As [`Models::show_model`].
    pub async fn location_of(&self, model: &str) -> Result<Location, ServiceError> {
        if !self.provider.is_local() || self.provider.ollama().is_none() {
            return Ok(self.location(None));
        }
        let details = self.show_model(model).await?;
        Ok(match details.remote {
            // Its name says so, where the server does not.
            None if is_cloud(model) => Location::Remote("ollama.com".to_owned()),
            remote => self.location(remote.as_ref()),
        })
    }

    /// Whether a call can say how large the context is: only Ollama's does.
    pub(crate) fn takes_num_ctx(&self) -> bool {
        self.provider.ollama().is_some()
    }

    /// The context that the model is loaded with.
    pub(crate) async fn loaded_context(&self, model: &str) -> Option<u64> {
        let running = self.provider.running_models().await.unwrap_or_default();
        let is_this = |name: &str| full_name(name) == full_name(model);
        running.iter().find(|running| is_this(&running.name)).and_then(|running| running.context_length)
    }

    /// The context length that the model was trained for, where the server says.
    pub(crate) async fn model_context(&self, model: &str) -> Option<u64> {
        self.provider.show_model(model).await.ok()?.context_length
    }

    /// The model that answers when a call names none, and why.
    ///
    /// # Errors
    /// `no_models`, and those of the provider.
    pub async fn default_model(&self) -> Result<DefaultModel, ServiceError> {
        if let Some(model) = &self.settings.default_model {
            return Ok(DefaultModel { name: model.clone(), reason: "the default in the settings" });
        }
        let models = self.list_models().await?;
        let mut candidates: Vec<_> = models.iter().filter(|listed| can_chat(&listed.model)).collect();
        if let Some(loaded) = candidates.iter().find(|listed| listed.running.is_some()) {
            return Ok(DefaultModel { name: loaded.model.name.clone(), reason: "the loaded model" });
        }
        // One server writes all its times alike, so their texts sort as the times do.
        let time = |listed: &ListedModel| (listed.model.modified_at.clone(), listed.model.created);
        candidates.sort_by_cached_key(|listed| std::cmp::Reverse(time(listed)));
        match candidates.as_slice() {
            [] => Err(no_models(self.provider.name())),
            [only] => Ok(DefaultModel { name: only.model.name.clone(), reason: "the only chat model" }),
            [first, second, ..] => {
                // Without times, or with one time for all, none is known to be the newest.
                let reason = if time(first) == time(second) {
                    "the first chat model by name"
                } else {
                    "the newest chat model"
                };
                Ok(DefaultModel { name: first.model.name.clone(), reason })
            }
        }
    }

    /// Ollama's capability words of a model; `None` where the server does not tell.
    ///
    /// # Errors
    /// As [`Models::show_model`].
    pub async fn capabilities(&self, model: &str) -> Result<Words, ServiceError> {
        if let Some(known) = self.capabilities.get(model) {
            return Ok(known);
        }
        let details = self.show_model(model).await?;
        let capabilities = details.capabilities.map(Arc::from);
        self.capabilities.put(model, capabilities.clone());
        Ok(capabilities)
    }

    /// A warning where another model answered than was asked. Ollama answers with the model that is named, or not at all.
    pub(crate) fn other_model(&self, asked: &str, answered: Option<&str>) -> Option<String> {
        answered.filter(|_| !self.tells_loaded()).and_then(|answered| other_model(asked, answered))
    }

    /// The error that a provider's failure is, with the names of models that would do.
    pub(crate) async fn explain(&self, error: ProviderError) -> ServiceError {
        match error {
            ProviderError::ModelNotFound { model } => self.model_not_found(&model).await,
            ProviderError::Unsupported { ref model, ref capability, .. } => {
                self.capabilities.forget(model);
                let capability = capability.clone();
                let error = self.error(error);
                match self.models_that_can(&capability).await {
                    Some(hint) => error.with_hint(hint),
                    None => error,
                }
            }
            error => self.error(error),
        }
    }

    /// The error for a model that is not installed, with the nearest that is.
    pub async fn missing(&self, model: &str) -> ServiceError {
        self.model_not_found(model).await
    }

    /// The same where to install the model would help nobody.
    pub async fn absent(&self, model: &str) -> ServiceError {
        self.not_found_with(model, Action::ListInstalled).await
    }

    async fn model_not_found(&self, model: &str) -> ServiceError {
        match self.provider.name() {
            "ollama" => self.not_found_with(model, Action::Pull { model: model.to_owned() }).await,
            _ => self.not_found_with(model, Action::ListServed).await,
        }
    }

    async fn not_found_with(&self, model: &str, next_step: Action) -> ServiceError {
        let error = self.error(ProviderError::ModelNotFound { model: model.to_owned() });
        match self.nearest_installed(model).await {
            Some(nearest) => error.with_hint(format!("Did you mean {nearest:?}?")).and_hint(next_step),
            None => error.with_hint(next_step),
        }
    }

    /// The installed model that was most likely meant by a name that none has.
    pub(crate) async fn nearest_installed(&self, model: &str) -> Option<String> {
        let installed = self.provider.list_models().await.ok()?;
        let names: Vec<&str> =
            installed.iter().map(|listed| listed.name.as_str()).filter(|name| *name != model).collect();
        nearest_model(model, &names).map(str::to_owned)
    }

    /// "Installed models that can: ...", as far as the server tells.
    async fn models_that_can(&self, capability: &str) -> Option<String> {
        let models = self.provider.list_models().await.ok()?;
        let has = |model: &&types::Model| {
            model.capabilities.as_ref().is_some_and(|words| words.iter().any(|word| word == capability))
        };
        let names: Vec<_> = models.iter().filter(has).map(|model| model.name.as_str()).collect();
        Some(match names.as_slice() {
            [] => "No installed model can.".to_owned(),
            names => format!("Installed models that can: {}.", names.join(", ")),
        })
    }

    /// Checks a capability before a request that an older server would answer wrongly in silence.
    pub(crate) async fn require(&self, model: &str, capability: &str) -> Result<(), ServiceError> {
        if self.provider.ollama().is_none() {
            // Another server does not tell, and may take names that it does not list.
            return Ok(());
        }
        let Some(capabilities) = self.capabilities(model).await? else { return Ok(()) };
        if capabilities.iter().any(|word| word == capability) {
            return Ok(());
        }
        let error = ProviderError::Unsupported {
            model: model.to_owned(),
            capability: capability.to_owned(),
            message: String::new(),
        };
        let mut error = self.explain(error).await;
        error.message.push_str(&format!(" (capabilities: {})", capabilities.join(", ")));
        Err(error)
    }
}

/// The model that answers when none is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultModel {
    /// Its name.
    pub name: String,
    /// Why it is the one, to follow "is".
    pub reason: &'static str,
}

/// What is known of models' capabilities, for a while, by their full names.
#[derive(Debug, Default)]
pub(crate) struct Capabilities(Mutex<HashMap<String, (Instant, Words)>>);

/// Ollama's capability words of a model; `None` where the server does not tell.
pub type Words = Option<Arc<[String]>>;

impl Capabilities {
    fn get(&self, model: &str) -> Option<Words> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(&full_name(model));
        found.filter(|(at, _)| at.elapsed() < CAPABILITIES_TTL).map(|(_, words)| words.clone())
    }

    fn put(&self, model: &str, words: Words) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (at, _)| at.elapsed() < CAPABILITIES_TTL);
        if known.len() < MOST_KNOWN {
            known.insert(full_name(model), (Instant::now(), words));
        }
    }

    pub(crate) fn forget(&self, model: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&full_name(model));
    }
}

/// That another model answered than was asked: a server with one model takes every name. Names that begin alike are
/// of one model, such as `gpt-4o` and `gpt-4o-2024-08-06`.
fn other_model(asked: &str, answered: &str) -> Option<String> {
    let (wanted, found) = (full_name(asked), full_name(answered));
    let (wanted_base, found_base) = (split_tag(&wanted).0, split_tag(&found).0);
    let alike = wanted == found
        || wanted_base != found_base
            && (wanted_base.starts_with(found_base) || found_base.starts_with(wanted_base));
    (!alike)
        .then(|| format!("{answered:?} answered, not {asked:?}, which was asked for: the server chose it."))
}

/// Whether a model chats, as far as it is known: an embedding model does not.
fn can_chat(model: &Model) -> bool {
    match &model.capabilities {
        Some(words) => words.iter().any(|word| word == "completion"),
        // Servers before capabilities: the families of embedding models.
        None => !model.family.as_deref().is_some_and(|family| family.contains("bert")),
    }
}

fn no_models(provider: &str) -> ServiceError {
    if provider == "ollama" {
        ServiceError::new(ErrorCode::NoModels, "Ollama has no models yet that can chat")
            .with_hint("Install one, for example \"ollama pull gemma3:4b\".")
    } else {
        ServiceError::new(ErrorCode::NoModels, "The model server has no models").with_hint("Load one there.")
    }
}

/// The installed name that was most likely meant.
pub fn nearest_model<'a>(meant: &str, installed: &[&'a str]) -> Option<&'a str> {
    // The comparison takes the product of both lengths.
    if meant.len() > MAX_NAME {
        return None;
    }
    let meant = meant.to_lowercase();
    let (meant_base, meant_tag) = split_tag(&meant);
    installed
        .iter()
        .filter(|name| name.len() <= MAX_NAME)
        .map(|name| {
            let lower = name.to_lowercase();
            let (base, tag) = split_tag(&lower);
            let start = if base.starts_with(meant_base) || meant_base.starts_with(base) { 0.8 } else { 0.0 };
            let alike = strsim::normalized_damerau_levenshtein(base, meant_base).max(start);
            // The tag decides between models of one name only.
            (alike + 0.01 * strsim::normalized_damerau_levenshtein(tag, meant_tag), *name)
        })
        .filter(|(score, _)| *score >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn split_tag(name: &str) -> (&str, &str) {
    name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((name, "latest"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_of_other_model_is_warned_of() {
        for (asked, answered) in [
            ("gemma3", "gemma3:latest"),
            ("gpt-4o", "gpt-4o-2024-08-06"),
            ("Registry.ollama.ai/library/a:1b", "a:1b"),
        ] {
            assert_eq!(other_model(asked, answered), None, "{asked} {answered}");
        }
        for (asked, answered) in [("qwen", "llama"), ("gemma3:4b", "gemma3:1b")] {
            let warning = other_model(asked, answered).unwrap();
            assert!(warning.contains(asked) && warning.contains(answered), "{warning}");
        }
    }

    #[test]
    fn nearest_model_is_suggested() {
        let installed = ["llama3.2:3b", "llama3.2:1b", "gemma3:4b", "hf.co/user/model:Q4_K_M"];
        assert!(nearest_model("lama3", &installed).is_some_and(|name| name.starts_with("llama3.2:")));
        assert_eq!(nearest_model("llama3.2:1", &installed), Some("llama3.2:1b"));
        assert_eq!(nearest_model("llama3.2:3", &installed), Some("llama3.2:3b"));
        assert_eq!(nearest_model("Gemma", &installed), Some("gemma3:4b"));
        assert_eq!(nearest_model("gemma3:12b", &installed), Some("gemma3:4b"));
        assert_eq!(nearest_model("zzz", &installed), None);
        assert_eq!(nearest_model("x", &[]), None);
        let long = "llama3.2".repeat(1_000_000);
        assert_eq!(nearest_model(&long, &installed), None);
        assert_eq!(nearest_model("gemma", &[&long, "gemma3:4b"]), Some("gemma3:4b"));
    }
}
