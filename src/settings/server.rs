//! The MCP side of the process.

use super::error::SettingsError;
use super::parse;
use super::registry;
use super::resolver::Resolver;

/// How the server treats its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// `OLLAMA_MCP_MAX_MESSAGE_BYTES`: the longest message accepted on stdin, in bytes.
    pub max_message_bytes: usize,
}

impl ServerSettings {
    pub(super) fn load(resolver: &mut Resolver<'_>) -> Result<Self, SettingsError> {
        Ok(Self { max_message_bytes: resolver.required(&registry::MAX_MESSAGE_BYTES, parse::size)? })
    }
}
