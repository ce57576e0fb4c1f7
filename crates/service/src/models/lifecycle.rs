//! Managing models: loading, unloading, copying, deleting.

use super::Models;
use super::name::{CopyNames, ModelName, full_name};
use crate::hint::Action;
use crate::{ErrorCode, ServiceError};
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
        model: &ModelName,
        keep_alive: Option<&KeepAlive>,
        num_ctx: Option<u64>,
    ) -> Result<(), ServiceError> {
        self.explained(self.ollama_api()?.load(model, keep_alive.map(KeepAlive::as_value), num_ctx).await)
            .await?;
        self.loaded_changed(model);
        Ok(())
    }

    /// Frees the memory of a model.
    ///
    /// # Errors
    /// As [`Models::load_model`].
    pub async fn unload_model(&self, model: &ModelName) -> Result<(), ServiceError> {
        self.removed(self.ollama_api()?.unload(model).await).await?;
        self.loaded_changed(model);
        Ok(())
    }

    /// Gives a model a second name.
    ///
    /// # Errors
    /// As [`Models::load_model`].
    pub async fn copy_model(&self, names: &CopyNames) -> Result<(), ServiceError> {
        let CopyNames { source, destination } = names;
        let _changing = self.names.change(destination)?;
        self.explained(self.ollama_api()?.copy(source, destination).await).await?;
        self.installed_changed(destination);
        Ok(())
    }

    /// Deletes a model from the disk.
    ///
    /// # Errors
    /// As [`Models::load_model`].
    pub async fn delete_model(&self, model: &ModelName) -> Result<(), ServiceError> {
        self.removed(self.ollama_api()?.delete(model).await).await?;
        self.installed_changed(model);
        Ok(())
    }

    /// Whether a model of this name is installed; `latest` is the tag of a name without one.
    ///
    /// # Errors
    /// Those of the provider.
    pub async fn installed(
        &self,
        model: &str,
    ) -> Result<Option<(String, Option<u64>, Location)>, ServiceError> {
        let wanted = full_name(model);
        let models = self.list_models().await?;
        let found = models.into_iter().find(|listed| full_name(&listed.model.name) == wanted);
        Ok(found.map(|listed| (listed.model.name, listed.model.size, listed.location)))
    }

    /// What was to be taken away, of a model that may not be there.
    async fn removed<T>(&self, result: Result<T, ProviderError>) -> Result<T, ServiceError> {
        match result {
            Err(ProviderError::ModelNotFound { model }) => Err(self.absent(&model).await),
            result => self.explained(result).await,
        }
    }

    async fn explained<T>(&self, result: Result<T, ProviderError>) -> Result<T, ServiceError> {
        match result {
            Ok(done) => Ok(done),
            Err(error) => Err(self.explain(error).await),
        }
    }
}
