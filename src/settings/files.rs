//! Which files a call may read, and where their contents may go.

use std::path::{Component, Path, PathBuf};

use super::error::SettingsError;
use super::parse::{self, Problem};
use super::registry;
use super::resolver::Resolver;

/// Files as attachments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSettings {
    /// `OLLAMA_MCP_ALLOWED_DIRS`: directories and files that calls may read; none by default. Whether they exist is
    /// not asked before they are used.
    pub allowed: Vec<PathBuf>,
    /// `OLLAMA_MCP_ALLOW_REMOTE_FILES`: also to models that do not run on this machine.
    pub allow_remote: bool,
    /// `OLLAMA_MCP_MAX_FILE_BYTES`: the largest file, in bytes.
    pub max_file_bytes: usize,
    /// `OLLAMA_MCP_MAX_ATTACHMENT_BYTES`: the largest sum of a call's files, in bytes.
    pub max_call_bytes: usize,
}

impl FileSettings {
    pub(super) fn load(resolver: &mut Resolver<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
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
            max_file_bytes: 20_000_000,
            max_call_bytes: 50_000_000,
        }
    }
}

/// A path with `~/` as the user's home directory: hosts start servers without a shell that would expand it.
pub fn with_home(text: &str) -> PathBuf {
    let rest = match text {
        "~" => Some(""),
        _ => text.strip_prefix("~/").or_else(|| text.strip_prefix("~\\").filter(|_| cfg!(windows))),
    };
    match (rest, directories::BaseDirs::new()) {
        (Some(""), Some(base)) => base.home_dir().to_path_buf(),
        (Some(rest), Some(base)) => base.home_dir().join(rest.trim_start_matches('/')),
        _ => PathBuf::from(text),
    }
}

fn allowed(text: &str) -> Result<Vec<PathBuf>, Problem> {
    std::env::split_paths(text)
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| {
            // The text was valid UTF-8, and so are its parts.
            let path = with_home(&path.to_string_lossy());
            match path.is_absolute() && !has_parent(&path) {
                true => Ok(path),
                false => Err(Problem::new(format!(
                    "must hold whole paths, such as /home/you/project or ~/project, without \"..\"; {:?} is none",
                    path.display().to_string()
                ))),
            }
        })
        .collect()
}

fn has_parent(path: &Path) -> bool {
    path.components().any(|part| part == Component::ParentDir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Settings, Sources};

    #[test]
    fn the_defaults_are_the_registry_s() {
        let default = FileSettings::default();
        assert_eq!(parse::size(registry::MAX_FILE_BYTES.default.unwrap()).unwrap(), default.max_file_bytes);
        assert_eq!(
            parse::size(registry::MAX_ATTACHMENT_BYTES.default.unwrap()).unwrap(),
            default.max_call_bytes
        );
    }

    #[cfg(unix)]
    #[test]
    fn directories_come_from_flags_the_environment_and_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let load = |flags: &[&str], environment: &[(&str, &str)], file: &str| {
            std::fs::write(directory.path().join("config.toml"), file).unwrap();
            let flags = flags.iter().map(|dir| (&registry::ALLOWED_DIRS, (*dir).to_owned())).collect();
            let environment =
                environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            let sources = Sources { flags, environment, config_dir: Some(directory.path().to_path_buf()) };
            Settings::load(&sources)
                .map(|loaded| loaded.settings.files.allowed)
                .map_err(|error| error.to_string())
        };
        let paths = |paths: &[&str]| Ok(paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        let environment = [("OLLAMA_MCP_ALLOWED_DIRS", "/c:/d")];
        let file = "allowed_dirs = [\"/e\", \"/f\"]";
        assert_eq!(load(&["/a", "/b"], &environment, file), paths(&["/a", "/b"]));
        assert_eq!(load(&[], &environment, file), paths(&["/c", "/d"]));
        assert_eq!(load(&[], &[], file), paths(&["/e", "/f"]));
        assert_eq!(load(&[], &[], "allowed_dirs = \"/e:/f\""), paths(&["/e", "/f"]));
        assert_eq!(load(&[""], &[], ""), paths(&[]));
        assert!(load(&["."], &[], "").unwrap_err().contains("--allow-dir"));
        assert!(load(&[], &[], "allowed_dirs = [1]").unwrap_err().contains("an array of strings"));
    }

    #[cfg(unix)]
    #[test]
    fn lists_hold_whole_paths() {
        assert_eq!(allowed("/a:/b b/c").unwrap(), [PathBuf::from("/a"), PathBuf::from("/b b/c")]);
        assert_eq!(allowed("/a::").unwrap(), [PathBuf::from("/a")]);
        assert!(allowed("~/x").unwrap()[0].is_absolute());
        assert!(allowed("~/x").unwrap()[0].ends_with("x"));
        for wrong in ["a", "/a:b", "${workspaceFolder}", "/a/../b", "~someone/x"] {
            assert!(allowed(wrong).unwrap_err().text.contains("is none"), "{wrong}");
        }
    }
}
