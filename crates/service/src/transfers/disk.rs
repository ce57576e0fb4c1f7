//! Free disk space for models, where Ollama runs on this machine.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Transfers;
use crate::hint::Action;
use crate::tasks::job::{Job, JobOutput};
use crate::{ErrorCode, ServiceError};
use platform::free_space;
use text::format::human_size;

/// Where Ollama on this machine keeps its models, and how free space is found out.
#[derive(Debug, Clone)]
pub struct Disk {
    dirs: Arc<[PathBuf]>,
    free: fn(&Path) -> io::Result<u64>,
}

impl Default for Disk {
    /// No directories are known, so no pull is refused.
    fn default() -> Self {
        Self::new(Vec::new(), free_space)
    }
}

impl Disk {
    /// The directories where the models may be, and the bytes free at one.
    pub fn new(dirs: Vec<PathBuf>, free: fn(&Path) -> io::Result<u64>) -> Self {
        Self { dirs: dirs.into(), free }
    }

    /// Of the directory that the settings name, or else of those that Ollama uses by default.
    pub fn of_ollama(models: Option<PathBuf>) -> Self {
        let defaults = || {
            let home = platform::home_dir().map(|home| home.join(".ollama/models"));
            home.into_iter().chain([PathBuf::from("/usr/share/ollama/.ollama/models")]).collect()
        };
        Self::new(models.map_or_else(defaults, |dir| vec![dir]), free_space)
    }

    /// The directory with the most room and its free bytes; which of several is used cannot be known.
    async fn room(&self) -> Option<(PathBuf, u64)> {
        let Self { dirs, free } = self.clone();
        let measure = move || {
            let there = dirs.iter().filter(|dir| dir.is_dir());
            there.filter_map(|dir| Some((dir.clone(), free(dir).ok()?))).max_by_key(|(_, bytes)| *bytes)
        };
        tokio::task::spawn_blocking(measure).await.ok().flatten()
    }
}

impl Transfers {
    /// Checks that the disk has room for so many bytes more, where the models are on this machine. `what` needs it.
    ///
    /// # Errors
    /// `disk_full`.
    pub(crate) async fn check_room(&self, what: &str, needed: u64) -> Result<(), ServiceError> {
        if !self.models.provider().is_local() {
            return Ok(());
        }
        match self.settings.disk.room().await {
            Some((dir, free)) if free < needed => Err(disk_full(what, needed, &dir, free, "it was stopped")),
            _ => Ok(()),
        }
    }

    /// Completes with the error once a pull is known to need more than the free space.
    pub(crate) async fn no_room(&self, job: &Job) -> ServiceError {
        if !self.models.provider().is_local() {
            return std::future::pending().await;
        }
        let mut changes = job.watch();
        let mut checked = 0;
        loop {
            let report = changes.borrow_and_update().report.clone();
            let JobOutput::Transfer(transfer) = report else { return std::future::pending().await };
            let total = transfer.total_bytes.unwrap_or(0);
            // The total grows with each layer that the server names.
            if total > checked {
                checked = total;
                let needed = total.saturating_sub(transfer.completed_bytes.unwrap_or(0));
                if let Some((dir, free)) = self.settings.disk.room().await.filter(|(_, free)| *free < needed)
                {
                    return disk_full(&transfer.model, needed, &dir, free, "the pull was stopped");
                }
            }
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

fn disk_full(what: &str, needed: u64, dir: &Path, free: u64, done: &str) -> ServiceError {
    let text = format!(
        "{what} needs {} more, and {} are free at {}; {done}",
        human_size(needed),
        human_size(free),
        dir.display()
    );
    ServiceError::new(ErrorCode::DiskFull, text).with_hint(Action::FreeDisk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn largest_free_space_of_existing_folders_counts() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(two.path().join("models")).unwrap();
        let dirs = vec![one.path().to_owned(), two.path().join("models"), one.path().join("missing")];
        let free = |dir: &Path| Ok(if dir.ends_with("models") { 7 } else { 5 });
        assert_eq!(Disk::new(dirs, free).room().await, Some((two.path().join("models"), 7)));
        assert_eq!(Disk::new(vec![one.path().join("missing")], free).room().await, None);
        assert_eq!(Disk::default().room().await, None);
    }
}
