//! The sources of settings, and which of them each value came from.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

use super::error::SettingsError;
use super::registry;
use super::setting::SettingInfo;
use super::suggest;

const PREFIX: &str = "OLLAMA_MCP_";

/// All sources of settings. The default is an empty environment and no file.
#[derive(Clone, Default)]
pub struct Sources {
    /// Flags as given, each with its setting.
    pub flags: Vec<(&'static SettingInfo, String)>,
    /// Environment variables. Those that are not settings and do not start with `OLLAMA_MCP_` are ignored.
    pub environment: BTreeMap<String, OsString>,
    /// The directory of `config.toml`, unless a flag or variable names another.
    pub config_dir: Option<PathBuf>,
    /// The directory of the user's data, unless a flag or variable names another.
    pub data_dir: Option<PathBuf>,
    pub serve: ServeSources,
}

/// Which settings of `serve` are read. What is not read is not checked either: the environment of an editor must not
/// keep the stdio server from starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServeSources {
    /// None of them.
    #[default]
    Ignored,
    /// Those with names of our own.
    OwnNames,
    /// Also `PORT` and `MCP_SERVER_PORT`, which belong to whichever server is started.
    AllNames,
}

impl Sources {
    /// The environment of this process and the system's directories for the user's configuration and data.
    pub fn of_process(flags: Vec<(&'static SettingInfo, String)>) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| {
                let name = name.into_string().ok()?;
                // These names are case-insensitive on Windows.
                let name = if platform::VARIABLES_HAVE_CASE { name } else { name.to_ascii_uppercase() };
                (name.starts_with(PREFIX) || is_registered(&name)).then_some((name, value))
            })
            .collect();
        let directories = directories::ProjectDirs::from("", "", "ollama-mcp");
        let (config_dir, data_dir) = directories
            .map(|found| (found.config_dir().to_path_buf(), found.data_local_dir().to_path_buf()))
            .unzip();
        Self { flags, environment, config_dir, data_dir, serve: ServeSources::default() }
    }

    /// The value of a variable that somebody has set.
    pub(super) fn variable(&self, name: &str) -> Option<&OsString> {
        self.environment.get(name).filter(|value| !is_of_service(name, value))
    }

    /// Refuses misspelt variables, which otherwise would be ignored silently.
    pub(super) fn refuse_unknown_variables(&self) -> Result<(), SettingsError> {
        let set =
            self.environment.iter().filter(|(name, value)| !value.is_empty() && !is_of_service(name, value));
        let mut names = set.map(|(name, _)| name);
        match names.find(|name| name.starts_with(PREFIX) && !is_registered(name)) {
            None => Ok(()),
            Some(name) => Err(SettingsError::UnknownVariable {
                name: name.clone(),
                suggestion: suggest::variable(name),
            }),
        }
    }
}

/// The source of a value. An earlier variant overrides a later one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Flag,
    Environment,
    /// The path of `config.toml`.
    ConfigFile(PathBuf),
    Default,
}

impl Origin {
    /// A higher rank overrides a lower one.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Flag => 3,
            Self::Environment => 2,
            Self::ConfigFile(_) => 1,
            Self::Default => 0,
        }
    }

    /// The name of the setting in errors: the one that the user wrote.
    pub(super) fn label(&self, setting: &SettingInfo) -> String {
        match (self, setting.flag(), setting.key) {
            (Self::Flag, Some(flag), _) => format!("--{flag}"),
            (Self::ConfigFile(file), _, Some(key)) => format!("{key} in {}", file.display()),
            _ => setting.env.to_owned(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment => f.write_str("environment"),
            Self::ConfigFile(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting, its value and the source of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingOrigin {
    pub setting: &'static SettingInfo,
    /// The value as it was written, `***` for a secret; `None` where the setting has none.
    pub value_shown: Option<String>,
    pub from: Origin,
}

/// Whether Kubernetes has set this variable, for a service whose name begins like ours: `OLLAMA_MCP_SERVICE_HOST`,
/// `OLLAMA_MCP_PORT=tcp://...`, `OLLAMA_MCP_PORT_4891_TCP_ADDR` and more; so for `MCP_SERVER_PORT`.
fn is_of_service(name: &str, value: &OsStr) -> bool {
    let is_address = || value.to_str().is_some_and(|value| value.contains("://"));
    let is_of_port = || {
        let mut after = name.split("_PORT_").skip(1);
        after.any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && is_address())
        || is_of_port()
}

fn is_registered(name: &str) -> bool {
    registry::all().any(|setting| setting.env == name)
}
