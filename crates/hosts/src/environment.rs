//! Where hosts keep their files on each system. The system is a value, so that each can be tested on any.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::error::HostsError;
use super::host::{ConfigPath, Host};

/// An operating system, as far as hosts' paths differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Linux, and other systems that follow XDG.
    Linux,
    MacOs,
    Windows,
}

/// What the paths of hosts depend on.
#[derive(Debug, Clone)]
pub struct Environment {
    pub platform: Platform,
    pub home: PathBuf,
    /// The folder of the project.
    pub project: PathBuf,
    /// Environment variables, such as `APPDATA` and `XDG_CONFIG_HOME`.
    pub variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// The environment of this process.
    ///
    /// # Errors
    /// There is no home directory, or no current directory.
    pub fn of_process() -> Result<Self, HostsError> {
        let platform = match std::env::consts::OS {
            "macos" => Platform::MacOs,
            "windows" => Platform::Windows,
            _ => Platform::Linux,
        };
        let home = platform::home_dir().ok_or(HostsError::NoHome)?;
        let project = std::env::current_dir()
            .map_err(|source| HostsError::Unreadable { file: PathBuf::from("."), source })?;
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect();
        Ok(Self { platform, home, project, variables })
    }

    /// The files that a host reads for this user: the first candidate that exists (or whose folder exists), or all of these
    /// if each is read by another edition of the program; otherwise the one of a fresh installation.
    pub fn user_files(&self, host: &Host) -> Vec<PathBuf> {
        self.present_of(self.user_candidates(host), host.all_paths)
    }

    /// The file that a client reads for this user, by the same rule.
    pub(super) fn user_file_of(&self, paths: &[ConfigPath], variable: Option<&str>) -> Option<PathBuf> {
        self.present_of(self.candidates(paths, variable), false).into_iter().next()
    }

    /// Those candidates that exist, or the first.
    fn present_of(&self, mut candidates: Vec<PathBuf>, all: bool) -> Vec<PathBuf> {
        let fresh = candidates.first().cloned();
        candidates.retain(|file| self.is_trace(file));
        // Of two names in one folder, prefer the file that exists.
        let is_there = |file: &PathBuf| {
            candidates.iter().any(|other| other != file && other.parent() == file.parent() && other.exists())
        };
        let mut present: Vec<_> =
            candidates.iter().filter(|file| file.exists() || !is_there(file)).cloned().collect();
        if !all {
            present.truncate(1);
        }
        if present.is_empty() { fresh.into_iter().collect() } else { present }
    }

    /// The file that a host reads in the project.
    pub fn project_file(&self, host: &Host) -> Option<PathBuf> {
        Some(below(&self.project, host.project?))
    }

    /// Whether the host seems to be installed: a file or folder of its own exists.
    pub fn has(&self, host: &Host) -> bool {
        let traces = host.traces.iter().filter_map(|trace| self.expand(trace));
        self.user_candidates(host).iter().any(|file| self.is_trace(file))
            || traces.into_iter().any(|at| at.exists())
    }

    /// Every file that a host may read for this user, whether it exists or not.
    pub fn user_candidates(&self, host: &Host) -> Vec<PathBuf> {
        self.candidates(host.user, host.variable)
    }

    /// Every file that these paths mean; the variable moves the file to the folder it names.
    pub(super) fn candidates(&self, paths: &[ConfigPath], variable: Option<&str>) -> Vec<PathBuf> {
        let moved = variable.and_then(|name| self.directory(name));
        let file_name = paths.first().and_then(|place| place.on(self.platform).rsplit('/').next());
        if let (Some(folder), Some(name)) = (moved, file_name) {
            return vec![folder.join(name)];
        }
        paths.iter().filter_map(|place| self.expand(place.on(self.platform))).collect()
    }

    /// Whether a file or its folder exists; the home directory does not count as its folder.
    fn is_trace(&self, file: &Path) -> bool {
        file.exists() || file.parent().is_some_and(|folder| folder != self.home && folder.is_dir())
    }

    /// A template of the table as a path; `None` if it is empty or a pattern in it matches nothing.
    fn expand(&self, template: &str) -> Option<PathBuf> {
        let (base, rest) = template.split_once('/')?;
        let base = match base {
            "~" => self.home.clone(),
            "$config" => self.directory("XDG_CONFIG_HOME").unwrap_or_else(|| self.home.join(".config")),
            "$appdata" => self.directory("APPDATA").unwrap_or_else(|| below(&self.home, "AppData/Roaming")),
            "$local" => self.directory("LOCALAPPDATA").unwrap_or_else(|| below(&self.home, "AppData/Local")),
            _ => return None,
        };
        let mut path = base;
        for part in rest.split('/') {
            path = match part.strip_suffix('*') {
                Some(start) => first_starting_with(&path, start)?,
                None => path.join(part),
            };
        }
        Some(path)
    }

    /// The folder that a variable names. XDG says to ignore a relative one.
    fn directory(&self, variable: &str) -> Option<PathBuf> {
        self.variables.get(variable).map(PathBuf::from).filter(|path| path.is_absolute())
    }
}

impl ConfigPath {
    /// The template for a system.
    pub fn on(&self, platform: Platform) -> &'static str {
        match platform {
            Platform::Linux => self.linux,
            Platform::MacOs => self.macos,
            Platform::Windows => self.windows,
        }
    }

    /// The paths of all systems in one line, each once.
    pub fn everywhere(&self) -> String {
        let mut shown: Vec<String> = Vec::new();
        for (platform, name) in
            [(Platform::Linux, "Linux"), (Platform::MacOs, "macOS"), (Platform::Windows, "Windows")]
        {
            let path = self.shown(platform);
            if path.is_empty() {
                continue;
            }
            match shown.iter_mut().find(|line| line.starts_with(&format!("{path} ("))) {
                Some(line) => line.insert_str(line.len() - 1, &format!(", {name}")),
                None => shown.push(format!("{path} ({name})")),
            }
        }
        shown.join("; ")
    }

    /// The template as users of that system write paths.
    pub fn shown(&self, platform: Platform) -> String {
        let template = self.on(platform);
        match platform {
            Platform::Windows => template
                .replace("$appdata", "%APPDATA%")
                .replace("$local", "%LOCALAPPDATA%")
                .replace("$config", "~/.config")
                .replace('~', "%USERPROFILE%")
                .replace('/', "\\"),
            Platform::Linux | Platform::MacOs => template.replace("$config", "~/.config"),
        }
    }
}

/// A path of the table, written with `/`, below a folder.
fn below(folder: &Path, path: &str) -> PathBuf {
    path.split('/').fold(folder.to_path_buf(), |folder, part| folder.join(part))
}

/// The first entry by name, so that the choice is the same each time.
fn first_starting_with(folder: &Path, start: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let fits = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with(start);
    entries.filter(fits).map(|entry| entry.path()).min()
}
