//! The models: which there are, where they run, which one answers when none is named, and which one was meant.

use super::Models;
use super::name::{full_name, is_cloud, name_length};
use super::suggest::{nearest_model, other_model};
use crate::hint::{Action, Server};
use crate::{Caller, ErrorCode, ServiceError};
use providers::ProviderError;
use types::{Location, Model, ModelDetails, RunningModel};

/// An installed model, with what this machine knows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedModel {
    pub model: Model,
    pub location: Location,
    /// Its entry among the loaded models.
    pub running: Option<RunningModel>,
    /// Whether it is loaded; `None` if the server does not report it.
    pub loaded: Option<bool>,
}

impl Models {
    /// The installed models that the caller may use, by name, each with whether it is loaded.
    ///
    /// # Errors
    /// Those of the provider.
    pub async fn list_models(&self, caller: &Caller) -> Result<Vec<ListedModel>, ServiceError> {
        let (models, running) =
            futures_util::join!(self.provider.list_models(), self.provider.running_models());
        let models = models.map_err(|error| self.error(error))?;
        // An older or another server may not report what is loaded; the list is useful without it.
        let running = running.unwrap_or_default();
        let mut listed: Vec<_> = models
            .into_iter()
            .filter(|model| caller.may_use(&model.name))
            .map(|model| {
                let running = running.iter().find(|running| running.name == model.name).cloned();
                ListedModel {
                    location: self.location(model.remote.as_ref()),
                    loaded: self.reports_loaded().then_some(running.is_some()),
                    running,
                    model,
                }
            })
            .collect();
        listed.sort_by(|a, b| a.model.name.cmp(&b.model.name));
        Ok(listed)
    }

    /// Whether the server reports which models are loaded: only Ollama does.
    pub fn reports_loaded(&self) -> bool {
        self.provider.ollama().is_some()
    }

    /// The loaded models that the caller may use.
    ///
    /// # Errors
    /// `unsupported` if the server does not report it, and those of the provider.
    pub async fn running_models(&self, caller: &Caller) -> Result<Vec<RunningModel>, ServiceError> {
        self.ollama_api()?;
        let mut running = self.provider.running_models().await.map_err(|error| self.error(error))?;
        running.retain(|model| caller.may_use(&model.name));
        Ok(running)
    }

    /// Whether a model is in memory now; `None` if the server does not report it.
    pub async fn is_loaded(&self, model: &str) -> Option<bool> {
        if !self.reports_loaded() {
            return None;
        }
        let running = self.provider.running_models().await.ok()?;
        Some(running.iter().any(|running| full_name(&running.name) == full_name(model)))
    }

    /// What the server knows of one model.
    ///
    /// # Errors
    /// `model_not_found` with the nearest name, and those of the provider.
    pub async fn show_model(&self, caller: &Caller, model: &str) -> Result<ModelDetails, ServiceError> {
        name_length("model", model)?;
        self.check_allowed(caller, model).await?;
        match self.provider.show_model(model).await {
            Ok(details) => Ok(details),
            Err(error) => Err(self.explain(caller, error).await),
        }
    }

    /// The same with all metadata, if the server can report more on request.
    ///
    /// # Errors
    /// As [`Models::show_model`].
    pub async fn show_verbose(&self, caller: &Caller, model: &str) -> Result<ModelDetails, ServiceError> {
        let Some(api) = self.provider.ollama() else { return self.show_model(caller, model).await };
        name_length("model", model)?;
        self.check_allowed(caller, model).await?;
        match api.show_verbose(model).await {
            Ok(details) => Ok(details),
            Err(error) => Err(self.explain(caller, error).await),
        }
    }

    /// Checks that the caller's limits allow a model.
    ///
    /// # Errors
    /// `model_not_found` with the nearest name that they allow.
    pub(crate) async fn check_allowed(&self, caller: &Caller, model: &str) -> Result<(), ServiceError> {
        if caller.may_use(model) { Ok(()) } else { Err(self.missing(caller, model).await) }
    }

    /// Where a model runs, asked before anything is sent to it.
    ///
    /// # Errors
    /// As [`Models::show_model`].
    pub async fn location_of(&self, caller: &Caller, model: &str) -> Result<Location, ServiceError> {
        if !self.provider.is_local() || !self.features().has_cloud_models {
            return Ok(self.location(None));
        }
        let details = self.show_model(caller, model).await?;
        Ok(match details.remote {
            // Its name says so, where the server does not.
            None if is_cloud(model) => Location::Remote("ollama.com".to_owned()),
            remote => self.location(remote.as_ref()),
        })
    }

