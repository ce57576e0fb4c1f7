//! Which files a call may attach, and where they may be sent.

use std::path::{Component, Path, PathBuf};

use super::error::SettingsError;
use super::parse::Problem;
use super::registry;
use super::resolver::Resolver;
use super::setting::{Computed, group};
use platform::PATHS_HAVE_DRIVES;

group! {
    /// Files as attachments.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct FileSettings {
        /// `config.toml`, which can hold tokens, whether it exists or not.
        pub config_file: Option<PathBuf> = Computed(config_file),
        /// Directories and files that calls may read. They need not exist before they are used.
        pub allowed: Vec<PathBuf> = registry::ALLOWED_DIRS,
        /// Whether files may go to models that do not run on this machine.
        pub allow_remote: bool = registry::ALLOW_REMOTE_FILES,
        pub max_file_bytes: usize = registry::MAX_FILE_BYTES,
        /// The largest total size of the files of one call.
        pub max_call_bytes: usize = registry::MAX_ATTACHMENT_BYTES,
    }
}

/// Expands `~/` to the home directory: hosts start servers without a shell that would do it.
pub fn with_home(text: &str) -> PathBuf {
    let rest = match text {
        "~" => Some(""),
        _ => text.strip_prefix("~/").or_else(|| text.strip_prefix("~\\").filter(|_| PATHS_HAVE_DRIVES)),
    };
    match (rest, platform::home_dir()) {
        (Some(""), Some(home)) => home,
        (Some(rest), Some(home)) => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(text),
    }
}

fn config_file(resolver: &mut Resolver<'_>) -> Result<Option<PathBuf>, SettingsError> {
    Ok(resolver.config_file())
}

pub(super) fn allowed(text: &str) -> Result<Vec<PathBuf>, Problem> {
    std::env::split_paths(text)
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| {
            // Not lossy: the text is valid UTF-8, and so are its parts.
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
