//! Files that go with a call: which there are, and what a model gets of them.

mod reading;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::OnceCell;

use crate::tasks::reply::Sent;
use crate::{HostFiles, ServiceError};
use files::{Content, fenced};
use types::{Image, Message, Role};

/// Most files of a call.
pub const MAX_FILES: usize = 20;
/// How many calls read their files concurrently: each holds much memory meanwhile.
pub(crate) const READ_AT_ONCE: usize = 2;

/// Files that go with a call. They are read once, when the first model is asked; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Attachments(Option<Arc<Named>>);

#[derive(Debug)]
struct Named {
    files: Vec<NamedFile>,
    /// Bytes of all files of the call so far.
    total: Arc<AtomicU64>,
    read: OnceCell<Result<Arc<Attached>, ServiceError>>,
}

/// One file, and where it goes.
#[derive(Debug)]
pub(crate) struct NamedFile {
    /// Its place in the arguments, for errors.
    pub(crate) argument: String,
    /// The path, or the name of a file that was uploaded or sent with the call.
    pub(crate) name: String,
    pub(crate) source: Source,
    /// The message that it belongs to, counted from the last one; `None`: the newest one of the user.
    pub(crate) message: Option<usize>,
}

/// Where the bytes of a file are.
pub(crate) enum Source {
    /// At the path that is its name, if it is allowed.
    Path,
    /// In the directory of uploads; the id is for errors.
    Uploaded { path: PathBuf, id: String },
    /// In memory: they came with the call.
    Bytes(Vec<u8>),
    /// Text that was read before: a part of a file.
    Text(String),
}

impl fmt::Debug for Source {
    /// No contents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "Path",
            Self::Uploaded { .. } => "Uploaded",
            Self::Bytes(_) => "Bytes",
            Self::Text(_) => "Text",
        })
    }
}

/// Files as they go to a model.
#[derive(Clone, Default, PartialEq)]
pub struct Attached {
    /// What goes with the newest message of the user, or with the prompt.
    newest: Contents,
    /// What goes with other messages, each counted from the last one.
    placed: Vec<(usize, Contents)>,
    /// What there was.
    pub sent: Vec<Sent>,
}

/// What there is of files for one message.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Contents {
    /// The text of all, each under its name and in its fence; empty where there are only images.
    pub(crate) text: String,
    pub(crate) images: Vec<Image>,
}

impl Attachments {
    /// Files by their paths; `argument` is the list's name in errors.
    pub fn new(_right: HostFiles, argument: &str, paths: Vec<String>) -> Self {
        let paths = paths.into_iter().enumerate();
        Self::of(paths.map(|(index, path)| NamedFile::at_path(argument, index, path)).collect())
    }

    /// Files each of its own, which share the bounds of one call.
    pub fn each_alone(_right: HostFiles, argument: &str, paths: &[String]) -> Vec<Self> {
        let paths = paths.iter().enumerate();
        Self::each_of(paths.map(|(index, path)| NamedFile::at_path(argument, index, path.clone())).collect())
    }

    /// Parts of files that were read before, each under its title.
    pub(crate) fn of_texts(argument: &str, texts: Vec<(String, String)>) -> Self {
        let file = |(name, text)| NamedFile {
            argument: argument.to_owned(),
            name,
            source: Source::Text(text),
            message: None,
        };
        Self::of(texts.into_iter().map(file).collect())
    }

    pub(crate) fn of(files: Vec<NamedFile>) -> Self {
        Self::sharing(files, Arc::default())
    }

    pub(crate) fn each_of(files: Vec<NamedFile>) -> Vec<Self> {
        let total = Arc::<AtomicU64>::default();
        files.into_iter().map(|file| Self::sharing(vec![file], Arc::clone(&total))).collect()
    }

    fn sharing(files: Vec<NamedFile>, total: Arc<AtomicU64>) -> Self {
        Self((!files.is_empty()).then(|| Arc::new(Named { files, total, read: OnceCell::new() })))
    }

    /// Whether no file goes with the call.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The names of the files.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().flat_map(|named| named.files.iter().map(|file| file.name.clone())).collect()
    }

    /// The bytes of files that are in memory.
    pub(crate) fn bytes_held(&self) -> usize {
        let bytes = |file: &NamedFile| match &file.source {
            Source::Bytes(bytes) => bytes.len(),
            Source::Text(text) => text.len(),
            Source::Path | Source::Uploaded { .. } => 0,
        };
        self.0.as_ref().map_or(0, |named| named.files.iter().map(bytes).sum())
    }

    /// Checks what can be checked before anything is opened.
    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        match &self.0 {
            Some(named) if named.files.len() > MAX_FILES => Err(ServiceError::invalid(
                named.list(),
                format!("has {} files; at most {MAX_FILES} go with a call", named.files.len()),
            )),
            _ => Ok(()),
        }
    }
}

