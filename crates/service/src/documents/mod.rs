//! Long and many files: summaries, answers with citations, places.
//!
//! A call names files, folders and globs, or uploads. What is asked or searched goes through the index of passages, which is
//! brought up to date first; a summary reads the files themselves. All three are jobs.

mod budget;
mod citing;
mod embedding;
mod embedding_text;
mod generation;
mod parts;
mod prompts;
mod question;
mod rerank;
mod search;
mod selection;
mod summary;
mod sweep;
mod updating;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::chat::Chat;
use crate::embeddings::Embeddings;
use crate::file_access::FileAccess;
use crate::hint::Warning;
use crate::models::Models;
use crate::models::name::name_length;
use crate::tasks::Tasks;
use crate::tasks::documents_report::{DocumentsOperation, DocumentsReport};
use crate::tasks::job::{Job, JobOutput};
use crate::tasks::registry::Task;
use crate::transfers::Transfers;
use crate::uploads::Uploads;
use crate::{Caller, ServiceError, storage_failed};
pub use question::QuestionCall;
pub use search::SearchCall;
use search::{MAX_QUERY, report};
pub use selection::FileSelection;
use store::{PassageIndex, SqliteIndex, StoreError};
pub use summary::SummaryCall;
use sweep::Sweeps;
use types::Owner;

/// Calls that read their files at the same time.
const READ_AT_ONCE: usize = 2;

/// Where passages of files are kept, and by which embeddings they are found.
#[derive(Debug, Clone, Default)]
pub struct DocumentSettings {
    /// The index of files of this machine; `None`: each call makes its own in memory.
    pub index: Option<Arc<dyn PassageIndex>>,
    /// The index of uploads; `None`: that of files.
    pub upload_index: Option<Arc<dyn PassageIndex>>,
    /// The embedding model of calls that name none; `None`: the first installed one.
    pub embedding_model: Option<String>,
}

/// Work over files.
#[derive(Debug)]
pub struct Documents {
    models: Arc<Models>,
    tasks: Arc<Tasks>,
    chat: Arc<Chat>,
    transfers: Arc<Transfers>,
    embeddings: Arc<Embeddings>,
    uploads: Arc<Uploads>,
    files: Arc<FileAccess>,
    settings: DocumentSettings,
    reading: Arc<Semaphore>,
    sweeps: Sweeps,
}

/// The parts that it is over.
pub(crate) struct Parts {
    pub(crate) models: Arc<Models>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) chat: Arc<Chat>,
    pub(crate) transfers: Arc<Transfers>,
    pub(crate) embeddings: Arc<Embeddings>,
    pub(crate) uploads: Arc<Uploads>,
    pub(crate) files: Arc<FileAccess>,
}

impl Documents {
    pub(crate) fn new(parts: Parts, settings: DocumentSettings) -> Arc<Self> {
        let Parts { models, tasks, chat, transfers, embeddings, uploads, files } = parts;
        let reading = Arc::new(Semaphore::new(READ_AT_ONCE));
        let sweeps = Sweeps::default();
        Arc::new(Self {
            models,
            tasks,
            chat,
            transfers,
            embeddings,
            uploads,
            files,
            settings,
            reading,
            sweeps,
        })
    }

    /// Whether there are directories whose files may be read.
    pub fn has_files_of_host(&self) -> bool {
        !self.files.settings.allowed.is_empty()
    }

    /// Summarizes files.
    ///
    /// # Errors
    /// `invalid_argument`. What goes wrong later is the job's outcome.
    pub fn start_summary(
        self: &Arc<Self>,
        caller: &Caller,
        call: SummaryCall,
    ) -> Result<Arc<Task>, ServiceError> {
        call.check()?;
        let work = |documents: Arc<Self>, caller: Caller, job: Arc<Job>| async move {
            documents.run_summary(&caller, &job, &call).await
        };
        Ok(self.start(caller, DocumentsOperation::Summary, work))
    }

