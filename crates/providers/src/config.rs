//! The address of a model server, and how to connect to it.

use std::fmt;

use url::Url;

use super::http::Timeouts;

/// The connection settings of a provider.
#[derive(Clone)]
pub struct ServerConfig {
    /// Its address: for Ollama without `/api`, such as `http://127.0.0.1:11434` (a path is kept as a
    /// prefix); else the address below which OpenAI's routes are, such as `http://127.0.0.1:8080/v1`.
    pub base_url: Url,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<String>,
    /// More headers, sent with every request; one named `Authorization` wins over the token.
    pub headers: Vec<(String, String)>,
    pub timeouts: Timeouts,
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("base_url", &super::address::redacted(&self.base_url))
            .field("token", &self.token.as_ref().map(|_| "(hidden)"))
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("timeouts", &self.timeouts)
            .finish()
    }
}
