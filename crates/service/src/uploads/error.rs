//! Failures of uploads: they name no path of the server, but for who can set it.

use std::io;
use std::path::Path;

use store::StoreError;
use text::format::human_size;

use crate::error::storage_failed;
use crate::hint::{Action, LimitSetting};
use crate::{ErrorCode, ServiceError};

/// There is no such file, or it belongs to somebody else.
pub(super) fn not_found(argument: &str, id: &str) -> ServiceError {
    let shown: String = id.chars().take(200).collect();
    ServiceError::new(
        ErrorCode::FileNotFound,
        format!("{argument}: there is no file {shown:?}, or it has expired"),
    )
    .about_argument(argument)
    .with_hint(Action::UploadFile)
}

pub(super) fn failed(error: StoreError) -> ServiceError {
    match error {
        StoreError::Full { .. } => disk_full(),
        error => storage_failed("Files", &error),
    }
}

/// The system refuses an operation on the directory of the files or on one of them; `doing` is what was tried.
pub(super) fn io_failed(doing: &str, error: &io::Error) -> ServiceError {
    use io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => disk_full(),
        _ => ServiceError::new(ErrorCode::StorageFailed, format!("Files cannot be {doing}: {error}"))
            .with_hint(Action::SetFilesDir),
    }
}

/// The files of the database are in another directory.
pub(super) fn other_directory(path: &Path) -> ServiceError {
    let text = format!(
        "The files of this database are in another directory than {}, which another server uses",
        path.display()
    );
    ServiceError::new(ErrorCode::StorageFailed, text).with_hint(Action::SetFilesDir)
}

pub(super) fn too_large(max_bytes: u64) -> ServiceError {
    ServiceError::new(ErrorCode::FileTooLarge, format!("The file has more than {}", human_size(max_bytes)))
        .with_hint(Action::RaiseLimit(LimitSetting::FilesMaxBytes))
}

pub(super) fn too_many_bytes(quota: u64) -> ServiceError {
    ServiceError::new(
        ErrorCode::QuotaExceeded,
        format!("Your files would have more than {} together", human_size(quota)),
    )
    .with_hint(Action::DeleteFiles)
    .and_hint(Action::RaiseLimit(LimitSetting::FilesQuota))
}

pub(super) fn too_many_files(max: u64) -> ServiceError {
    ServiceError::new(ErrorCode::QuotaExceeded, format!("You have {max} files, and no more are kept"))
        .with_hint(Action::DeleteFiles)
}

fn disk_full() -> ServiceError {
    ServiceError::new(ErrorCode::DiskFull, "The server's disk has no room for the file")
        .with_hint(Action::DeleteFiles)
}
