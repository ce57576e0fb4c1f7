//! The settings of a process: flags, environment and `config.toml`, checked once at start.
//!
//! Each setting is declared once, in the [`registry`]; each group of settings is one struct in one file. It names no
//! HTTP client and no argument parser.

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
mod serve;
mod server;
mod setting;
mod sources;
mod store;
mod suggest;
mod system_prompt;
mod telemetry;
#[cfg(test)]
mod tests;
mod tools;

use std::path::{Path, PathBuf};

pub use chat::ChatSettings;
pub use error::SettingsError;
pub use files::{FileSettings, with_home};
pub use headers::Header;
pub use host_url::{HostUrl, HostUrlError, is_this_machine};
pub use markdown::settings_markdown;
pub use provider::{ProviderKind, ProviderSettings};
pub use pulls::PullSettings;
pub use secret::Secret;
pub use serve::{Guests, ListenAddress, Network, ServeSettings};
pub use server::{CallDeadline, ServerSettings};
pub use setting::{Setting, SettingInfo, ValueKind};
pub use sources::{Origin, ServeSources, SettingOrigin, Sources};
pub use store::StoreSettings;
pub use system_prompt::SystemPromptFile;
pub use telemetry::TelemetrySettings;
pub use tools::{Confirm, ToolSettings, Toolset};

use resolver::Resolver;

/// All settings of a process. The default is what they are where nothing is set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    pub provider: ProviderSettings,
    pub chat: ChatSettings,
    pub files: FileSettings,
    pub server: ServerSettings,
    pub pulls: PullSettings,
    pub tools: ToolSettings,
    pub store: StoreSettings,
    pub telemetry: TelemetrySettings,
    /// `None` where [`Sources::serve`] ignores them.
    pub serve: Option<ServeSettings>,
}

/// Settings, and where they came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub settings: Settings,
    /// Every setting that was read, in the order of the registry, with its value and its source, for `doctor`.
    pub origins: Vec<SettingOrigin>,
    /// Values that are allowed but probably not intended; one line each, for the log.
    pub warnings: Vec<String>,
    /// The directory of `config.toml`; `None` where the system has none.
    pub config_dir: Option<PathBuf>,
}

impl Settings {
    /// Reads and checks all settings. A flag wins over the environment, that over `config.toml`, and that over the
    /// default.
    ///
    /// # Errors
    /// The first problem, as one line that names the variable, flag or key. The process should print it to stderr and
    /// exit with 2.
    pub fn load(sources: &Sources) -> Result<Loaded, SettingsError> {
        sources.refuse_unknown_variables()?;
        let mut resolver = Resolver::new(sources);
        resolver.read_config_file()?;
        let provider = ProviderSettings::load(&mut resolver)?;
        provider.check_credentials(&mut resolver)?;
        let chat = ChatSettings::load(&mut resolver)?;
        let files = FileSettings::load(&mut resolver)?;
        let server = ServerSettings::load(&mut resolver)?;
        if provider.ollama_api_key.is_none() {
            tools::warn_of_missing_web_key(&mut resolver)?;
        }
        let tools = ToolSettings::load(&mut resolver)?;
        let pulls = PullSettings::load(&mut resolver)?;
        pulls.check(tools.read_only)?;
        let store = StoreSettings::load(&mut resolver)?;
        store.check()?;
        let telemetry = TelemetrySettings::load(&mut resolver)?;
        let serve = match sources.serve {
            ServeSources::Ignored => None,
            ServeSources::OwnNames | ServeSources::AllNames => Some(ServeSettings::load(&mut resolver)?),
        };
        let config_dir = resolver.config_dir().map(Path::to_path_buf);
        let (origins, warnings) = resolver.finish();
        let settings = Self { provider, chat, files, server, tools, pulls, store, telemetry, serve };
        Ok(Loaded { settings, origins, warnings, config_dir })
    }
}
