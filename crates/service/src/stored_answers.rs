//! Answers that callers asked to be stored, and how long things are stored.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use store::StoredAnswer;
use store::{Answers, AnswersPage, ConversationStore, StoreError, TryLock, TurnLock};

use crate::error::storage_failed;
use crate::hint::Hint;
use crate::{Caller, ErrorCode, ServiceError};

/// The kind of an answer that is a `chat.completion` of OpenAI's API.
pub const CHAT_COMPLETION: &str = "chat.completion";
/// The kind of an answer that is a `response` of OpenAI's API. It is stored from its start on.
pub const RESPONSE: &str = "response";

/// Most bytes of one owner's answers, with what was asked.
const MAX_BYTES: usize = 256 << 20;
/// Rows that are read at a time where only some of them are wanted.
const BATCH: usize = 100;
/// Most rows that are read for one page.
const MAX_SCANNED: usize = 10_000;
/// Between two looks for what is too old.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);

/// The stored answers of all owners.
#[derive(Debug)]
pub struct StoredAnswers {
    answers: Option<Answers>,
    /// Its locks tell whether an answer is still being made, here or elsewhere.
    locks: Option<Arc<dyn ConversationStore>>,
}

/// Held while an answer is made that is stored already. It ends with the process, however that ends.
#[derive(Debug)]
pub struct InProgress {
    _lock: Option<TurnLock>,
}

/// Who makes an answer that is stored and has no end.
#[derive(Debug)]
pub enum MadeBy {
    /// Nobody any more: the process ended meanwhile. The caller holds the mark now.
    Nobody(InProgress),
    /// A process. Its instance is known where it has another name than this one.
    Running(Option<String>),
}

/// Which of a caller's answers are listed.
#[derive(Debug, Clone)]
pub struct AnswerQuery {
    /// The object that they are in OpenAI's API.
    pub kind: &'static str,
    pub model: Option<String>,
    /// Labels that an answer must have.
    pub metadata: Vec<(String, String)>,
    /// The id of the answer after which the list starts.
    pub after: Option<String>,
    pub newest_first: bool,
    pub limit: usize,
}

/// Some of a caller's answers.
#[derive(Debug, Clone)]
pub struct AnswerList {
    pub answers: Vec<StoredAnswer>,
    pub has_more: bool,
}

impl StoredAnswers {
    pub(crate) fn new(answers: Option<Answers>, locks: Option<Arc<dyn ConversationStore>>) -> Self {
        Self { answers, locks }
    }

    /// Stores an answer of the caller. One with the same id stays as it is.
    ///
    /// # Errors
    /// `storage_failed`, also where the caller's answers take too much room.
    pub async fn put(&self, caller: &Caller, answer: StoredAnswer) -> Result<(), ServiceError> {
        let id = answer.id.clone();
        let kind = answer.kind.clone();
        let answers = self.answers()?;
        if answers.put(&caller.owner, answer, MAX_BYTES).await.map_err(failed)?
            || answers.get(&caller.owner, &kind, &id).await.map_err(failed)?.is_some()
        {
            return Ok(());
        }
        Err(no_room())
    }

    /// Marks an answer as being made, until the mark is dropped. Without a database that can lock there is no mark.
    pub async fn begin(&self, caller: &Caller, id: &str) -> InProgress {
        let lock = match &self.locks {
            Some(locks) => locks.try_lock(&caller.owner, &lock_name(id)).await.ok(),
            None => None,
        };
        let lock = match lock {
            Some(TryLock::Locked(lock)) => Some(lock),
            _ => None,
        };
        InProgress { _lock: lock }
    }

