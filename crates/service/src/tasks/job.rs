//! Work that is no single reply: transfers of models, batches, comparisons. It runs on its own as a
//! completion does, is followed, fetched and stopped in the same way, and tells of its progress.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::ServiceError;
use crate::tasks::handle::TaskState;
use crate::tasks::reply::Outcome;

/// A job that runs, or has ended.
#[derive(Debug)]
pub struct Job {
    state: watch::Sender<JobState>,
    pub(crate) task_state: TaskState,
}

/// What a job has come to.
#[derive(Debug, Clone)]
pub struct JobState {
    /// What it is doing, for people.
    pub status: String,
    /// How much is done: bytes of a transfer, items of a batch, models of a comparison.
    pub done: f64,
    /// How much there is to do, where it is known.
    pub total: Option<f64>,
    /// What it has made so far.
    pub report: JobOutput,
    /// What it waits for besides, for people.
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
}

/// ReplySet in the order in which they were asked for; `None` for those that are still to come.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplySet {
    /// What each reply is for: a model's name, or an input's number.
    pub labels: Vec<String>,
    /// The replies.
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

/// A model on its way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransferReport {
    /// `pull`, `push` or `create`.
    pub operation: &'static str,
    /// The model.
    pub model: String,
    /// The server's last word.
    pub status: String,
    /// Bytes in all, as far as the server has told.
    pub total_bytes: Option<u64>,
    /// Bytes that are over.
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

    /// What it has come to; each change can be awaited.
    pub fn watch(&self) -> watch::Receiver<JobState> {
        self.state.subscribe()
    }

    /// What it has come to now.
    pub fn state(&self) -> JobState {
        self.state.borrow().clone()
    }

    /// Waits for its end.
    pub async fn ended(&self) {
        self.task_state.ended().await;
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<Result<(), ServiceError>> {
        self.state.borrow().outcome.clone()
    }

    /// Goes on to a new state.
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
        }
    }
}
