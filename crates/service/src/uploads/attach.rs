//! Files that go with a call: uploads by their ids, and files whose bytes the call has.

use std::path::PathBuf;

use super::error::not_found;
use super::{Upload, Uploads, is_upload_id, name};
use crate::chat::attachments::{Attachments, NamedFile, Source as ReadFrom};
use crate::{Caller, ServiceError};

/// A file as a call names it.
pub struct FileToAttach {
    /// Its place in the arguments, for errors.
    pub argument: String,
    pub source: Source,
    /// The message that it belongs to, counted from the last one; `None`: the newest one of the user.
    pub message: Option<usize>,
}

/// Which file it is.
pub enum Source {
    /// An upload, by its id.
    Upload(String),
    /// Bytes that came with the call.
    Bytes { name: Option<String>, bytes: Vec<u8> },
}

impl Uploads {
    /// The caller's uploads of these ids, as they go with one call. `argument` is the list's name in errors.
    ///
    /// # Errors
    /// `file_not_found`, which names the id's place; `storage_failed`.
    pub async fn attach(
        &self,
        caller: &Caller,
        argument: &str,
        ids: Vec<String>,
    ) -> Result<Attachments, ServiceError> {
        self.attach_files(caller, listed(argument, ids)).await
    }

    /// The same, each for a call of its own.
    ///
    /// # Errors
    /// As of [`Uploads::attach`].
    pub async fn attach_each(
        &self,
        caller: &Caller,
        argument: &str,
        ids: Vec<String>,
    ) -> Result<Vec<Attachments>, ServiceError> {
        Ok(Attachments::each_of(self.named(caller, listed(argument, ids)).await?))
    }

    /// Files of messages, as they go with one call.
    ///
    /// # Errors
    /// As of [`Uploads::attach`].
    pub async fn attach_files(
        &self,
        caller: &Caller,
        files: Vec<FileToAttach>,
    ) -> Result<Attachments, ServiceError> {
        Ok(Attachments::of(self.named(caller, files).await?))
    }

    /// The caller's upload of an id, and where its bytes are.
    ///
    /// # Errors
    /// As of [`Uploads::attach`].
    pub(crate) async fn locate(
        &self,
        caller: &Caller,
        argument: &str,
        id: &str,
    ) -> Result<(Upload, PathBuf), ServiceError> {
        // Without a directory there are no files.
        let kept = self.0.as_ref().ok_or_else(|| not_found(argument, id))?;
        let upload = self.get(caller, argument, id).await?;
        let path = kept.directory.path_of(&upload.id);
        Ok((upload, path))
    }

    async fn named(&self, caller: &Caller, files: Vec<FileToAttach>) -> Result<Vec<NamedFile>, ServiceError> {
        let mut named = Vec::with_capacity(files.len());
        for FileToAttach { argument, source, message } in files {
            let (name, source) = match source {
                Source::Upload(id) => {
                    let (upload, path) = self.locate(caller, &argument, &id).await?;
                    debug_assert!(is_upload_id(&upload.id));
                    (upload.name, ReadFrom::Uploaded { path, id: upload.id })
                }
                Source::Bytes { name, bytes } => {
                    (name::safe(name.as_deref().unwrap_or_default()), ReadFrom::Bytes(bytes))
                }
            };
            named.push(NamedFile { argument, name, source, message });
        }
        Ok(named)
    }
}

fn listed(argument: &str, ids: Vec<String>) -> Vec<FileToAttach> {
    let file = |(index, id)| FileToAttach {
        argument: format!("{argument}[{index}]"),
        source: Source::Upload(id),
        message: None,
    };
    ids.into_iter().enumerate().map(file).collect()
}