    /// Answers a question from files.
    ///
    /// # Errors
    /// As of [`Documents::start_summary`].
    pub fn start_question(
        self: &Arc<Self>,
        caller: &Caller,
        call: QuestionCall,
    ) -> Result<Arc<Task>, ServiceError> {
        call.check()?;
        let work = |documents: Arc<Self>, caller: Caller, job: Arc<Job>| async move {
            documents.run_question(&caller, &job, &call).await
        };
        Ok(self.start(caller, DocumentsOperation::Question, work))
    }

    /// Finds places in files.
    ///
    /// # Errors
    /// As of [`Documents::start_summary`].
    pub fn start_search(
        self: &Arc<Self>,
        caller: &Caller,
        call: SearchCall,
    ) -> Result<Arc<Task>, ServiceError> {
        call.files.check()?;
        check_text("query", &call.query)?;
        check_model("embedding_model", call.embedding_model.as_deref())?;
        call.limit()?;
        let work = |documents: Arc<Self>, caller: Caller, job: Arc<Job>| async move {
            documents.run_search(&caller, &job, &call).await
        };
        Ok(self.start(caller, DocumentsOperation::Search, work))
    }

    /// Removes what the index holds of an owner, who is gone. That of uploads in PostgreSQL goes with them.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn forget_owner(&self, owner: &Owner) -> Result<(), ServiceError> {
        match &self.settings.index {
            Some(index) => index.clear(Some(owner)).await.map(drop).map_err(failed),
            None => Ok(()),
        }
    }

    fn start<W, F>(self: &Arc<Self>, caller: &Caller, operation: DocumentsOperation, work: W) -> Arc<Task>
    where
        W: FnOnce(Arc<Self>, Caller, Arc<Job>) -> F,
        F: Future<Output = Result<(), ServiceError>> + Send + 'static,
    {
        let output = JobOutput::Documents(Box::new(DocumentsReport::new(operation)));
        let (documents, caller) = (Arc::clone(self), caller.clone());
        let owner = caller.owner.clone();
        self.tasks.registry.start_job(&owner, "starting", output, move |job| work(documents, caller, job))
    }

    /// The index for the files of a call. One that cannot be kept on disk is made in memory, with a warning.
    async fn index(&self, caller: &Caller, selection: &FileSelection, job: &Job) -> Arc<dyn PassageIndex> {
        let of_uploads = self.settings.upload_index.as_ref().filter(|_| selection.is_of_uploads());
        if let Some(kept) = of_uploads.or(self.settings.index.as_ref()) {
            // The first use opens it.
            match kept.documents(&caller.owner, Vec::new()).await {
                Ok(_) => {
                    self.sweep_if_due(caller, kept);
                    return Arc::clone(kept);
                }
                Err(error) => report(job, |report| report.warnings.push(not_kept(&error))),
            }
        }
        Arc::new(SqliteIndex::new(None))
    }
}

fn not_kept(error: &StoreError) -> Warning {
    Warning::new(format!("The files were indexed for this call alone, as the index cannot be used: {error}."))
}

/// A failure of the index.
fn failed(error: StoreError) -> ServiceError {
    storage_failed("The index of files", &error)
}

/// Cuts a text to so many bytes at most.
fn cut_to(text: &mut String, max_bytes: usize) {
    let end = (0..=max_bytes.min(text.len())).rfind(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
}

fn check_text(argument: &str, text: &str) -> Result<(), ServiceError> {
    if text.trim().is_empty() {
        return Err(ServiceError::invalid(argument, "is empty; it must have text"));
    }
    check_length(argument, text)
}

fn check_length(argument: &str, text: &str) -> Result<(), ServiceError> {
    match text.len() {
        length if length > MAX_QUERY => {
            Err(ServiceError::invalid(argument, format!("has {length} bytes; at most {MAX_QUERY} are taken")))
        }
        _ => Ok(()),
    }
}

fn check_model(argument: &str, model: Option<&str>) -> Result<(), ServiceError> {
    let Some(model) = model else { return Ok(()) };
    if model.trim().is_empty() {
        return Err(ServiceError::invalid(argument, "is empty; give a model's name, or leave it out"));
    }
    name_length(argument, model)
}
