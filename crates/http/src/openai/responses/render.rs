//! The events of a response, made from its log and its reply: the same bytes each time.

use std::sync::Arc;

use openai::logprobs::TokenLogprob;
use openai::responses::{Content, Event, ItemStatus, OutputItem, Status};

use super::log::Entry;
use super::object::{Shown, Snapshot, item, item_id, running};
use super::record::Record;
use super::spans::{Change, Kind, Span, Spans, Step};
use crate::sse;
use service::tasks::registry::Task;
use service::tasks::reply::{ReplyBuffer, ReplyCursor, Update};

/// Writes the events of one response for one stream.
pub(super) struct Renderer {
    record: Arc<Record>,
    /// The next entry of the log.
    entry: usize,
    /// The number of the next event.
    sequence: u64,
    /// Events up to this number are not written.
    after: Option<u64>,
    spans: Spans,
}

/// New text of a reply, and all of it once an item ends.
struct Text<'a> {
    reply: &'a ReplyBuffer,
    new: Update,
    start: ReplyCursor,
    whole: Option<Update>,
}

impl Renderer {
    pub(super) fn new(record: Arc<Record>, after: Option<u64>) -> Self {
        Self { record, entry: 0, sequence: 0, after, spans: Spans::default() }
    }

    /// The number of the next event.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Writes the events that are new; `true` after the last one, which is left for later unless `may_end`.
    pub(super) fn write(
        &mut self,
        task: &Task,
        reply: &ReplyBuffer,
        may_end: bool,
        out: &mut Vec<u8>,
    ) -> bool {
        let record = Arc::clone(&self.record);
        let start = self.spans.at();
        let (new, entries) = record.note(reply, start, self.entry);
        let mut text = Text { reply, new, start, whole: None };
        for entry in entries {
            if entry == Entry::Ended && !may_end {
                return false;
            }
            let is_first = self.entry == 0;
            self.entry += 1;
            let status = match entry {
                Entry::Queued { .. } => Status::Queued,
                _ => Status::InProgress,
            };
            match entry {
                Entry::Queued { names_model } | Entry::InProgress { names_model } => {
                    let model = reply.model().filter(|_| names_model);
                    let shown = || running(&record, task, status, model);
                    if is_first {
                        self.write_event(out, |sequence_number| Event::Created {
                            sequence_number,
                            response: shown(),
                        });
                    }
                    self.write_event(out, |sequence_number| match status {
                        Status::Queued => Event::Queued { sequence_number, response: shown() },
                        _ => Event::InProgress { sequence_number, response: shown() },
                    });
                }
                Entry::Cut(position) => {
                    for step in self.spans.advance(position) {
                        self.write_step(out, &record, step, &mut text);
                    }
                }
                Entry::Ended => {
                    let snapshot = Snapshot::of(&record, reply);
                    for step in self.spans.finish(snapshot.status == Status::Completed) {
                        self.write_step(out, &record, step, &mut text);
                    }
                    self.write_event(out, |sequence_number| {
                        let response = snapshot.shown(&record, task);
                        match snapshot.status {
                            Status::Completed => Event::Completed { sequence_number, response },
                            Status::Incomplete => Event::Incomplete { sequence_number, response },
                            // The API has no event for one that was cancelled; its status says so.
                            _ => Event::Failed { sequence_number, response },
                        }
                    });
                    return true;
                }
            }
        }
        false
    }

    fn write_step(&mut self, out: &mut Vec<u8>, record: &Record, step: Step, text: &mut Text<'_>) {
        let Step { index: output_index, span, change } = step;
        let id = item_id(record.suffix(), output_index, span.kind);
        let item_id = id.as_str();
        let content_index = 0;
        match change {
            Change::Opened => {
                let item = opened(&id, span.kind);
                self.write_event(out, |sequence_number| Event::ItemAdded {
                    sequence_number,
                    output_index,
                    item,
                });
                let part = part(span.kind, "", &[]);
                self.write_event(out, |sequence_number| Event::PartAdded {
                    sequence_number,
                    item_id,
                    output_index,
                    content_index,
                    part,
                });
            }
            Change::Grown { from, to, logprobs } => {
                let delta = text.new_slice(span.kind, from, to);
                self.write_event(out, |sequence_number| match span.kind {
                    Kind::Reasoning => {
                        Event::ReasoningDelta { sequence_number, item_id, output_index, content_index, delta }
                    }
                    _ => {
                        let logprobs = text.new_logprobs(logprobs);
                        Event::TextDelta {
                            sequence_number,
                            item_id,
                            output_index,
                            content_index,
                            delta,
                            logprobs,
                        }
                    }
                });
            }
            Change::Closed => {
                let whole = text.whole();
                let done = item(record.suffix(), output_index, &span, whole);
                self.write_closed(out, item_id, output_index, &span, whole);
                self.write_event(out, |sequence_number| Event::ItemDone {
                    sequence_number,
                    output_index,
                    item: done,
                });
            }
            Change::Called => {
                let whole = text.whole();
                let done = item(record.suffix(), output_index, &span, whole);
                self.write_call(out, item_id, output_index, done);
            }
        }
    }

