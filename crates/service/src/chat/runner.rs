//! Runs a completion: validates the call, chooses the model, reads the provider's stream, checks the reply.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::Chat;
use super::request::ChatCall;
use super::size::{bytes_of_call, bytes_of_prompt};
use crate::chat::attachments::{Attached, Attachments};
use crate::chat::model_request::{ModelRequest, Request, broke_off, with_id};
use crate::chat::retry::{jitter, wait_before};
use crate::chat::stop_texts::counts_are_estimates;
use crate::chat::tool_choice;
use crate::chat::truncation::Truncation;
use crate::chat::validate::check;
use crate::chat::warnings::{cut_prompt, no_logprobs, stopped_at_limit};
use crate::hint::Warning;
use crate::models::parameters::ignored_options;
use crate::tasks::job::Job;
use crate::tasks::queue::{QueueLabel, Reservation, Slot};
use crate::tasks::registry::{Task, TaskKind};
use crate::tasks::reply::{CompletionSummary, Outcome, Phase, ReplyBuffer};
use crate::{Caller, ErrorCode, ServiceError};
use providers::ChatStream;
use types::{ChatEnd, ChatEvent, ChatRequest};
use types::{FinishReason, GenerateRequest, KeepAlive, Timings, ToolChoice, Usage};

/// The reason of the end of a reply that its caller has stopped.
pub const STOPPED: &str = "stopped";

impl Chat {
    /// Starts a chat as a completion of its own.
    ///
    /// # Errors
    /// `invalid_argument`; `storage_failed` for the file of the default system prompt. What goes wrong later is the
    /// completion's outcome.
    pub fn start_chat(self: &Arc<Self>, caller: &Caller, call: ChatCall) -> Result<Arc<Task>, ServiceError> {
        self.start(caller, self.with_system(call)?, Question::Messages)
    }

    /// Starts a completion of a chat's messages, or of a bare prompt.
    pub(crate) fn start(
        self: &Arc<Self>,
        caller: &Caller,
        call: ChatCall,
        question: Question,
    ) -> Result<Arc<Task>, ServiceError> {
        self.start_after(caller, call, question, None)
    }

    /// As [`Chat::start`], but it waits for the end of another completion first.
    pub(crate) fn start_after(
        self: &Arc<Self>,
        caller: &Caller,
        call: ChatCall,
        question: Question,
        previous: Option<Arc<ReplyBuffer>>,
    ) -> Result<Arc<Task>, ServiceError> {
        check(&call)?;
        let held = self.tasks.memory.hold(&caller.owner, bytes_of_call(&call) + question.bytes())?;
        let reply = ReplyBuffer::new(caller);
        if let Some(model) = &call.model {
            reply.set_model(model);
        }
        let place = self.tasks.queue.reserve(caller);
        let run = Run { chat: Arc::clone(self), reply: Arc::clone(&reply), job: None, place };
        let task = self.tasks.registry.add(&caller.owner, TaskKind::Reply(Arc::clone(&reply)));
        self.tasks.registry.spawn(&reply, async move {
            let _held = held;
            if let Some(previous) = previous {
                run.reply.set_phase(Phase::Queued(1));
                run.place.delay();
                previous.ended().await;
            }
            run.answer(call, question).await
        });
        Ok(task)
    }
}

impl Chat {
    /// One reply of a job, in a buffer that can be followed: it is not kept by itself, and ends when the future is dropped.
    pub(crate) async fn reply_to(
        self: &Arc<Self>,
        reply: &Arc<ReplyBuffer>,
        call: ChatCall,
        job: &Arc<Job>,
        place: Reservation,
    ) -> Outcome {
        reply.task_state.set_id(job.task_state.id());
        let run = Run { chat: Arc::clone(self), reply: Arc::clone(reply), job: Some(Arc::clone(job)), place };
        let summary = run.answer(call, Question::Messages).await;
        let summary = summary.map_err(|error| error.with_partial(reply.partial()));
        self.tasks.registry.observers.report(|| reply.figures(&summary));
        reply.end(summary);
        reply.outcome().unwrap_or_else(|| Err(ServiceError::internal()))
    }
}

