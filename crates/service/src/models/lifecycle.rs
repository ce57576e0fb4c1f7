//! Managing models: loading, unloading, copying, deleting.

use super::Models;
use super::name::{CopyNames, ModelName, full_name};
use crate::hint::Action;
use crate::{Caller, ErrorCode, ServiceError};
use providers::{OllamaApi, ProviderError};
use types::{KeepAlive, Location};

impl Models {
    /// Ollama's own API.
    ///
    /// # Errors
    /// `unsupported` where another kind of server is spoken to.
    pub(crate) fn ollama_api(&self) -> Result<&dyn OllamaApi, ServiceError> {
        self.provider.ollama().ok_or_else(|| {
            ServiceError::new(
                ErrorCode::Unsupported,
                "Only Ollama can do this; another kind of server is configured",
            )
            .with_hint(Action::UseOllama)
        })
    }

    /// Loads a model into memory, for `keep_alive`.
    ///
    /// # Errors
    /// `model_not_found` with the nearest name, and those of the provider.
    pub async fn load_model(
        &self,
        caller: &Caller,
        model: &ModelName,
        keep_alive: Option<&KeepAlive>,
        num_ctx: Option<u64>,
    ) -> Result<(), ServiceError> {
        self.check_allowed(caller, model).await?;
        let loaded = self.ollama_api()?.load(model, keep_alive.map(KeepAlive::as_value), num_ctx).await;
        self.explained(caller, loaded).await?;
        self.loaded_changed(model);
        Ok(())
    }

    /// Frees the memory of a model.
    ///
    /// # Errors
    /// As [`Models::load_model`].
    pub async fn unload_model(&self, caller: &Caller, model: &ModelName) -> Result<(), ServiceError> {
        self.check_there(caller, model).await?;
        self.removed(caller, self.ollama_api()?.unload(model).await).await?;
        self.loaded_changed(model);
        Ok(())
    }

    /// Gives a model a second name.
    ///
    /// # Errors
    /// As [`Models::load_model`].
    pub async fn copy_model(&self, caller: &Caller, names: &CopyNames) -> Result<(), ServiceError> {
        let CopyNames { source, destination } = names;
        self.check_allowed(caller, source).await?;
        self.check_may_install(caller, destination)?;
        let _changing = self.names.change(destination)?;
        self.explained(caller, self.ollama_api()?.copy(source, destination).await).await?;
        self.installed_changed(destination);
        Ok(())
    }

    /// Deletes a model from the disk.
    ///
    /// # Errors
    /// As [`Models::load_model`].
    pub async fn delete_model(&self, caller: &Caller, model: &ModelName) -> Result<(), ServiceError> {
        self.check_there(caller, model).await?;
        self.removed(caller, self.ollama_api()?.delete(model).await).await?;
        self.installed_changed(model);
        Ok(())
    }

    /// Whether a model of this name is installed; `latest` is the tag of a name without one.
    ///
    /// # Errors
    /// Those of the provider.
    pub async fn installed(
        &self,
        caller: &Caller,
        model: &str,
    ) -> Result<Option<(String, Option<u64>, Location)>, ServiceError> {
        let wanted = full_name(model);
        let models = self.list_models(caller).await?;
        let found = models.into_iter().find(|listed| full_name(&listed.model.name) == wanted);
        Ok(found.map(|listed| (listed.model.name, listed.model.size, listed.location)))
    }

    /// What was to be taken away, of a model that may not be there.
    async fn removed<T>(&self, caller: &Caller, result: Result<T, ProviderError>) -> Result<T, ServiceError> {
        match result {
            Err(ProviderError::ModelNotFound { model }) => Err(self.absent(caller, &model).await),
            result => self.explained(caller, result).await,
        }
    }

    async fn explained<T>(
        &self,
        caller: &Caller,
        result: Result<T, ProviderError>,
    ) -> Result<T, ServiceError> {
        match result {
            Ok(done) => Ok(done),
            Err(error) => Err(self.explain(caller, error).await),
        }
    }

    /// Checks that a model which is to be taken away is one that the caller may use.
    async fn check_there(&self, caller: &Caller, model: &str) -> Result<(), ServiceError> {
        if caller.may_use(model) { Ok(()) } else { Err(self.absent(caller, model).await) }
    }

    /// Checks that the caller may use a model which it installs under a name.
    pub(crate) fn check_may_install(&self, caller: &Caller, model: &str) -> Result<(), ServiceError> {
        if caller.may_use(model) {
            return Ok(());
        }
        let error = self.error(ProviderError::ModelNotFound { model: model.to_owned() });
        Err(error.with_hint("Your limits name the models that you may use; this is none of them."))
    }
}
