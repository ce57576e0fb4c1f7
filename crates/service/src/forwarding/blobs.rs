//! Files that Ollama's own clients upload for new models. They are passed on as they come, and never collected.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use futures_util::stream;
use providers::FileStream;
use providers::forward::{ForwardBody, OllamaRoute, Patience};

use super::{Forwarding, WholeAnswer};
use crate::ServiceError;
use platform::sync::lock;

/// While a file of unknown size is sent, room for so many bytes more must be on the disk.
const ROOM_AHEAD: u64 = 256 << 20;

/// A file that a caller sends.
pub struct BlobUpload {
    /// Its SHA-256, as `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// In bytes; absent where the caller does not tell it.
    pub size: Option<u64>,
    pub content: FileStream,
}

impl Forwarding {
    /// Whether the server has a file.
    ///
    /// # Errors
    /// `invalid_argument` for what is no digest, and those of the provider.
    pub async fn has_blob(&self, digest: &str) -> Result<WholeAnswer, ServiceError> {
        self.get(&OllamaRoute::HasBlob(digest.to_owned())).await
    }

    /// Uploads a file. The caller ends an upload that takes too long by dropping the future.
    ///
    /// # Errors
    /// `invalid_argument` for what is no digest; `disk_full`; those of the provider.
    pub async fn upload_blob(self: &Arc<Self>, upload: BlobUpload) -> Result<WholeAnswer, ServiceError> {
        let BlobUpload { digest, size, content } = upload;
        self.transfers.check_room("The file", size.unwrap_or(ROOM_AHEAD)).await?;
        // A stream can fail with an error of I/O alone.
        let full = Arc::new(Mutex::new(None));
        let content = match size {
            Some(_) => content,
            None => self.while_there_is_room(content, Arc::clone(&full)),
        };
        let route = OllamaRoute::UploadBlob(digest);
        let body = ForwardBody::File { size, content };
        let answer = self.api()?.forward(&route, body, Patience::Caller).await;
        if let Some(full) = lock(&full).take() {
            return Err(full);
        }
        self.whole(answer).await
    }

    /// The same content, until the disk has no room for more.
    fn while_there_is_room(
        self: &Arc<Self>,
        content: FileStream,
        full: Arc<Mutex<Option<ServiceError>>>,
    ) -> FileStream {
        let sent = Sending { forwarding: Arc::clone(self), content, since_check: 0, full };
        stream::try_unfold(sent, |mut sending| async move {
            let Some(chunk) = sending.content.next().await.transpose()? else { return Ok(None) };
            sending.since_check += chunk.len() as u64;
            if sending.since_check >= ROOM_AHEAD {
                sending.since_check = 0;
                if let Err(error) = sending.forwarding.transfers.check_room("The file", ROOM_AHEAD).await {
                    *lock(&sending.full) = Some(error);
                    return Err(std::io::ErrorKind::StorageFull.into());
                }
            }
            Ok(Some((chunk, sending)))
        })
        .boxed()
    }
}

struct Sending {
    forwarding: Arc<Forwarding>,
    content: FileStream,
    /// Bytes since the room on the disk was checked.
    since_check: u64,
    full: Arc<Mutex<Option<ServiceError>>>,
}
