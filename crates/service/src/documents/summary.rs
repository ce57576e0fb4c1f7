//! A summary of files: as a whole where they fit the context, else part by part, and the notes brought together in as many rounds
//! as it takes.

mod rounds;

use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use futures_util::stream;

use super::budget::{Budget, MIN_PART};
use super::generation::Asking;
use super::parts::{Part, halves, pack};
use super::prompts;
use super::question::shrunk;
use super::search::report;
use super::selection::{FileText, told};
use super::{Documents, FileSelection, check_length, check_model};
use crate::Caller;
use crate::error::{ErrorCode, Partial, ServiceError};
use crate::tasks::job::Job;
use crate::tasks::reply::Outcome;
use platform::sync::lock;

/// Words of a summary where the call says nothing, at least and at most.
const DEFAULT_WORDS: u64 = 300;
const MIN_WORDS: u64 = 10;
const MAX_WORDS: u64 = 5000;
/// Words of the note on one part.
const NOTE_WORDS: u64 = 160;
/// Notes that are asked for at the same time; the queue decides how many are written.
const AT_ONCE: usize = 16;
/// Most text of a call, in bytes, and most parts of it.
const MAX_TEXT: usize = 64_000_000;
const MAX_PARTS: usize = 4000;
/// What the answer shows of notes, in bytes: the newest.
const SHOWN_NOTES: usize = 32_000;
/// How often the context may turn out smaller than it seemed.
const MAX_TRIES: u32 = 4;

/// Files to be summarized.
#[derive(Debug, Clone)]
pub struct SummaryCall {
    pub files: FileSelection,
    /// What the summary is for.
    pub instruction: Option<String>,
    pub model: Option<String>,
    /// Its length.
    pub words: Option<u64>,
}

/// How all parts are summarized.
struct Plan {
    model: String,
    budget: Budget,
    instruction: String,
    words: u64,
}

/// What is known of the parts.
#[derive(Default)]
struct Notes {
    /// By part; `None`: not yet, or failed.
    notes: Vec<Option<(String, String)>>,
    done: usize,
}

impl SummaryCall {
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        self.files.check()?;
        check_length("instruction", self.instruction.as_deref().unwrap_or_default())?;
        check_model("model", self.model.as_deref())?;
        match self.words {
            Some(words) if !(MIN_WORDS..=MAX_WORDS).contains(&words) => Err(ServiceError::invalid(
                "words",
                format!("is {words}; it must be between {MIN_WORDS} and {MAX_WORDS}"),
            )),
            _ => Ok(()),
        }
    }
}

impl Documents {
    pub(super) async fn run_summary(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        call: &SummaryCall,
    ) -> Result<(), ServiceError> {
        let (model, budget) = self.budget(caller, job, call.model.as_deref()).await?;
        report(job, |report| report.model = Some(model.clone()));
        let files = self.read_all(caller, job, &call.files).await?;
        let instruction = call.instruction.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let plan = Plan {
            model,
            budget,
            instruction: instruction.unwrap_or(prompts::DEFAULT_INSTRUCTION).to_owned(),
            words: call.words.unwrap_or(DEFAULT_WORDS),
        };
        let completion = self.summarize(caller, job, &plan, &files).await?;
        report(job, |report| {
            report.text = completion.content.clone();
            report.model = Some(completion.summary.model.clone());
            report.location = Some(completion.summary.location.clone());
            report.warnings.extend(super::generation::warnings(&completion));
        });
        Ok(())
    }

