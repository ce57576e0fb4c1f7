//! What the user chose: flags, environment and `config.toml`, checked once at start.
//!
//! The bottom room: it names no other room, no HTTP client and no argument parser. Every setting is
//! an [`Entry`] of the [`registry`]; each group of settings is one struct in one file.

mod chat;
mod config_file;
mod error;
mod files;
mod headers;
mod host_url;
mod markdown;
mod parse;
mod provider;
mod pulls;
pub mod registry;
mod resolver;
mod secret;
mod server;
mod sources;
mod store;
mod suggest;
mod system_prompt;
mod telemetry;
#[cfg(test)]
mod tests;
mod tools;

use std::path::PathBuf;

pub use chat::ChatSettings;
pub use error::SettingsError;
pub use files::{FileSettings, with_home};
pub use headers::Header;
pub use host_url::{HostUrl, HostUrlError, is_this_machine};
pub use markdown::settings_markdown;
pub use provider::{ProviderKind, ProviderSettings};
pub use pulls::PullSettings;
pub use registry::Entry;
pub use secret::Secret;
pub use server::{CallDeadline, ServerSettings};
pub use sources::{Origin, SettingOrigin, Sources};
pub use store::StoreSettings;
pub use system_prompt::SystemPromptFile;
pub use telemetry::TelemetrySettings;
pub use tools::{Confirm, ToolSettings, Toolset};

use config_file::ConfigFile;
use resolver::Resolver;

/// All settings of a process.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Which model server, and how it is reached.
    pub provider: ProviderSettings,
    /// What completions default to.
    pub chat: ChatSettings,
    /// Files as attachments.
    pub files: FileSettings,
    /// The MCP side.
    pub server: ServerSettings,
    /// Models that are pulled.
    pub pulls: PullSettings,
    /// Which tools there are.
    pub tools: ToolSettings,
    /// What is kept on disk.
    pub store: StoreSettings,
    /// Logs.
    pub telemetry: TelemetrySettings,
}

/// Settings, and how they came about.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Every entry of the registry in its order, with its value and its source, for `doctor`.
    pub origins: Vec<SettingOrigin>,
    /// What is allowed but probably not meant; one line each, for the log.
    pub warnings: Vec<String>,
    /// Where `config.toml` is looked for; `None` where the system has no such directory.
    pub config_dir: Option<PathBuf>,
}

impl Settings {
    /// Reads and checks everything: flag over environment over `config.toml` over default.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, as one line that names the variable, flag or key. The process
    /// should print it to stderr and exit with 2.
    pub fn load(sources: &Sources) -> Result<Loaded, SettingsError> {
        sources.refuse_unknown_variables()?;
        let mut resolver = Resolver::new(sources);
        let config_dir = resolver.config_dir(sources.config_dir.clone())?;
        let config_file = config_dir.as_ref().map(|dir| dir.join("config.toml"));
        if let Some(file) = &config_file {
            resolver.set_file(ConfigFile::read(file)?);
        }
        let provider = ProviderSettings::load(&mut resolver)?;
        let chat = ChatSettings::load(&mut resolver, config_dir.as_deref())?;
        let files = FileSettings::load(&mut resolver, config_file)?;
        let server = ServerSettings::load(&mut resolver)?;
        let tools = ToolSettings::load(&mut resolver, provider.ollama_api_key.is_some())?;
        let pulls = PullSettings::load(&mut resolver)?;
        pulls.check(tools.read_only)?;
        let store = StoreSettings::load(&mut resolver, sources.data_dir.clone())?;
        let telemetry = TelemetrySettings::load(&mut resolver)?;
        let (origins, warnings) = resolver.finish();
        let settings = Self { provider, chat, files, server, tools, pulls, store, telemetry };
        Ok(Loaded { settings, origins, warnings, config_dir })
    }
}