/// The input of the model.
pub(crate) enum Question {
    /// The messages of the call.
    Messages,
    /// A bare prompt; model, sampling and the like come from the call.
    Prompt(Box<GenerateRequest>),
}

impl Question {
    fn bytes(&self) -> usize {
        match self {
            Self::Messages => 0,
            Self::Prompt(prompt) => bytes_of_prompt(prompt),
        }
    }
}

/// One reply that is being generated.
pub(crate) struct Run {
    pub(crate) chat: Arc<Chat>,
    pub(crate) reply: Arc<ReplyBuffer>,
    /// The job that the reply is part of; it reports pulls as well.
    pub(crate) job: Option<Arc<Job>>,
    /// Its place in the queue.
    pub(crate) place: Reservation,
}

impl Run {
    // Rare branches are boxed: the future's size is that of its largest branch, and thousands may be in flight.
    pub(crate) async fn answer(
        &self,
        call: ChatCall,
        question: Question,
    ) -> Result<CompletionSummary, ServiceError> {
        let (model, model_reason) = match &call.model {
            Some(model) => (model.clone(), None),
            None => {
                let default = Box::pin(self.chat.models.default_model(self.reply.caller())).await?;
                (default.name, Some(default.reason))
            }
        };
        self.check_allowed(&model).await?;
        self.reply.set_model(&model);
        let mut warnings: Vec<_> = self.ignored(&call).into_iter().map(Warning::new).collect();
        let attached = match call.attachments.is_empty() {
            true => None,
            false => Box::pin(self.attached(&model, &call.attachments)).await?,
        };
        let size = attached.as_ref().map_or(0, |attached| attached.sent_bytes());
        let _held = self.chat.tasks.memory.hold(&self.reply.caller().owner, size)?;
        let (format, format_check) = (call.response_format.clone(), call.format_check);
        let required = tool_choice::required(call.tool_choice.as_ref());
        let wants_logprobs = call.logprobs.is_some();
        let mut request = model_request(model, call, question);
        if let Some(attached) = &attached {
            request.attach(attached);
            warnings.extend(attached.warnings().map(Warning::new));
        }
        if request.has_images() {
            Box::pin(self.with_model(request.model(), || {
                self.chat.models.require(self.reply.caller(), request.model(), "vision")
            }))
            .await?;
        }
        let (end, format_violations) = match (required, format) {
            (Some(choice), format) => {
                let called = self.with_tool_call(&mut request, &choice, format.as_ref(), &mut warnings);
                Box::pin(called).await?
            }
            (None, Some(format)) => {
                Box::pin(self.formatted(&mut request, &format, format_check, &mut warnings)).await?
            }
            (None, None) => (self.stream(&mut request).await?, Vec::new()),
        };
        warnings.extend(tool_choice::dropped_calls(request.dropped_calls()));
        if wants_logprobs && !self.reply.has_logprobs() && !self.reply.partial().content.is_empty() {
            warnings.push(no_logprobs());
        }
        let sampling = request.sampling();
        if end.finish_reason == FinishReason::Length {
            warnings.push(stopped_at_limit(sampling.max_tokens, self.chat.models.takes_num_ctx()));
        }
        let fitted =
            request.fitted().map(|fitted| fitted.warning(end.usage.prompt_tokens, sampling.max_tokens));
        let stopped_at = request.stopped_at().map(str::to_owned);
        // Estimates tell nothing of what the model has read.
        let is_stopped = stopped_at.is_some() || end.finish_reason == FinishReason::Other(STOPPED.to_owned());
        let counted = if is_stopped { Usage::default() } else { end.usage };
        let cut = fitted.or_else(|| {
            cut_prompt(request.text_bytes(), &counted, request.num_ctx(), self.chat.models.takes_num_ctx())
        });
        match cut {
            Some(cut) => warnings.push(cut),
            None => {
                self.chat.token_ratios.learn(request.model(), &request.prompt_size(), counted.prompt_tokens);
                warnings.extend(self.chat.overflow(&request, &counted).await);
            }
        }
        warnings.extend(stopped_at.as_ref().map(|_| counts_are_estimates()));
        let other_model = self.chat.models.other_model(request.model(), end.model.as_deref());
        warnings.extend(other_model.map(Warning::new));
        let location = self.chat.models.location(end.remote.as_ref());
        if attached.is_some() {
            warnings.extend(self.chat.went_away(&location).map(Warning::new));
        }
        Ok(CompletionSummary {
            location,
            model: end.model.unwrap_or_else(|| request.model().to_owned()),
            model_reason,
            finish_reason: end.finish_reason,
            stopped_at,
            usage: end.usage,
            timings: end.timings,
            attachments: attached.map(|attached| attached.sent.clone()).unwrap_or_default(),
            format_violations,
            warnings,
        })
    }