    /// Who makes an answer that has no end yet.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn made_by(&self, caller: &Caller, id: &str) -> Result<MadeBy, ServiceError> {
        let Some(locks) = &self.locks else { return Ok(MadeBy::Nobody(InProgress { _lock: None })) };
        match locks.try_lock(&caller.owner, &lock_name(id)).await.map_err(failed)? {
            TryLock::Locked(lock) => Ok(MadeBy::Nobody(InProgress { _lock: Some(lock) })),
            TryLock::Held { instance } => Ok(MadeBy::Running(instance)),
        }
    }

    /// Replaces the text of an answer. One that was deleted meanwhile stays deleted; one that does not fit is deleted.
    ///
    /// # Errors
    /// `storage_failed`, also where the caller's answers take too much room.
    pub async fn replace(
        &self,
        caller: &Caller,
        (kind, id): (&str, &str),
        model: String,
        answer: String,
    ) -> Result<(), ServiceError> {
        let answers = self.answers()?;
        let replaced = answers.replace(&caller.owner, kind, id, model, answer, MAX_BYTES).await;
        if replaced.map_err(failed)? {
            return Ok(());
        }
        match answers.delete(&caller.owner, kind, id).await.map_err(failed)? {
            true => Err(no_room()),
            false => Ok(()),
        }
    }

    /// A stored answer of the caller.
    ///
    /// # Errors
    /// `completion_not_found`, `storage_failed`.
    pub async fn get(&self, caller: &Caller, kind: &str, id: &str) -> Result<StoredAnswer, ServiceError> {
        let found = self.answers()?.get(&caller.owner, kind, id).await.map_err(failed)?;
        found.ok_or_else(|| not_found(id))
    }

    /// A page of the caller's answers.
    ///
    /// # Errors
    /// `completion_not_found` for the answer after which it starts, `storage_failed`.
    pub async fn list(&self, caller: &Caller, query: AnswerQuery) -> Result<AnswerList, ServiceError> {
        let answers = self.answers()?;
        let mut after = match &query.after {
            None => None,
            Some(id) => {
                let found = self.get(caller, query.kind, id).await?;
                Some((found.created, found.id))
            }
        };
        let mut listed = Vec::new();
        let mut scanned = 0;
        loop {
            let page = AnswersPage {
                kind: query.kind,
                model: query.model.clone(),
                after: after.take(),
                newest_first: query.newest_first,
                limit: BATCH,
            };
            let rows = answers.list(&caller.owner, page).await.map_err(failed)?;
            let is_last = rows.len() < BATCH;
            scanned += rows.len();
            after = rows.last().map(|row| (row.created, row.id.clone()));
            listed.extend(rows.into_iter().filter(|row| has_labels(row, &query.metadata)));
            let has_more = listed.len() > query.limit;
            if has_more || is_last || scanned >= MAX_SCANNED {
                listed.truncate(query.limit);
                return Ok(AnswerList { answers: listed, has_more });
            }
        }
    }

    /// Replaces the labels of an answer, and returns it.
    ///
    /// # Errors
    /// `completion_not_found`, `storage_failed`.
    pub async fn set_metadata(
        &self,
        caller: &Caller,
        kind: &str,
        id: &str,
        metadata: Option<String>,
    ) -> Result<StoredAnswer, ServiceError> {
        let answers = self.answers()?;
        if !answers.set_metadata(&caller.owner, kind, id, metadata).await.map_err(failed)? {
            return Err(not_found(id));
        }
        self.get(caller, kind, id).await
    }

    /// Deletes an answer.
    ///
    /// # Errors
    /// `completion_not_found`, `storage_failed`.
    pub async fn delete(&self, caller: &Caller, kind: &str, id: &str) -> Result<(), ServiceError> {
        let deleted = self.answers()?.delete(&caller.owner, kind, id).await.map_err(failed)?;
        if deleted { Ok(()) } else { Err(not_found(id)) }
    }

    /// Deletes, now and then, the answers that are older than `retention`, and the conversations that had no turn for so
    /// long; never returns.
    pub async fn sweep(&self, retention: Duration) {
        let Ok(answers) = self.answers() else { return };
        let mut interval = tokio::time::interval(SWEEP_INTERVAL);
        loop {
            interval.tick().await;
            let Some(than) = SystemTime::now().checked_sub(retention) else { continue };
            let gone = async {
                Ok::<_, StoreError>((
                    answers.delete_older(than).await?,
                    answers.delete_conversations_older(than).await?,
                ))
            };
            match gone.await {
                Ok((0, 0)) => {}
                Ok((answers, conversations)) => {
                    tracing::info!(answers, conversations, "deleted what was older than the retention time");
                }
                Err(error) => {
                    tracing::warn!(%error, "what is older than the retention time cannot be deleted")
                }
            }
        }
    }

    fn answers(&self) -> Result<&Answers, ServiceError> {
        self.answers.as_ref().ok_or_else(|| failed(StoreError::NoDirectory))
    }
}

fn has_labels(answer: &StoredAnswer, wanted: &[(String, String)]) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let labels: serde_json::Map<String, serde_json::Value> =
        answer.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    wanted.iter().all(|(name, value)| labels.get(name).and_then(serde_json::Value::as_str) == Some(value))
}

/// No conversation's id has a colon.
fn lock_name(id: &str) -> String {
    format!("answer:{id}")
}

fn failed(error: StoreError) -> ServiceError {
    storage_failed("Answers", &error)
}

fn no_room() -> ServiceError {
    let text = format!("Stored answers take {} MiB, which is the limit", MAX_BYTES >> 20);
    ServiceError::new(ErrorCode::StorageFailed, text).with_hint("Delete some of them.")
}

fn not_found(id: &str) -> ServiceError {
    let hint: Hint = "Only answers that were asked for with store: true are stored.".into();
    ServiceError::new(ErrorCode::CompletionNotFound, format!("There is no stored answer {id:?}"))
        .with_hint(hint)
}