    /// The texts of all files of a call.
    async fn read_all(
        &self,
        caller: &Caller,
        job: &Job,
        selection: &FileSelection,
    ) -> Result<Vec<(String, FileText)>, ServiceError> {
        let selected = self.select(caller, selection).await?;
        let (mut files, mut skipped, mut bytes) = (Vec::new(), selected.skipped, 0);
        let total = selected.files.len();
        for (index, file) in selected.files.iter().enumerate() {
            match self.read(file).await {
                Ok(text) => {
                    bytes += text.bytes();
                    if bytes > MAX_TEXT {
                        let reason = format!(
                            "have more than {} MB of text; name fewer or smaller files",
                            MAX_TEXT / 1_000_000
                        );
                        return Err(ServiceError::invalid("files", reason));
                    }
                    let unread = text.unread_pages();
                    if unread > 0 {
                        skipped
                            .push((format!("{unread} pages of {}", file.name), "cannot be read".to_owned()));
                    }
                    files.push((file.name.clone(), text));
                }
                Err(reason) => skipped.push((file.name.clone(), reason)),
            }
            job.advance(|state| {
                state.status = format!("reading: {} of {total} files", index + 1);
                (state.done, state.total) = ((index + 1) as f64, Some(total as f64));
            });
        }
        if files.is_empty() {
            let reason = match skipped.first() {
                Some((name, reason)) => format!("files: no file of them can be read: {name:?} {reason}"),
                None => "files: name no file with text".to_owned(),
            };
            return Err(ServiceError::new(ErrorCode::AttachmentUnreadable, reason).about_argument("files"));
        }
        report(job, |report| {
            report.files = files.len();
            report.skipped = told(skipped);
        });
        Ok(files)
    }

    async fn summarize(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        plan: &Plan,
        files: &[(String, FileText)],
    ) -> Outcome {
        let room = plan.budget.text_bytes(plan.reply_tokens(), &plan.instruction);
        let parts = pack(files, room);
        if parts.is_empty() {
            let error =
                ServiceError::new(ErrorCode::AttachmentUnreadable, "files: hold no text, only blank lines");
            return Err(error.about_argument("files"));
        }
        if parts.len() > MAX_PARTS {
            let reason = format!(
                "make {} parts for a context of {} tokens, and at most {MAX_PARTS} are read in one call; name fewer files, or give the \
                 model a larger context",
                parts.len(),
                plan.budget.context
            );
            return Err(ServiceError::invalid("files", reason));
        }
        report(job, |report| report.passages = parts.len());
        if let [only] = parts.as_slice() {
            let question = prompts::whole(&plan.instruction, plan.words);
            match self.write(caller, job, plan, only, question, plan.reply_tokens(), true).await {
                // The context is smaller than it seemed: it is read in parts.
                Err(error)
                    if error.code == ErrorCode::ContextExceeded && only.text_bytes() > 2 * MIN_PART =>
                {
                    let smaller = pack(files, shrunk(only.text_bytes(), &error).max(MIN_PART));
                    return self.in_parts(caller, job, plan, smaller, room).await;
                }
                outcome => return outcome,
            }
        }
        self.in_parts(caller, job, plan, parts, room).await
    }

    /// A note on each part, then these together.
    async fn in_parts(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        plan: &Plan,
        parts: Vec<Part>,
        room: usize,
    ) -> Outcome {
        report(job, |report| report.passages = parts.len());
        let notes = self.notes(caller, job, plan, parts).await?;
        let kept = Partial { content: shown(notes.iter()), thinking: String::new() };
        let completion = self.bring_together(caller, job, plan, notes, room).await;
        completion.map_err(|error| error.with_partial(kept))
    }