    fn write_closed(
        &mut self,
        out: &mut Vec<u8>,
        item_id: &str,
        output_index: usize,
        span: &Span,
        whole: &Update,
    ) {
        let content_index = 0;
        let tokens = whole.logprobs.get(span.logprobs.0..span.logprobs.1).unwrap_or_default();
        let text = match span.kind {
            Kind::Reasoning => whole.thinking.get(span.from..span.to),
            _ => whole.content.get(span.from..span.to),
        };
        let text = text.unwrap_or_default();
        self.write_event(out, |sequence_number| match span.kind {
            Kind::Reasoning => {
                Event::ReasoningDone { sequence_number, item_id, output_index, content_index, text }
            }
            _ => {
                let logprobs = tokens.iter().map(TokenLogprob::from).collect();
                Event::TextDone { sequence_number, item_id, output_index, content_index, text, logprobs }
            }
        });
        let part = part(span.kind, text, tokens);
        self.write_event(out, |sequence_number| Event::PartDone {
            sequence_number,
            item_id,
            output_index,
            content_index,
            part,
        });
    }

    /// A call comes whole, and is told as one that grew.
    fn write_call(&mut self, out: &mut Vec<u8>, item_id: &str, output_index: usize, done: OutputItem<'_>) {
        let OutputItem::FunctionCall { id, call_id, name, arguments, .. } = &done else { return };
        let begun = OutputItem::FunctionCall {
            id: id.clone(),
            call_id: call_id.clone(),
            name: name.clone(),
            arguments: "".into(),
            status: ItemStatus::InProgress,
        };
        self.write_event(out, |sequence_number| Event::ItemAdded {
            sequence_number,
            output_index,
            item: begun,
        });
        self.write_event(out, |sequence_number| Event::ArgumentsDelta {
            sequence_number,
            item_id,
            output_index,
            delta: arguments,
        });
        self.write_event(out, |sequence_number| Event::ArgumentsDone {
            sequence_number,
            item_id,
            output_index,
            name,
            arguments,
        });
        self.write_event(out, |sequence_number| Event::ItemDone {
            sequence_number,
            output_index,
            item: done.clone(),
        });
    }

    /// Counts an event, and writes it unless the caller has it already.
    fn write_event<'a>(&mut self, out: &mut Vec<u8>, make: impl FnOnce(u64) -> Event<'a, Shown<'a>>) {
        let sequence = self.sequence;
        self.sequence += 1;
        if self.after.is_some_and(|after| sequence <= after) {
            return;
        }
        let event = make(sequence);
        sse::write_name(out, event.name());
        let id = self.record.has_event_ids.then(|| sequence.to_string());
        sse::write_event(out, id.as_deref(), &event);
    }
}

impl Text<'_> {
    /// Text that came since the last time.
    fn new_slice(&self, kind: Kind, from: usize, to: usize) -> &str {
        let (text, start) = match kind {
            Kind::Reasoning => (&self.new.thinking, self.start.thinking()),
            _ => (&self.new.content, self.start.content()),
        };
        text.get(from.saturating_sub(start)..to.saturating_sub(start)).unwrap_or_default()
    }

    fn new_logprobs(&self, (from, to): (usize, usize)) -> Vec<TokenLogprob<'_>> {
        let start = self.start.logprobs();
        let tokens = self.new.logprobs.get(from.saturating_sub(start)..to.saturating_sub(start));
        tokens.unwrap_or_default().iter().map(TokenLogprob::from).collect()
    }

    fn whole(&mut self) -> &Update {
        let reply = self.reply;
        self.whole.get_or_insert_with(|| reply.update(&mut ReplyCursor::default()))
    }
}

/// An item that has just begun.
fn opened(id: &str, kind: Kind) -> OutputItem<'static> {
    let (id, status, content) = (id.to_owned(), ItemStatus::InProgress, Vec::new());
    match kind {
        Kind::Reasoning => OutputItem::Reasoning { id, summary: [], content, status },
        _ => OutputItem::Message { id, status, role: "assistant", content },
    }
}

fn part<'a>(kind: Kind, text: &'a str, tokens: &'a [types::TokenLogprob]) -> Content<'a> {
    match kind {
        Kind::Reasoning => Content::reasoning(text),
        _ => Content::text(text, tokens),
    }
}
