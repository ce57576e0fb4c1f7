//! Jobs: tasks other than a single reply (transfers of models, batches, comparisons, work over files). A job runs on its own, and is
//! followed, fetched and cancelled as a completion is.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::ServiceError;
use crate::tasks::documents_report::DocumentsReport;
use crate::tasks::handle::TaskState;
use crate::tasks::reply::Outcome;

/// A job that runs, or has ended.
#[derive(Debug)]
pub struct Job {
    state: watch::Sender<JobState>,
    pub(crate) task_state: TaskState,
}

/// The progress of a job.
#[derive(Debug, Clone)]
pub struct JobState {
    /// Human-readable status.
    pub status: String,
    /// How much is done: bytes of a transfer, items of a batch, models of a comparison.
    pub done: f64,
    /// How much there is to do, where it is known.
    pub total: Option<f64>,
    /// What it has made so far.
    pub report: JobOutput,
    /// Human-readable side status, such as an automatic pull.
    pub waiting_for: Option<String>,
    /// How it ended, once it has.
    pub outcome: Option<Result<(), ServiceError>>,
}

/// What a job makes.
#[derive(Debug, Clone, PartialEq)]
pub enum JobOutput {
    /// A model that is pulled, pushed or created.
    Transfer(TransferReport),
    /// One question to several models.
    Comparison(ReplySet),
    /// One instruction over many texts.
    Batch(ReplySet),
    /// Files that are summarized, asked or searched.
    Documents(Box<DocumentsReport>),
}

/// The replies of a job in the order of the requests; `None` for those that are not there yet.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplySet {
    /// What each reply is for: a model's name, or an input's number.
    pub labels: Vec<String>,
    pub replies: Vec<Option<Outcome>>,
}

impl ReplySet {
    pub(crate) fn new(labels: Vec<String>) -> Self {
        let replies = labels.iter().map(|_| None).collect();
        Self { labels, replies }
    }

    fn size(&self) -> usize {
        let text = |reply: &Option<Outcome>| match reply {
            Some(Ok(completion)) => completion.content.len() + completion.thinking.len(),
            _ => 0,
        };
        self.replies.iter().map(text).sum()
    }
}

/// The progress of a transfer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransferReport {
    /// `pull`, `push` or `create`.
    pub operation: &'static str,
    pub model: String,
    /// The last status that the server reported.
    pub status: String,
    /// Bytes in all, as far as the server has reported.
    pub total_bytes: Option<u64>,
    /// Bytes that have been transferred.
    pub completed_bytes: Option<u64>,
    /// Nothing had to be moved: it was there already.
    pub already_present: bool,
}

impl Job {
    pub(crate) fn new(status: impl Into<String>, report: JobOutput) -> Arc<Self> {
        let state = JobState {
            status: status.into(),
            done: 0.0,
            total: None,
            report,
            waiting_for: None,
            outcome: None,
        };
        Arc::new(Self { state: watch::Sender::new(state), task_state: TaskState::new() })
    }

    /// The progress, as a channel of its changes.
    pub fn watch(&self) -> watch::Receiver<JobState> {
        self.state.subscribe()
    }

    pub fn state(&self) -> JobState {
        self.state.borrow().clone()
    }

    pub async fn ended(&self) {
        self.task_state.ended().await;
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<Result<(), ServiceError>> {
        self.state.borrow().outcome.clone()
    }

    pub(crate) fn advance(&self, change: impl FnOnce(&mut JobState)) {
        self.state.send_modify(change);
    }

    /// Runs `work`, whose end is the job's. A panic and a cancellation are ends as well.
    pub(crate) async fn conclude(&self, work: impl Future<Output = Result<(), ServiceError>>) {
        let outcome = self.task_state.run(work).await;
        self.advance(|state| state.outcome = Some(outcome));
        self.task_state.end();
    }

    pub(crate) fn size(&self) -> usize {
        self.state.borrow().report.size() + 1024
    }
}

impl JobOutput {
    fn size(&self) -> usize {
        match self {
            Self::Transfer(_) => 0,
            Self::Comparison(replies) | Self::Batch(replies) => replies.size(),
            Self::Documents(report) => report.size(),
        }
    }
}
