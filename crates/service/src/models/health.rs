//! The health check of the model server.

use std::time::{Duration, Instant};

use super::Models;
use crate::hint::Server;
use crate::{Caller, ServiceError};
use types::Location;

/// The state of the model server.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthReport {
    /// The provider's name, to be shown.
    pub provider: &'static str,
    pub server: Server,
    /// The address that was asked.
    pub address: String,
    pub location: Location,
    /// What it answered, or why it did not.
    pub state: Result<Healthy, ServiceError>,
}

/// A server that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Healthy {
    /// Its version, if it reports one.
    pub version: Option<String>,
    pub latency: Duration,
    /// Names of the installed models; `None` where the list could not be had.
    pub installed: Option<Vec<String>>,
    /// Names of the loaded models; `None` where the list could not be had.
    pub loaded: Option<Vec<String>>,
}

impl Models {
    /// Asks the model server whether it answers, and nothing else; its version, if it reports one.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<Option<String>, ServiceError> {
        let answered = self.provider.health().await;
        answered.map(|health| health.version).map_err(|error| self.error(error))
    }

    /// What the model server is called in texts.
    pub fn server_name(&self) -> &'static str {
        match self.server() {
            Server::Ollama => "Ollama",
            Server::OpenAiCompatible => "The model server",
        }
    }

    /// Asks the model server how it is. A server that is down is a report, not an error.
    /// It names the models that the caller may use.
    pub async fn health(&self, caller: &Caller) -> HealthReport {
        let started = Instant::now();
        let state = match self.provider.health().await {
            Ok(health) => {
                let latency = started.elapsed();
                let (installed, loaded) =
                    futures_util::join!(self.provider.list_models(), self.provider.running_models());
                Ok(Healthy {
                    version: health.version,
                    latency,
                    installed: installed
                        .ok()
                        .map(|models| sorted(caller, models.into_iter().map(|model| model.name))),
                    loaded: loaded
                        .ok()
                        .filter(|_| self.reports_loaded())
                        .map(|models| sorted(caller, models.into_iter().map(|model| model.name))),
                })
            }
            Err(error) => Err(self.error(error)),
        };
        HealthReport {
            provider: self.provider.name(),
            server: self.server(),
            address: self.provider.address().to_owned(),
            location: self.location(None),
            state,
        }
    }
}

fn sorted(caller: &Caller, names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = names.filter(|name| caller.may_use(name)).collect();
    names.sort();
    names
}
