//! Files that a model of this machine reads: which may go where, and how much of them.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Chat;
use crate::file_access::{blocking, not_read, open, refused, unreadable};
use crate::hint::{Action, LimitSetting};
use crate::tasks::registry::{Task, TaskKind};
use crate::tasks::reply::Sent;
use crate::{Caller, ErrorCode, HostFiles, ServiceError};
use files::{self, Content, SandboxError, fenced};
use types::{Image, Location, Message, Role};

/// Most files of a call.
pub const MAX_FILES: usize = 20;
/// How long an answer waits for the location of its model.
const LOOKUP_TIMEOUT: Duration = Duration::from_millis(300);
/// How many calls read their files concurrently: each holds much memory meanwhile.
pub(crate) const READ_AT_ONCE: usize = 2;

/// Files that a call names. They are read once, when the first model is asked; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Attachments(Option<Arc<Named>>);

#[derive(Debug)]
struct Named {
    /// Each path's place in the arguments, and the path.
    files: Vec<(String, String)>,
    /// Bytes of all files of the call so far.
    total: Arc<AtomicU64>,
    read: OnceCell<Result<Arc<Attached>, ServiceError>>,
}

/// Files as they go to a model.
#[derive(Clone, Default, PartialEq)]
pub struct Attached {
    /// The text of all, each under its name and in its fence; empty where there are only images.
    pub text: String,
    /// The images.
    pub images: Vec<Image>,
    /// What there was.
    pub sent: Vec<Sent>,
}

impl Attachments {
    /// Files by their paths; `argument` is the list's name in errors.
    pub fn new(_right: HostFiles, argument: &str, paths: Vec<String>) -> Self {
        let files = paths.into_iter().enumerate().map(|(index, path)| (format!("{argument}[{index}]"), path));
        Self::of(files.collect(), Arc::default())
    }

    fn of(files: Vec<(String, String)>, total: Arc<AtomicU64>) -> Self {
        Self((!files.is_empty()).then(|| Arc::new(Named { files, total, read: OnceCell::new() })))
    }

    /// Whether no file goes with the call.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Files each of its own, which share the bounds of one call.
    pub fn each_alone(_right: HostFiles, argument: &str, paths: &[String]) -> Vec<Self> {
        let total = Arc::<AtomicU64>::default();
        let alone = |(index, path): (usize, &String)| {
            Self::of(vec![(format!("{argument}[{index}]"), path.clone())], Arc::clone(&total))
        };
        paths.iter().enumerate().map(alone).collect()
    }

    /// Checks what can be checked before anything is opened.
    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        match &self.0 {
            Some(named) if named.files.len() > MAX_FILES => Err(ServiceError::invalid(
                "attachments",
                format!("has {} paths; at most {MAX_FILES} files go with a call", named.files.len()),
            )),
            _ => Ok(()),
        }
    }
}

impl Attached {
    /// Adds the files to the newest message of the user: text before its words, as models are trained to read it.
    pub fn put_into(&self, messages: &mut Vec<Message>) {
        let newest = match messages.iter().rposition(|message| message.role == Role::User) {
            Some(newest) => newest,
            None => {
                messages.push(Message::text(Role::User, ""));
                messages.len() - 1
            }
        };
        if let Some(message) = messages.get_mut(newest) {
            message.content.insert_str(0, &self.text);
            message.images.extend_from_slice(&self.images);
        }
    }

    /// What is missing of the files.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        self.sent.iter().filter(|sent| sent.unread > 0).map(|sent| {
            let pages = sent.pages.unwrap_or_default();
            format!(
                "{} of {pages} pages of {:?} could not be read, and the model was told so.",
                sent.unread, sent.name
            )
        })
    }

    /// Bytes of the images as they are sent.
    pub(crate) fn image_bytes(&self) -> usize {
        self.images.iter().map(|image| image.base64.len()).sum()
    }

    /// Bytes that all of it takes, as text and as decoded images.
    fn size(&self) -> u64 {
        let images: usize = self.images.iter().map(|image| image.base64.len() / 4 * 3).sum();
        (self.text.len() + images) as u64
    }

    fn add(&mut self, name: String, bytes: u64, content: Content) {
        let mut sent = Sent { name, kind: "text", bytes, pages: None, unread: 0 };
        let name = &sent.name;
        match content {
            Content::Text(text) => self.add_text(&format!("File: {name}"), &text),
            Content::Pdf(pages) => {
                for (index, page) in pages.iter().enumerate() {
                    let title = format!("File: {name}, page {} of {}", index + 1, pages.len());
                    self.add_text(&title, page.as_deref().unwrap_or("(This page cannot be read.)").trim());
                }
                sent.kind = "pdf";
                sent.unread = pages.iter().filter(|page| page.is_none()).count();
                sent.pages = Some(pages.len());
            }
            Content::Image { bytes, media_type } => {
                sent.kind = "image";
                self.images
                    .push(Image { base64: STANDARD.encode(bytes), media_type: Some(media_type.to_owned()) });
            }
        }
        self.sent.push(sent);
    }

    fn add_text(&mut self, title: &str, text: &str) {
        self.text.push_str(&fenced(title, text));
        self.text.push('\n');
    }
}

impl fmt::Debug for Attached {
    /// What there was: contents must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached").field("sent", &self.sent).finish_non_exhaustive()
    }
}

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
        if self.files.settings.allowed.is_empty() {
            let argument = named.files.first().map(|(argument, _)| argument.as_str()).unwrap_or_default();
            return Err(refused(argument, &SandboxError::NothingAllowed));
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
            for (argument, path) in &named.files {
                if stopped.is_cancelled() {
                    // Another call may read the same files later.
                    named.total.fetch_sub(counted.get(), Ordering::Relaxed);
                    return Err(ServiceError::new(
                        ErrorCode::Cancelled,
                        "The reading of the files was stopped",
                    ));
                }
                let opened = open(&sandbox, argument, path)?;
                let (name, size) = (opened.name.clone(), opened.size);
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
                let content = files::read(opened, most, &|| stopped.is_cancelled())
                    .map_err(|error| not_read(argument, path, &error))?;
                let before = attached.size();
                attached.add(name, size, content);
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
