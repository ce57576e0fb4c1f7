//! The files of this machine that calls may name: what opens them, and the errors where they may not.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use files::{Opened, ReadError, Sandbox, SandboxError};
use settings::FileSettings;

use crate::hint::{Action, LimitSetting};
use crate::{ErrorCode, ServiceError};

/// The right to name files of this machine by their paths. Everything that opens a named file needs one, so callers from
/// elsewhere cannot reach a path, whatever the settings allow.
#[derive(Debug, Clone, Copy)]
pub struct HostFiles(());

impl HostFiles {
    /// For a front whose only caller is the user that started this process, and to whom its files belong.
    pub fn of_process_owner() -> Self {
        Self(())
    }

    /// The error of a caller that names a file and has no such right.
    pub fn refused(argument: &str) -> ServiceError {
        ServiceError::new(
            ErrorCode::AttachmentDenied,
            format!("{argument}: paths are read only for the user of the machine where they are, and this call came over the network"),
        )
        .about_argument(argument)
        .with_hint("Send the content itself: text in the prompt, images as data URLs.")
    }
}

/// Opens files below the allowed directories.
#[derive(Debug)]
pub(crate) struct FileAccess {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) settings: FileSettings,
}

impl FileAccess {
    /// `private` are files that are not read below an allowed directory, since they hold secrets: settings and data.
    pub(crate) fn new(settings: FileSettings, private: Vec<PathBuf>) -> Arc<Self> {
        let sandbox = Arc::new(Sandbox::new(settings.allowed.clone()).with_private(private));
        Arc::new(Self { sandbox, settings })
    }

    /// Opens a file below the allowed directories, whatever its size. `argument` names the path's place in errors.
    ///
    /// # Errors
    /// `attachment_denied` and `attachment_unreadable`.
    pub(crate) async fn open(
        &self,
        _right: HostFiles,
        argument: &str,
        path: &str,
    ) -> Result<Opened, ServiceError> {
        let sandbox = Arc::clone(&self.sandbox);
        let (argument, path) = (argument.to_owned(), path.to_owned());
        blocking(move || open(&sandbox, &argument, &path)).await
    }
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(ServiceError::internal()))
}

pub(crate) fn open(sandbox: &Sandbox, argument: &str, path: &str) -> Result<Opened, ServiceError> {
    sandbox.open(path).map_err(|error| refused(argument, &error))
}

/// Opens the bytes of an uploaded file.
pub(crate) fn open_uploaded(path: &Path, id: &str) -> Result<File, ServiceError> {
    platform::open_regular(OpenOptions::new().read(true), path).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "they are gone".to_owned(),
            _ => error.to_string(),
        };
        ServiceError::new(ErrorCode::StorageFailed, format!("The bytes of {id} cannot be read: {reason}"))
            .with_hint(Action::SetFilesDir)
    })
}

pub(crate) fn unreadable(argument: &str, path: &str, reason: &str) -> ServiceError {
    refused(argument, &SandboxError::Unreadable { path: path.to_owned(), reason: reason.to_owned() })
}

pub(crate) fn not_read(argument: &str, path: &str, error: &ReadError) -> ServiceError {
    let refused = unreadable(argument, path, &error.to_string());
    match error {
        ReadError::TooLarge { .. } => refused.with_hint(Action::RaiseLimit(LimitSetting::MaxFileBytes)),
        ReadError::Other(_) => refused,
    }
}

pub(crate) fn refused(argument: &str, error: &SandboxError) -> ServiceError {
    let code = match error {
        SandboxError::NothingAllowed | SandboxError::Denied { .. } | SandboxError::Private { .. } => {
            ErrorCode::AttachmentDenied
        }
        SandboxError::Unreadable { .. } => ErrorCode::AttachmentUnreadable,
    };
    let error_of = ServiceError::new(code, format!("{argument}: {error}")).about_argument(argument);
    match error {
        SandboxError::NothingAllowed => error_of.with_hint(Action::AllowDirectory),
        SandboxError::Private { .. } => error_of.with_hint(Action::AllowFile),
        _ => error_of,
    }
}
