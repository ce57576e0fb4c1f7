//! Chats, prompts and embeddings whose request and answer are passed on: completions that take their turn.

use std::sync::Arc;

use providers::ProviderError;
use providers::forward::{Forwarded, OllamaRoute, Patience, ReadEvents, ReplyReader, embedded_tokens};

use tokio_util::bytes::Bytes;

use super::{ForwardRequest, Forwarding, MAX_WHOLE, NamedModel, Sent, head};
use crate::chat::model_request::{broke_off, with_id};
use crate::chat::warnings::{cut_prompt, stopped_at_limit};
use crate::tasks::observer::EndedKind;
use crate::tasks::queue::{QueueLabel, Reservation, Slot};
use crate::tasks::registry::{Task, TaskKind};
use crate::tasks::reply::{CompletionSummary, Phase, ReplyBuffer};
use crate::{Caller, ServiceError};
use types::{ChatEnd, ChatEvent, FinishReason, Timings, Usage};

/// A completion whose answer is passed on.
struct Run {
    forwarding: Arc<Forwarding>,
    reply: Arc<ReplyBuffer>,
    place: Reservation,
    patience: Patience,
}

/// Its answer, with the turn that it holds.
struct Turn {
    _slot: Slot,
    sent: Sent,
}

impl Forwarding {
    /// Starts a completion; [`ReplyBuffer::verbatim`] has the bytes of its answer. Where these are `retained`, they can be read
    /// any number of times, and the timeouts of the settings hold, as nobody may be waiting.
    ///
    /// # Errors
    /// `model_not_found` for a model that the caller may not use, `overloaded`. What goes wrong later is the completion's
    /// outcome.
    pub fn start(
        self: &Arc<Self>,
        caller: &Caller,
        request: ForwardRequest,
        retained: bool,
    ) -> Result<Arc<Task>, ServiceError> {
        self.api()?;
        self.check_may_use(caller, &request)?;
        let held = self.tasks.memory.hold(&caller.owner, request.body.len())?;
        let kind = match request.route {
            OllamaRoute::Embed | OllamaRoute::Embeddings => EndedKind::Embeddings,
            _ => EndedKind::Completion,
        };
        let reply = ReplyBuffer::verbatim_of(caller, kind, retained);
        if let NamedModel::Named(model) = request.model() {
            reply.set_model(&model);
        }
        let place = self.tasks.queue.reserve(caller);
        let patience = if retained { Patience::Settings } else { Patience::Caller };
        let run = Run { forwarding: Arc::clone(self), reply: Arc::clone(&reply), place, patience };
        let task = self.tasks.registry.add(&caller.owner, TaskKind::Reply(Arc::clone(&reply)));
        self.tasks.registry.spawn(&reply, async move {
            let _held = held;
            run.answer(request).await
        });
        Ok(task)
    }
}

impl Run {
    async fn answer(&self, request: ForwardRequest) -> Result<CompletionSummary, ServiceError> {
        let (request, model_reason) = match request.model() {
            NamedModel::Absent => {
                let default = Box::pin(self.forwarding.models.default_model(self.reply.caller())).await?;
                (request.for_model(&default.name), Some(default.reason))
            }
            NamedModel::Named(_) | NamedModel::Unreadable => (request, None),
        };
        let model = match request.model() {
            NamedModel::Named(model) => model,
            NamedModel::Absent | NamedModel::Unreadable => String::new(),
        };
        self.reply.set_model(&model);
        let Turn { sent, _slot } = self.turn(&request, &model).await?;
        let answer = match sent {
            Sent::Begun(answer) => answer,
            Sent::Refused(refusal, error) => {
                self.reply.begin_verbatim(refusal.head);
                self.reply.push_verbatim(refusal.body).await;
                self.reply.complete_verbatim();
                return Err(self.forwarding.models.error(error));
            }
        };
        self.reply.begin_verbatim(head(&answer));
        let end = match request.route {
            OllamaRoute::Embed | OllamaRoute::Embeddings => self.pass_embeddings(answer).await?,
            _ => self.pass_reply(answer).await?,
        };
        let mut warnings = request.warnings();
        if end.finish_reason == FinishReason::Length {
            warnings.push(stopped_at_limit(request.option("num_predict"), true));
        }
        if matches!(request.route, OllamaRoute::Chat | OllamaRoute::Generate) {
            warnings.extend(cut_prompt(request.text_bytes(), &end.usage, request.option("num_ctx"), true));
        }
        Ok(CompletionSummary {
            stopped_at: None,
            location: self.forwarding.models.location(end.remote.as_ref()),
            model: end.model.unwrap_or(model),
            model_reason,
            finish_reason: end.finish_reason,
            usage: end.usage,
            timings: end.timings,
            attachments: Vec::new(),
            format_violations: Vec::new(),
            warnings,
        })
    }

