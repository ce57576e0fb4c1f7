//! The chunks of a streamed answer: those of all choices, then the usage.

use futures_util::stream::{self, BoxStream, SelectAll, StreamExt as _};
use openai::completion::Usage;
use openai::completions::{TextChoice, TextCompletion};
use openai::logprobs::LegacyLogprobs;

use super::{Choice, Object, usage_of_prompts};
use crate::error::{Dialect, HttpError};
use crate::extras::Extras;
use crate::follow::{Step, shutting_down};
use crate::mount::Response;
use crate::openai::answer::finish_reason;
use crate::route::Answer;
use crate::sse;
use service::tasks::reply::{Completion, Update};

/// Streams the chunks of all choices.
///
/// # Errors
/// The first completion failed before anything was generated.
pub(super) async fn streamed(mut choices: Vec<Choice>, include_usage: bool, shows_queue: bool) -> Answer {
    let first = choices.first_mut().ok_or_else(HttpError::internal)?;
    if !shows_queue {
        // The others may wait behind it.
        first.follower.begun().await?;
    }
    let task = first.follower.task();
    let envelope = Envelope { id: task.id.clone(), created: task.created };
    let pieces = choices.into_iter().map(|choice| pieces(choice, envelope.clone(), shows_queue));
    let state = Streaming {
        pieces: stream::select_all(pieces),
        envelope,
        include_usage,
        ended: Vec::new(),
        is_over: false,
    };
    Ok(response(state))
}

/// What a choice adds to a stream.
enum Piece {
    Bytes(Vec<u8>),
    /// Its last bytes, and what it took.
    Ended(Vec<u8>, usize, String, types::Usage),
    /// The stream ends with these.
    Failed(Vec<u8>),
}

/// What all chunks of an answer have in common.
#[derive(Clone)]
struct Envelope {
    id: String,
    created: u64,
}

impl Envelope {
    fn write(
        &self,
        out: &mut Vec<u8>,
        model: &str,
        choice: Option<TextChoice<'_>>,
        usage: Option<Usage>,
        extras: Option<Extras<'_>>,
    ) {
        let completion = TextCompletion {
            id: self.id.as_str().into(),
            created: self.created,
            model: model.into(),
            choices: choice.into_iter().collect(),
            usage,
            ..TextCompletion::default()
        };
        sse::write_event(out, None, &Object { completion, ollama_mcp: extras });
    }
}

struct Streaming {
    pieces: SelectAll<BoxStream<'static, Piece>>,
    envelope: Envelope,
    include_usage: bool,
    /// The prompt, the model and the usage of each choice that has ended.
    ended: Vec<(usize, String, types::Usage)>,
    is_over: bool,
}

fn response(state: Streaming) -> Response {
    sse::response(stream::unfold(state, |mut state| async move {
        if state.is_over {
            return None;
        }
        let bytes = match state.pieces.next().await {
            Some(Piece::Bytes(bytes)) => bytes,
            Some(Piece::Ended(bytes, prompt, model, usage)) => {
                state.ended.push((prompt, model, usage));
                bytes
            }
            Some(Piece::Failed(bytes)) => {
                state.is_over = true;
                state.pieces.clear();
                bytes
            }
            None => {
                state.is_over = true;
                state.end()
            }
        };
        Some((bytes, state))
    }))
}

impl Streaming {
    fn end(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.include_usage {
            let model = self.ended.first().map_or("", |(_, model, _)| model.as_str());
            let usage = usage_of_prompts(self.ended.iter().map(|(prompt, _, usage)| (*prompt, *usage)));
            self.envelope.write(&mut out, model, None, Some(usage), None);
        }
        out.extend_from_slice(sse::DONE);
        out
    }
}

/// The chunks of one choice.
fn pieces(choice: Choice, envelope: Envelope, shows_queue: bool) -> BoxStream<'static, Piece> {
    let offset = 0_usize;
    stream::unfold(Some((choice, envelope, offset)), move |state| async move {
        let (mut choice, envelope, mut offset) = state?;
        loop {
            let mut out = Vec::new();
            let piece = match choice.follower.next().await {
                Step::Silent => Piece::Bytes(sse::COMMENT.to_vec()),
                Step::Update(update) => {
                    if shows_queue {
                        choice.follower.write_place(&mut out, &update);
                    }
                    choice.write_update(&mut out, &envelope, &update, &mut offset);
                    if out.is_empty() {
                        continue;
                    }
                    Piece::Bytes(out)
                }
                Step::Ended(Ok(completion)) => {
                    choice.write_end(&mut out, &envelope, &completion);
                    let summary = &completion.summary;
                    let ended = Piece::Ended(out, choice.prompt, summary.model.clone(), summary.usage);
                    return Some((ended, None));
                }
                Step::Ended(Err(error)) => return Some((failed(&choice.follower.failure(error)), None)),
                Step::ShuttingDown => return Some((failed(&shutting_down()), None)),
            };
            return Some((piece, Some((choice, envelope, offset))));
        }
    })
    .boxed()
}

fn failed(error: &HttpError) -> Piece {
    let mut out = Vec::new();
    sse::write_event(&mut out, None, &error.body(Dialect::OpenAi));
    Piece::Failed(out)
}

impl Choice {
    fn write_update(&mut self, out: &mut Vec<u8>, envelope: &Envelope, update: &Update, offset: &mut usize) {
        if update.content.is_empty() && update.logprobs.is_empty() {
            return;
        }
        let text = format!("{}{}", std::mem::take(&mut self.echo), update.content);
        let echoed = text.chars().count() - update.content.chars().count();
        let logprobs = LegacyLogprobs::new(&update.logprobs, *offset + echoed);
        *offset += text.chars().count();
        let written = TextChoice { text: text.into(), index: self.index, logprobs, finish_reason: None };
        envelope.write(out, self.follower.reply().model().unwrap_or_default(), Some(written), None, None);
    }

    /// The chunk with the reason, and with the prompt where nothing came after it.
    fn write_end(&mut self, out: &mut Vec<u8>, envelope: &Envelope, completion: &Completion) {
        let extras = Extras::of(self.follower.task(), completion, self.follower.has_credential());
        let written = TextChoice {
            text: std::mem::take(&mut self.echo).into(),
            index: self.index,
            logprobs: None,
            finish_reason: Some(finish_reason(completion).into()),
        };
        envelope.write(out, &completion.summary.model, Some(written), None, Some(extras));
    }
}
