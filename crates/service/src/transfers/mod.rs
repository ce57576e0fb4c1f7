//! Models that are pulled, pushed or created.

pub mod auto_pull;
pub mod create;
pub mod disk;
pub mod pull;

use std::sync::Arc;

use crate::file_access::FileAccess;
use crate::models::Models;
use crate::tasks::Tasks;
use auto_pull::AutoPulls;
use disk::Disk;

/// What the settings say of transfers.
#[derive(Debug, Clone, Default)]
pub struct TransferSettings {
    /// A model that a call names and that is not installed is pulled first.
    pub auto_pull: bool,
    /// Where pulled models go, where that is on this machine.
    pub disk: Disk,
}

/// Transfers of models.
#[derive(Debug)]
pub struct Transfers {
    models: Arc<Models>,
    tasks: Arc<Tasks>,
    files: Arc<FileAccess>,
    settings: TransferSettings,
    auto_pulls: AutoPulls,
}

impl Transfers {
    pub(crate) fn new(
        models: Arc<Models>,
        tasks: Arc<Tasks>,
        files: Arc<FileAccess>,
        settings: TransferSettings,
    ) -> Arc<Self> {
        Arc::new(Self { models, tasks, files, settings, auto_pulls: AutoPulls::default() })
    }
}
