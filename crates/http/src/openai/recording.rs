//! Stores the answer to a request with `store: true`, once its completions have ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::task::JoinHandle;

use super::answer::Answer;
use crate::call::Call;
use service::stored_answers::{CHAT_COMPLETION, StoredAnswer, StoredAnswers};
use service::tasks::registry::{Task, TaskKind};
use service::{Caller, ServiceError};

/// An answer that will be stored. It goes on when its caller goes, as far as the completions do.
#[derive(Debug)]
pub(super) struct Recording(JoinHandle<Option<ServiceError>>);

/// The part of a request that is stored.
#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
}

impl Recording {
    /// Waits for the ends of these completions in the background, then stores the answer.
    pub(super) fn start(
        call: &Call,
        tasks: &[Arc<Task>],
        body: &[u8],
        metadata: Option<&BTreeMap<String, String>>,
    ) -> Self {
        let request: Option<Request<'_>> = serde_json::from_slice(body).ok();
        let messages = request.and_then(|request| request.messages).map_or("[]", RawValue::get).to_owned();
        let metadata = metadata.and_then(|metadata| serde_json::to_string(metadata).ok());
        let (tasks, caller) = (tasks.to_vec(), call.caller().clone());
        let answers = Arc::clone(&call.app.services.stored_answers);
        let has_credential = call.identity.has_credential();
        Self(tokio::spawn(async move {
            record(&answers, &caller, &tasks, messages, metadata, has_credential).await.err()
        }))
    }

    /// Waits until it is stored; why it could not be.
    pub(super) async fn failure(self) -> Option<ServiceError> {
        self.0.await.unwrap_or_else(|_| Some(ServiceError::internal()))
    }
}

async fn record(
    answers: &StoredAnswers,
    caller: &Caller,
    tasks: &[Arc<Task>],
    messages: String,
    metadata: Option<String>,
    has_credential: bool,
) -> Result<(), ServiceError> {
    let mut ended = Vec::with_capacity(tasks.len());
    for task in tasks {
        let TaskKind::Reply(reply) = &task.kind else { return Ok(()) };
        reply.ended().await;
        // One that failed is told to its caller; there is nothing to store.
        let Some(Ok(completion)) = reply.outcome() else { return Ok(()) };
        ended.push((Arc::clone(task), completion));
    }
    let Some((answer, (task, first))) = Answer::of(&ended, has_credential).zip(ended.first()) else {
        return Ok(());
    };
    let stored = StoredAnswer {
        id: task.id.clone(),
        kind: CHAT_COMPLETION.to_owned(),
        model: first.summary.model.clone(),
        request: messages,
        answer: serde_json::to_string(&answer).map_err(|_| ServiceError::internal())?,
        metadata,
        created: UNIX_EPOCH + Duration::from_secs(task.created),
    };
    answers.put(caller, stored).await
}
