//! A home directory of its own, with hosts' files in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;

use super::Ran;
use crate::support::mcp_client::PATIENCE;
use crate::support::process::command;

/// A home with hosts' files in it.
pub(super) struct Home(pub(super) TempDir);

impl Home {
    pub(super) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        fs::write(self.path(file), text).unwrap();
    }

    pub(super) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    pub(super) fn json(&self, file: &str) -> Value {
        serde_json::from_str(&self.read(file)).unwrap()
    }

    /// All files beside one that carry its name.
    #[cfg(unix)]
    pub(super) fn backups(&self, file: &str) -> Vec<PathBuf> {
        let path = self.path(file);
        let start = format!("{}.", path.file_name().unwrap().to_str().unwrap());
        let entries = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&start)).collect()
    }

    /// Every file, with its text.
    pub(super) fn everything(&self) -> Vec<(PathBuf, String)> {
        fn walk(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, files);
                } else {
                    files.push((path.clone(), fs::read_to_string(&path).unwrap()));
                }
            }
        }
        let mut files = Vec::new();
        walk(self.0.path(), &mut files);
        files.sort();
        files
    }

    pub(super) async fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = command(&self.0);
        command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null());
        command.current_dir(self.0.path());
        let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    pub(super) async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[]).await
    }

    pub(super) async fn well(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments).await;
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        ran
    }
}

/// The program under test.
pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_ollama-mcp");