    /// Whether a call can say how large the context is: only Ollama's does.
    pub(crate) fn takes_num_ctx(&self) -> bool {
        self.features().sets_context
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
    pub async fn default_model(&self, caller: &Caller) -> Result<DefaultModel, ServiceError> {
        if let Some(allowed) = &caller.limits.models {
            return self.first_allowed(caller, allowed).await;
        }
        if let Some(model) = &self.settings.default_model {
            return Ok(DefaultModel { name: model.clone(), reason: "the default in the settings" });
        }
        let models = self.list_models(caller).await?;
        let mut candidates: Vec<_> = models.iter().filter(|listed| can_chat(&listed.model)).collect();
        if let Some(loaded) = candidates.iter().find(|listed| listed.running.is_some()) {
            return Ok(DefaultModel { name: loaded.model.name.clone(), reason: "the loaded model" });
        }
        // One server writes all its times alike, so their texts sort as the times do.
        let time = |listed: &ListedModel| (listed.model.modified_at.clone(), listed.model.created);
        candidates.sort_by_cached_key(|listed| std::cmp::Reverse(time(listed)));
        match candidates.as_slice() {
            [] => Err(no_models(self.server())),
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

    /// The first model of a caller's limits that is installed and chats.
    async fn first_allowed(&self, caller: &Caller, allowed: &[String]) -> Result<DefaultModel, ServiceError> {
        let mut models = self.list_models(caller).await?;
        models.retain(|listed| can_chat(&listed.model));
        let installed =
            |name: &String| models.iter().find(|listed| full_name(&listed.model.name) == full_name(name));
        let first = allowed.iter().find_map(installed);
        let reason = "the first model that the caller may use";
        first.map(|listed| DefaultModel { name: listed.model.name.clone(), reason }).ok_or_else(|| {
            ServiceError::new(ErrorCode::NoModels, "No model that you may use is installed")
                .with_hint("Ask the owner of this server for one.")
        })
    }

    /// A warning where another model answered than was asked. Ollama answers with the model that is named, or not at all.
    pub(crate) fn other_model(&self, asked: &str, answered: Option<&str>) -> Option<String> {
        answered.filter(|_| !self.reports_loaded()).and_then(|answered| other_model(asked, answered))
    }

    /// The error that a provider's failure is, with the names of models that would do.
    pub(crate) async fn explain(&self, caller: &Caller, error: ProviderError) -> ServiceError {
        match error {
            ProviderError::ModelNotFound { model } => self.missing(caller, &model).await,
            ProviderError::Unsupported { ref model, ref capability, .. } => {
                self.capabilities.forget(model);
                let capability = capability.clone();
                let error = self.error(error);
                match self.models_that_can(caller, &capability).await {
                    Some(hint) => error.with_hint(hint),
                    None => error,
                }
            }
            error => self.error(error),
        }
    }

    /// The error for a model that is not installed, or that the caller may not use, with the nearest one that would do.
    pub async fn missing(&self, caller: &Caller, model: &str) -> ServiceError {
        let next_step = match self.server() {
            Server::Ollama if caller.may_use(model) => Action::Pull { model: model.to_owned() },
            Server::Ollama => Action::ListInstalled,
            Server::OpenAiCompatible => Action::ListServed,
        };
        self.not_found_with(caller, model, next_step).await
    }

    /// The same where to install the model would help nobody.
    pub async fn absent(&self, caller: &Caller, model: &str) -> ServiceError {
        self.not_found_with(caller, model, Action::ListInstalled).await
    }

    async fn not_found_with(&self, caller: &Caller, model: &str, next_step: Action) -> ServiceError {
        let error = self.error(ProviderError::ModelNotFound { model: model.to_owned() });
        match self.nearest_installed(caller, model).await {
            Some(nearest) => error.with_hint(format!("Did you mean {nearest:?}?")).and_hint(next_step),
            None => error.with_hint(next_step),
        }
    }

    /// The installed model that was most likely meant by a name that none has.
    pub(crate) async fn nearest_installed(&self, caller: &Caller, model: &str) -> Option<String> {
        let installed = self.provider.list_models().await.ok()?;
        let names = installed.iter().map(|listed| listed.name.as_str());
        let names: Vec<&str> = names.filter(|name| *name != model && caller.may_use(name)).collect();
        nearest_model(model, &names).map(str::to_owned)
    }

    /// "Installed models that can: ...", as far as the server reports them.
    async fn models_that_can(&self, caller: &Caller, capability: &str) -> Option<String> {
        let models = self.provider.list_models().await.ok()?;
        let has = |model: &&types::Model| {
            model.capabilities.as_ref().is_some_and(|words| words.iter().any(|word| word == capability))
        };
        let names = models.iter().filter(has).map(|model| model.name.as_str());
        let names: Vec<_> = names.filter(|name| caller.may_use(name)).collect();
        Some(match names.as_slice() {
            [] => "No installed model can.".to_owned(),
            names => format!("Installed models that can: {}.", names.join(", ")),
        })
    }
}

/// The model that answers when none is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultModel {
    pub name: String,
    /// Reason, as a predicate: "the loaded model".
    pub reason: &'static str,
}

/// Whether a model chats, as far as it is known: an embedding model does not.
fn can_chat(model: &Model) -> bool {
    match &model.capabilities {
        Some(words) => words.iter().any(|word| word == "completion"),
        // Servers before capabilities: the families of embedding models.
        None => !model.family.as_deref().is_some_and(|family| family.contains("bert")),
    }
}

fn no_models(server: Server) -> ServiceError {
    match server {
        Server::Ollama => ServiceError::new(ErrorCode::NoModels, "Ollama has no models yet that can chat")
            .with_hint("Install one, for example \"ollama pull gemma3:4b\"."),
        Server::OpenAiCompatible => ServiceError::new(ErrorCode::NoModels, "The model server has no models")
            .with_hint("Load one there."),
    }
}