    /// Waits for its turn, and sends the request; again where a model is pulled that the settings allow to be pulled.
    async fn turn(&self, request: &ForwardRequest, model: &str) -> Result<Turn, ServiceError> {
        let turn = self.in_turn(request, model).await?;
        let Sent::Refused(_, error @ ProviderError::ModelNotFound { .. }) = &turn.sent else {
            return Ok(turn);
        };
        let transfers = &self.forwarding.transfers;
        if !transfers.may_pull(&self.forwarding.models.error(error.clone()), model) {
            return Ok(turn);
        }
        // Others have their turn while the model is pulled.
        drop(turn);
        let pulled = transfers.ensure_installed(self.reply.caller(), model, |done, total| {
            self.reply.set_phase(Phase::Pulling { done, total });
        });
        Box::pin(pulled).await?;
        self.in_turn(request, model).await
    }

    async fn in_turn(&self, request: &ForwardRequest, model: &str) -> Result<Turn, ServiceError> {
        let label = || QueueLabel { id: self.reply.task_state.id().to_owned(), model: model.to_owned() };
        let slot = self.place.enter(label, |ahead, wait| self.reply.set_queued(ahead, wait)).await?;
        self.reply.set_phase(Phase::Waiting);
        let waits = |wait| self.reply.set_phase(Phase::Retrying(wait));
        let sent = self.forwarding.send(request, self.patience, waits).await?;
        Ok(Turn { _slot: slot, sent })
    }

    /// Passes a reply on, and reads it in passing.
    async fn pass_reply(&self, mut answer: Forwarded) -> Result<ChatEnd, ServiceError> {
        let (mut reader, mut events) = (ReplyReader::default(), ReadEvents::new());
        let mut read = None;
        while let Some(chunk) = self.next(&mut answer).await? {
            reader.push(&chunk, &mut events);
            self.take(&mut events, &mut read);
            self.reply.push_verbatim(chunk).await;
            self.reply.check_size()?;
        }
        reader.finish(&mut events);
        self.take(&mut events, &mut read);
        self.reply.complete_verbatim();
        // What cannot be read was passed on all the same.
        read.unwrap_or_else(|| Err(broke_off()))
    }

    fn take(&self, events: &mut ReadEvents<ChatEvent>, read: &mut Option<Result<ChatEnd, ServiceError>>) {
        let mut tokens = Vec::new();
        for event in events.drain(..) {
            match event {
                Ok(ChatEvent::Logprobs(logprobs)) => tokens = logprobs,
                Ok(ChatEvent::Content(text)) => self.reply.push_tokens(&text, std::mem::take(&mut tokens)),
                Ok(ChatEvent::Thinking(text)) => self.reply.push_thinking(&text),
                Ok(ChatEvent::ToolCall(call)) => self.reply.push_tool_call(with_id(call)),
                Ok(ChatEvent::Done(end)) => *read = Some(Ok(end)),
                Err(error) => *read = Some(Err(self.forwarding.models.error(error))),
            }
        }
    }

    /// Passes embeddings on. Only the count at their end is read.
    async fn pass_embeddings(&self, mut answer: Forwarded) -> Result<ChatEnd, ServiceError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.next(&mut answer).await? {
            if body.len() + chunk.len() > MAX_WHOLE {
                let reason = format!("the answer is longer than {MAX_WHOLE} bytes");
                return Err(self.forwarding.models.error(ProviderError::Malformed { reason }));
            }
            body.extend_from_slice(&chunk);
            self.reply.push_verbatim(chunk).await;
        }
        self.reply.complete_verbatim();
        let usage = Usage { prompt_tokens: embedded_tokens(&body), ..Usage::default() };
        Ok(ChatEnd {
            finish_reason: FinishReason::Stop,
            usage,
            timings: Timings::default(),
            model: None,
            remote: None,
        })
    }

    async fn next(&self, answer: &mut Forwarded) -> Result<Option<Bytes>, ServiceError> {
        answer.next().await.map_err(|error| self.forwarding.models.error(error))
    }
}