    /// Waits in the queue, then generates one reply. The slot is held until the reply ends.
    pub(crate) async fn stream(&self, request: &mut ModelRequest) -> Result<ChatEnd, ServiceError> {
        let (slot, mut events) = match self.in_turn(request).await {
            // The slot is released while the model is pulled.
            Err(error) if self.chat.transfers.may_pull(&error, request.model()) => {
                let again = async {
                    self.pull(request.model()).await?;
                    self.in_turn(request).await
                };
                Box::pin(again).await?
            }
            begun => begun?,
        };
        let mut tokens = Vec::new();
        let mut chunks = 0;
        loop {
            let event = tokio::select! {
                biased;
                () = self.reply.task_state.stopped() => {
                    self.push_held(request);
                    // Closes the connection, which stops the generation.
                    drop((events, slot));
                    let end = Box::pin(self.end_at_stop(request, chunks)).await;
                    return Ok(ChatEnd { finish_reason: FinishReason::Other(STOPPED.to_owned()), ..end });
                }
                event = events.next() => event,
            };
            let Some(event) = event else { break };
            self.reply.check_size()?;
            chunks += 1;
            if !matches!(event, Ok(ChatEvent::Logprobs(_) | ChatEvent::Content(_))) {
                self.push_held(request);
            }
            match event {
                Ok(ChatEvent::Logprobs(logprobs)) => tokens = logprobs,
                Ok(ChatEvent::Content(text)) => {
                    if self.push_until_stop(request, &text, std::mem::take(&mut tokens)) {
                        // Closes the connection, which stops the generation.
                        drop((events, slot));
                        return Ok(Box::pin(self.end_at_stop(request, chunks)).await);
                    }
                }
                Ok(ChatEvent::Thinking(text)) => self.reply.push_thinking(&text),
                Ok(ChatEvent::ToolCall(call)) if request.takes_one_call() && self.reply.has_tool_calls() => {
                    request.drop_call(call);
                }
                Ok(ChatEvent::ToolCall(call)) => self.reply.push_tool_call(with_id(call)),
                Ok(ChatEvent::Done(end)) => return Ok(end),
                Err(error) => return Err(self.chat.models.error(error)),
            }
        }
        self.push_held(request);
        Err(broke_off())
    }

    /// Waits for its turn, and sends the request.
    async fn in_turn(&self, request: &mut ModelRequest) -> Result<(Slot, ChatStream), ServiceError> {
        let label =
            || QueueLabel { id: self.reply.task_state.id().to_owned(), model: request.model().to_owned() };
        let slot = self.place.enter(label, |ahead, wait| self.reply.set_queued(ahead, wait)).await?;
        self.reply.set_phase(Phase::Waiting);
        loop {
            match self.begin(request).await {
                Err(error) if error.code == ErrorCode::ContextExceeded => {
                    Box::pin(self.chat.fit(request, error)).await?;
                }
                begun => return Ok((slot, begun?)),
            }
        }
    }

