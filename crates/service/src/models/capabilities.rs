//! What each model can do, by the server's own words, kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Models;
use super::name::full_name;
use crate::{Caller, ServiceError};
use platform::sync::lock;
use providers::ProviderError;

/// Cache lifetime. A model's capabilities change when it is pulled again.
const CAPABILITIES_TTL: Duration = Duration::from_secs(300);
/// Cache size; the capabilities of further models are requested each time.
const MAX_KNOWN: usize = 1000;

/// Ollama's capability words of a model; `None` if the server does not report them.
pub type Capabilities = Option<Arc<[String]>>;

impl Models {
    /// Ollama's capability words of a model; `None` if the server does not report them.
    ///
    /// # Errors
    /// As [`Models::show_model`].
    pub async fn capabilities(&self, caller: &Caller, model: &str) -> Result<Capabilities, ServiceError> {
        if let Some(known) = self.capabilities.get(model) {
            return Ok(known);
        }
        let details = self.show_model(caller, model).await?;
        let capabilities = details.capabilities.map(Arc::from);
        self.capabilities.put(model, capabilities.clone());
        Ok(capabilities)
    }

    /// Checks a capability before a request that an older server would answer wrongly in silence.
    pub(crate) async fn require(
        &self,
        caller: &Caller,
        model: &str,
        capability: &str,
    ) -> Result<(), ServiceError> {
        if self.provider.ollama().is_none() {
            // Another server does not report them, and may accept names that it does not list.
            return Ok(());
        }
        let Some(capabilities) = self.capabilities(caller, model).await? else { return Ok(()) };
        if capabilities.iter().any(|word| word == capability) {
            return Ok(());
        }
        let error = ProviderError::Unsupported {
            model: model.to_owned(),
            capability: capability.to_owned(),
            message: String::new(),
        };
        let mut error = self.explain(caller, error).await;
        error.message.push_str(&format!(" (capabilities: {})", capabilities.join(", ")));
        Err(error)
    }
}

/// What is known of models' capabilities, for a while, by their full names. A look-up is short, so a plain mutex does.
#[derive(Debug, Default)]
pub(crate) struct CapabilityCache(Mutex<HashMap<String, (Instant, Capabilities)>>);

impl CapabilityCache {
    fn get(&self, model: &str) -> Option<Capabilities> {
        let known = lock(&self.0);
        let found = known.get(&full_name(model));
        found.filter(|(at, _)| at.elapsed() < CAPABILITIES_TTL).map(|(_, words)| words.clone())
    }

    fn put(&self, model: &str, words: Capabilities) {
        let mut known = lock(&self.0);
        known.retain(|_, (at, _)| at.elapsed() < CAPABILITIES_TTL);
        if known.len() < MAX_KNOWN {
            known.insert(full_name(model), (Instant::now(), words));
        }
    }

    pub(crate) fn forget(&self, model: &str) {
        lock(&self.0).remove(&full_name(model));
    }
}