impl Named {
    /// The list of the arguments that the files are in, such as `attachments`.
    fn list(&self) -> &str {
        let argument = self.files.first().map_or("", |file| file.argument.as_str());
        argument.split('[').next().unwrap_or_default()
    }
}

impl NamedFile {
    fn at_path(argument: &str, index: usize, path: String) -> Self {
        Self { argument: format!("{argument}[{index}]"), name: path, source: Source::Path, message: None }
    }
}

impl Attached {
    /// Adds the files to the messages that they belong to: text before their words, as models are trained to read it.
    pub(crate) fn put_into(&self, messages: &mut Vec<Message>) {
        for (from_end, contents) in &self.placed {
            let place = messages.len().checked_sub(from_end + 1);
            if let Some(message) = place.and_then(|place| messages.get_mut(place)) {
                contents.put_before(&mut message.content, &mut message.images);
            }
        }
        if self.newest.is_empty() {
            return;
        }
        let newest = match messages.iter().rposition(|message| message.role == Role::User) {
            Some(newest) => newest,
            None => {
                messages.push(Message::text(Role::User, ""));
                messages.len() - 1
            }
        };
        if let Some(message) = messages.get_mut(newest) {
            self.newest.put_before(&mut message.content, &mut message.images);
        }
    }

    /// Adds the files to a prompt.
    pub(crate) fn put_before_prompt(&self, prompt: &mut String, images: &mut Vec<Image>) {
        self.newest.put_before(prompt, images);
    }

    /// The text of the files that go with the newest message of the user.
    pub(crate) fn newest_text(&self) -> &str {
        &self.newest.text
    }

    /// Bytes of texts and images as they are sent.
    pub(crate) fn sent_bytes(&self) -> usize {
        self.all().map(Contents::sent_bytes).sum()
    }

    fn all(&self) -> impl Iterator<Item = &Contents> {
        std::iter::once(&self.newest).chain(self.placed.iter().map(|(_, contents)| contents))
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

    /// Bytes that all of it takes, as text and as decoded images.
    fn size(&self) -> u64 {
        let images: usize =
            self.all().flat_map(|contents| &contents.images).map(|image| image.base64.len() / 4 * 3).sum();
        (self.all().map(|contents| contents.text.len()).sum::<usize>() + images) as u64
    }

    fn add(&mut self, message: Option<usize>, name: String, bytes: u64, content: Content) {
        let mut sent = Sent { name, kind: "text", bytes, pages: None, unread: 0 };
        let name = &sent.name;
        let into = match message {
            None => &mut self.newest,
            Some(message) => {
                if self.placed.last().is_none_or(|(last, _)| *last != message) {
                    self.placed.push((message, Contents::default()));
                }
                match self.placed.last_mut() {
                    Some((_, contents)) => contents,
                    None => &mut self.newest,
                }
            }
        };
        match content {
            Content::Text(text) => into.add_text(&format!("File: {name}"), &text),
            Content::Pdf(pages) => {
                for (index, page) in pages.iter().enumerate() {
                    let title = format!("File: {name}, page {} of {}", index + 1, pages.len());
                    into.add_text(&title, page.as_deref().unwrap_or("(This page cannot be read.)").trim());
                }
                sent.kind = "pdf";
                sent.unread = pages.iter().filter(|page| page.is_none()).count();
                sent.pages = Some(pages.len());
            }
            Content::Image { bytes, media_type } => {
                sent.kind = "image";
                into.images
                    .push(Image { base64: STANDARD.encode(bytes), media_type: Some(media_type.to_owned()) });
            }
        }
        self.sent.push(sent);
    }
}

impl Contents {
    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.images.is_empty()
    }

    fn put_before(&self, text: &mut String, images: &mut Vec<Image>) {
        text.insert_str(0, &self.text);
        images.extend_from_slice(&self.images);
    }

    fn sent_bytes(&self) -> usize {
        self.text.len() + self.images.iter().map(|image| image.base64.len()).sum::<usize>()
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
