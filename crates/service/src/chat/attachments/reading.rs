//! Reading the files of a call, where its model may have them.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Attached, Attachments, Named, NamedFile, Source};
use crate::chat::Chat;
use crate::file_access::{blocking, not_read, open, open_uploaded, refused, unreadable};
use crate::hint::{Action, LimitSetting};
use crate::tasks::registry::{Task, TaskKind};
use crate::{Caller, ErrorCode, ServiceError};
use files::{Content, Opened, ReadError, Sandbox, SandboxError};
use types::Location;

/// How long an answer waits for the location of its model.
const LOOKUP_TIMEOUT: Duration = Duration::from_millis(300);

impl Chat {
    /// Looks up where the model of a running reply runs, for its answer. Best effort, with a short timeout.
    pub async fn locate(&self, completion: &Task) {
        let TaskKind::Reply(reply) = &completion.kind else { return };
        if let (Some(model), None) = (reply.model(), reply.location())
            && let Ok(Ok(location)) =
                timeout(LOOKUP_TIMEOUT, self.models.location_of(reply.caller(), model)).await
        {
            reply.set_location(location);
        }
    }

    /// The files of a call as they go to `model`; `None` where the call names none.
    ///
    /// # Errors
    /// `attachment_denied` where the model does not run on this machine or the path is not allowed,
    /// `attachment_unreadable`, and those of the provider.
    pub async fn attached(
        &self,
        caller: &Caller,
        model: &str,
        attachments: &Attachments,
    ) -> Result<Option<Arc<Attached>>, ServiceError> {
        let Some(named) = &attachments.0 else { return Ok(None) };
        let at_path = named.files.iter().find(|file| matches!(file.source, Source::Path));
        if let Some(file) = at_path.filter(|_| self.files.settings.allowed.is_empty()) {
            return Err(refused(&file.argument, &SandboxError::NothingAllowed));
        }
        self.check_takes_files(caller, model).await?;
        named.read.get_or_init(|| self.read(Arc::clone(named))).await.clone().map(Some)
    }

    /// Checks where a model runs now. It is asked before the files are opened, and again right before they are sent:
    /// while a call waits for its turn, its model's name can be given to another model.
    ///
    /// # Errors
    /// `attachment_denied` where it does not run on this machine, and those of the provider.
    pub(crate) async fn check_takes_files(&self, caller: &Caller, model: &str) -> Result<(), ServiceError> {
        if self.files.settings.allow_remote {
            return Ok(());
        }
        match self.models.location_of(caller, model).await? {
            Location::Local => Ok(()),
            Location::Remote(host) => Err(ServiceError::new(
                ErrorCode::AttachmentDenied,
                format!(
                    "Model {model:?} runs at {host}, not on this machine, so the files would be sent there"
                ),
            )
            .with_hint(Action::UseLocalModel)),
        }
    }

    /// A warning, where files went to a model that ran elsewhere although nothing said so before.
    pub(crate) fn went_away(&self, location: &Location) -> Option<String> {
        match location {
            Location::Remote(host) if !self.files.settings.allow_remote => Some(format!(
                "The model ran at {host}, which the model server reported only afterwards: the files were sent there."
            )),
            _ => None,
        }
    }

    async fn read(&self, named: Arc<Named>) -> Result<Arc<Attached>, ServiceError> {
        let permit = Arc::clone(&self.reading).acquire_owned().await.map_err(|_| ServiceError::internal())?;
        let (sandbox, settings) = (Arc::clone(&self.files.sandbox), self.files.settings.clone());
        // Dropped with the call: that kills the reader of a PDF and skips the remaining files.
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let _guard = stop.drop_guard();
        blocking(move || {
            let _permit = permit;
            let mut attached = Attached::default();
            let counted = Cell::new(0);
            for file in &named.files {
                if stopped.is_cancelled() {
                    // Another call may read the same files later.
                    named.total.fetch_sub(counted.get(), Ordering::Relaxed);
                    return Err(ServiceError::new(
                        ErrorCode::Cancelled,
                        "The reading of the files was stopped",
                    ));
                }
                let (argument, path) = (&file.argument, &file.name);
                let found = Found::of(file, &sandbox)?;
                let (name, size) = found.name_and_size(file);
                let most = settings.max_file_bytes as u64;
                let count = |bytes: u64, what: &str| {
                    let before = named.total.fetch_add(bytes, Ordering::Relaxed);
                    counted.set(counted.get() + bytes);
                    if before.saturating_add(bytes) <= settings.max_call_bytes as u64 {
                        return Ok(());
                    }
                    let bound = settings.max_call_bytes;
                    let reason = format!("is too much: {what} at most {bound} bytes together");
                    Err(unreadable(argument, path, &reason)
                        .with_hint(Action::RaiseLimit(LimitSetting::MaxAttachmentBytes)))
                };
                // A file that is too large by itself gets its own error below.
                if size <= most {
                    count(size, "the files of a call have")?;
                }
                let content = found
                    .read(most, &|| stopped.is_cancelled())
                    .map_err(|error| not_read(argument, path, &error))?;
                let before = attached.size();
                attached.add(file.message, name, size, content);
                // A small file can unpack to much.
                count(
                    (attached.size() - before).saturating_sub(size),
                    "what is read of the files of a call has",
                )?;
            }
            Ok(Arc::new(attached))
        })
        .await
    }
}

/// A file that can be read now.
enum Found<'a> {
    Opened(Opened),
    Bytes(&'a [u8]),
    Text(&'a str),
}

impl<'a> Found<'a> {
    fn of(file: &'a NamedFile, sandbox: &Sandbox) -> Result<Self, ServiceError> {
        let opened = match &file.source {
            Source::Path => open(sandbox, &file.argument, &file.name)?,
            Source::Uploaded { path, id } => {
                stored(path, id, &file.name).map_err(|error| error.about_argument(file.argument.as_str()))?
            }
            Source::Bytes(bytes) => return Ok(Self::Bytes(bytes)),
            Source::Text(text) => return Ok(Self::Text(text)),
        };
        Ok(Self::Opened(opened))
    }

    fn name_and_size(&self, file: &NamedFile) -> (String, u64) {
        match self {
            Self::Opened(opened) => (opened.name.clone(), opened.size),
            Self::Bytes(bytes) => (file.name.clone(), bytes.len() as u64),
            Self::Text(text) => (file.name.clone(), text.len() as u64),
        }
    }

    fn read(self, max_bytes: u64, stopped: &dyn Fn() -> bool) -> Result<Content, ReadError> {
        match self {
            Self::Opened(opened) => files::read(opened, max_bytes, stopped),
            Self::Bytes(bytes) => files::read_bytes(bytes, max_bytes, stopped),
            Self::Text(text) => Ok(Content::Text(text.to_owned())),
        }
    }
}

fn stored(path: &Path, id: &str, name: &str) -> Result<Opened, ServiceError> {
    let file = open_uploaded(path, id)?;
    let size = file.metadata().map_err(|_| ServiceError::internal())?.len();
    Ok(Opened { file, name: name.to_owned(), size })
}