    /// Checks that the caller may use a model, before anything is done with it.
    pub(crate) async fn check_allowed(&self, model: &str) -> Result<(), ServiceError> {
        match self.reply.caller().may_use(model) {
            true => Ok(()),
            false => Box::pin(self.chat.models.check_allowed(self.reply.caller(), model)).await,
        }
    }

    /// The files of a call, read; the same ones where they were read before.
    pub(crate) async fn attached(
        &self,
        model: &str,
        attachments: &Attachments,
    ) -> Result<Option<Arc<Attached>>, ServiceError> {
        if !attachments.is_empty() {
            self.place.delay();
        }
        self.with_model(model, || self.chat.attached(self.reply.caller(), model, attachments)).await
    }

    /// Sends the request, with retries: nothing is generated before this returns.
    async fn begin(&self, request: &ModelRequest) -> Result<ChatStream, ServiceError> {
        let mut tried = 0;
        // The name stays as it is from the check until the server has begun to answer.
        let in_use =
            request.has_files().then(|| self.chat.models.names.rely_on(request.model())).transpose()?;
        loop {
            if in_use.is_some() {
                Box::pin(self.chat.check_takes_files(self.reply.caller(), request.model())).await?;
            }
            let error = match request.send(&self.chat.models).await? {
                Ok(events) => return Ok(events),
                Err(error) => error,
            };
            let Some(wait) = wait_before(&error, tried, jitter()) else {
                return Err(Box::pin(self.chat.models.explain(self.reply.caller(), error)).await);
            };
            tried += 1;
            tracing::info!(error = error.logged(), ?wait, tried, "trying again");
            self.reply.set_phase(Phase::Retrying(wait));
            tokio::time::sleep(wait).await;
            self.reply.set_phase(Phase::Waiting);
        }
    }

    /// Warnings for arguments that this server ignores.
    fn ignored(&self, call: &ChatCall) -> Vec<String> {
        if self.chat.models.provider().ollama().is_some() {
            return ignored_options(&call.options);
        }
        let ignored = [
            ("num_ctx", call.sampling.num_ctx.is_some()),
            ("keep_alive", call.keep_alive.is_some()),
            ("truncation", call.truncation == Truncation::Grow),
        ];
        let names = ignored.iter().filter(|(_, given)| *given).map(|(name, _)| name);
        names.map(|name| format!("{name} was ignored: this server does not support it.")).collect()
    }
}

/// The request that a call makes.
fn model_request(model: String, call: ChatCall, question: Question) -> ModelRequest {
    let keep_alive = call.keep_alive.map(KeepAlive::into_value);
    let response_format = call.response_format.map(|format| format.as_requested().clone());
    let request = match question {
        Question::Messages => Request::Chat(ChatRequest {
            model,
            messages: call.messages,
            sampling: call.sampling,
            options: call.options,
            response_format,
            think: call.think,
            tools: tool_choice::offered(call.tools, call.tool_choice.as_ref()),
            tool_choice: call.tool_choice.filter(|choice| *choice != ToolChoice::None),
            parallel_tool_calls: call.parallel_tool_calls,
            logprobs: call.logprobs,
            keep_alive,
            truncate: None,
        }),
        Question::Prompt(prompt) => Request::Prompt(GenerateRequest {
            model,
            sampling: call.sampling,
            options: call.options,
            response_format,
            think: call.think,
            logprobs: call.logprobs,
            keep_alive,
            ..*prompt
        }),
    };
    ModelRequest::new(request, call.truncation, call.stop_texts)
}

/// Tokens of the reply per second, by the server's own counts.
pub fn tokens_per_second(usage: &Usage, timings: &Timings) -> Option<f64> {
    let tokens = usage.completion_tokens?;
    let eval = timings.eval.filter(|eval| *eval > Duration::ZERO)?;
    Some(tokens as f64 / eval.as_secs_f64())
}