    /// Has a note written on each part. One that fails twice is named, and left out.
    async fn notes(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        plan: &Plan,
        parts: Vec<Part>,
    ) -> Result<Vec<(String, String)>, ServiceError> {
        let total = parts.len();
        let state = Mutex::new(Notes { notes: vec![None; total], done: 0 });
        let writing = parts.into_iter().enumerate().map(|(index, part)| {
            let state = &state;
            async move {
                let written = self.note(caller, job, plan, &part, (index + 1, total), MAX_TRIES).await;
                let mut notes = lock(state);
                notes.done += 1;
                let failure = match written {
                    Ok(text) => {
                        if let Some(slot) = notes.notes.get_mut(index) {
                            *slot = Some((part.label(), text));
                        }
                        None
                    }
                    Err(error) => Some(error),
                };
                let (done, so_far) = (notes.done, shown(notes.notes.iter().flatten()));
                drop(notes);
                job.advance(|state| {
                    state.status = format!("part {done} of {total}");
                    (state.done, state.total) = (done as f64, Some(total as f64));
                });
                report(job, |report| {
                    report.text = so_far;
                    if let Some(error) = &failure {
                        report.failed_parts.push(format!("{}: {}", part.label(), error.message));
                    }
                });
                failure
            }
        });
        let mut writing = stream::iter(writing).buffer_unordered(AT_ONCE);
        let mut first_failure = None;
        while let Some(failure) = writing.next().await {
            let Some(error) = failure else { continue };
            if ends_all(&error) {
                let content = shown(lock(&state).notes.iter().flatten());
                return Err(error.with_partial(Partial { content, thinking: String::new() }));
            }
            first_failure.get_or_insert(error);
        }
        drop(writing);
        let notes: Vec<_> = state
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .notes
            .into_iter()
            .flatten()
            .collect();
        match first_failure {
            Some(error) if notes.is_empty() => Err(error),
            _ => Ok(notes),
        }
    }

    /// The note on one part, in halves where it is too long for the context after all. What fails is tried once more.
    async fn note(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        plan: &Plan,
        part: &Part,
        (number, total): (usize, usize),
        depth: u32,
    ) -> Result<String, ServiceError> {
        let question = || prompts::of_part(&plan.instruction, number, total, NOTE_WORDS);
        let tokens = plan.budget.reply_tokens(NOTE_WORDS);
        let write = || self.write(caller, job, plan, part, question(), tokens, false);
        let error = match write().await {
            Ok(completion) => return Ok(completion.content.clone()),
            Err(error) => error,
        };
        if error.code == ErrorCode::ContextExceeded
            && let Some(halves) = halves(part, MIN_PART).filter(|_| depth > 0)
        {
            let mut notes = Vec::new();
            for half in &halves {
                notes.push(Box::pin(self.note(caller, job, plan, half, (number, total), depth - 1)).await?);
            }
            return Ok(notes.join("\n"));
        }
        if ends_all(&error) {
            return Err(error);
        }
        write().await.map(|completion| completion.content.clone())
    }

    /// One reply over a part. The text of the last one is shown while it grows.
    #[expect(clippy::too_many_arguments, reason = "one request, with all that it is made of")]
    async fn write(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        plan: &Plan,
        part: &Part,
        question: String,
        max_tokens: u64,
        is_last: bool,
    ) -> Outcome {
        let asking = Asking {
            model: plan.model.clone(),
            system: prompts::SUMMARIZE,
            texts: part.texts.clone(),
            question,
            max_tokens,
            thinks: plan.budget.thinks,
            format: None,
        };
        let show = |text: &str| {
            if is_last && !text.is_empty() {
                job.advance(|state| state.status = "writing".to_owned());
                report(job, |report| report.text = text.to_owned());
            }
        };
        self.generate(caller, job, asking, show).await
    }
}

impl Plan {
    /// Of the summary.
    fn reply_tokens(&self) -> u64 {
        self.budget.reply_tokens(self.words)
    }
}

/// Whether the next part would fail for the same reason.
fn ends_all(error: &ServiceError) -> bool {
    !matches!(
        error.code,
        ErrorCode::ContextExceeded
            | ErrorCode::Interrupted
            | ErrorCode::Timeout
            | ErrorCode::Overloaded
            | ErrorCode::UpstreamError
    )
}

/// Notes as the answer shows them while there is no summary: the newest.
fn shown<'a>(notes: impl Iterator<Item = &'a (String, String)>) -> String {
    let all = notes.map(|(label, note)| format!("## {label}\n{note}")).collect::<Vec<_>>().join("\n\n");
    let start = (all.len().saturating_sub(SHOWN_NOTES)..).find(|start| all.is_char_boundary(*start));
    start.and_then(|start| all.get(start..)).unwrap_or_default().to_owned()
}
