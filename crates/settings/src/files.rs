//! Which files a call may read, and where their contents may go.

use std::path::{Component, Path, PathBuf};

use super::error::SettingsError;
use super::parse::{self, Problem};
use super::registry;
use super::resolver::Resolver;
use platform::PATHS_HAVE_DRIVES;

/// Files as attachments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSettings {
    /// `OLLAMA_MCP_ALLOWED_DIRS`: directories and files that calls may read; none by default. Whether they exist is
    /// not asked before they are used.
    pub allowed: Vec<PathBuf>,
    /// `OLLAMA_MCP_ALLOW_REMOTE_FILES`: also to models that do not run on this machine.
    pub allow_remote: bool,
    /// `config.toml`, which can hold tokens, wherever it is looked for.
    pub config_file: Option<PathBuf>,
    /// `OLLAMA_MCP_MAX_FILE_BYTES`: the largest file, in bytes.
    pub max_file_bytes: usize,
    /// `OLLAMA_MCP_MAX_ATTACHMENT_BYTES`: the largest sum of a call's files, in bytes.
    pub max_call_bytes: usize,
}

impl FileSettings {
    pub(super) fn load(
        resolver: &mut Resolver<'_>,
        config_file: Option<PathBuf>,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            config_file,
            allowed: resolver.optional(&registry::ALLOWED_DIRS, allowed)?.unwrap_or_default(),
            allow_remote: resolver.required(&registry::ALLOW_REMOTE_FILES, parse::switch)?,
            max_file_bytes: resolver.required(&registry::MAX_FILE_BYTES, parse::size)?,
            max_call_bytes: resolver.required(&registry::MAX_ATTACHMENT_BYTES, parse::size)?,
        })
    }
}

impl Default for FileSettings {
    /// The defaults of the settings.
    fn default() -> Self {
        Self {
            allowed: Vec::new(),
            allow_remote: false,
            config_file: None,
            max_file_bytes: 20_000_000,
            max_call_bytes: 50_000_000,
        }
    }
}

/// A path with `~/` as the user's home directory: hosts start servers without a shell that would expand it.
pub fn with_home(text: &str) -> PathBuf {
    let rest = match text {
        "~" => Some(""),
        _ => text.strip_prefix("~/").or_else(|| text.strip_prefix("~\\").filter(|_| PATHS_HAVE_DRIVES)),
    };
    match (rest, directories::BaseDirs::new()) {
        (Some(""), Some(base)) => base.home_dir().to_path_buf(),
        (Some(rest), Some(base)) => base.home_dir().join(rest.trim_start_matches('/')),
        _ => PathBuf::from(text),
    }
}

pub(super) fn allowed(text: &str) -> Result<Vec<PathBuf>, Problem> {
    std::env::split_paths(text)
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| {
            // The text was valid UTF-8, and so are its parts.
            let path = with_home(&path.to_string_lossy());
            let shown = path.display().to_string();
            if !path.is_absolute() {
                return Err(Problem::new(format!(
                    "must list absolute paths, such as /home/you/project or ~/project; {shown:?} is not an absolute path"
                )));
            }
            if has_parent(&path) {
                return Err(Problem::new(format!("must list paths without \"..\"; {shown:?} contains it")));
            }
            Ok(path)
        })
        .collect()
}

fn has_parent(path: &Path) -> bool {
    path.components().any(|part| part == Component::ParentDir)
}
