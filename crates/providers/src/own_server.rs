//! A server of ours (`ollama-mcp serve`) that runs on this machine, as our own commands see it.

use serde::Deserialize;

use crate::config::ServerConfig;
use crate::http::Http;
use crate::{ProviderResult, http};

/// A running server of ours.
pub struct OwnServer(Http);

#[derive(Deserialize)]
struct Health {
    ollama_url: Option<String>,
}

#[derive(Deserialize)]
struct LaunchCode {
    code: String,
}

impl OwnServer {
    /// Nothing is sent before the first request.
    ///
    /// # Errors
    /// The address is none of HTTP, or the key is none that a header can hold.
    pub fn new(config: &ServerConfig) -> ProviderResult<Self> {
        let ServerConfig { base_url, token, headers, timeouts } = config;
        Ok(Self(Http::new(base_url.clone(), token.as_deref(), headers, *timeouts)?))
    }

    /// The address of the model server that it uses; `None` where it does not answer or does not tell.
    pub async fn model_server(&self) -> Option<String> {
        let found: Result<Health, http::Failure> = self.0.get("health").await;
        found.ok()?.ollama_url
    }

    /// A code that opens its page as the user who runs it; `None` where it gives none.
    pub async fn launch_code(&self) -> Option<String> {
        let made: Result<LaunchCode, http::Failure> = self.0.post("x/launch/codes", b"{}".to_vec()).await;
        Some(made.ok()?.code)
    }
}
