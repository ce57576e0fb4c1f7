//! The items of a response: which part of the reply each one is.

use openai::responses::ItemStatus;
use service::tasks::reply::ReplyCursor;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Reasoning,
    Message,
    Call,
}

/// One item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) kind: Kind,
    /// Its bytes of the thinking or of the answer; of a call, its number.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Its log probabilities.
    pub(super) logprobs: (usize, usize),
    pub(super) status: ItemStatus,
}

/// What becomes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Opened,
    /// By these bytes, and these log probabilities.
    Grown {
        from: usize,
        to: usize,
        logprobs: (usize, usize),
    },
    /// A call is whole when it comes.
    Called,
    Closed,
}

/// A change of the item with this index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) index: usize,
    pub(super) span: Span,
    pub(super) change: Change,
}

/// The items up to a position.
#[derive(Debug, Default)]
pub(super) struct Spans {
    list: Vec<Span>,
    at: ReplyCursor,
}

impl Spans {
    /// The position up to which they were read.
    pub(super) fn at(&self) -> ReplyCursor {
        self.at
    }

    pub(super) fn list(&self) -> &[Span] {
        &self.list
    }

    /// Goes on to a position: what was thought comes before what was said, and calls come last.
    pub(super) fn advance(&mut self, to: ReplyCursor) -> Vec<Step> {
        let from = std::mem::replace(&mut self.at, to);
        let mut steps = Vec::new();
        if to.thinking() > from.thinking() {
            self.grow(Kind::Reasoning, (from.thinking(), to.thinking()), (0, 0), &mut steps);
        }
        let logprobs = (from.logprobs(), to.logprobs().max(from.logprobs()));
        if to.content() > from.content() || logprobs.1 > logprobs.0 {
            let bytes = (from.content(), to.content().max(from.content()));
            self.grow(Kind::Message, bytes, logprobs, &mut steps);
        }
        for number in from.tool_calls()..to.tool_calls() {
            self.close(ItemStatus::Completed, &mut steps);
            let status = ItemStatus::Completed;
            let span = Span { kind: Kind::Call, from: number, to: number, logprobs: (0, 0), status };
            self.list.push(span);
            steps.push(Step { index: self.list.len() - 1, span, change: Change::Called });
        }
        steps
    }

    /// Closes the last item. A response that is complete has at least a message or a call.
    pub(super) fn finish(&mut self, is_complete: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        let status = if is_complete { ItemStatus::Completed } else { ItemStatus::Incomplete };
        if is_complete && self.list.iter().all(|span| span.kind == Kind::Reasoning) {
            self.open(Kind::Message, self.at.content(), self.at.logprobs(), &mut steps);
        }
        self.close(status, &mut steps);
        steps
    }

    fn grow(&mut self, kind: Kind, bytes: (usize, usize), logprobs: (usize, usize), steps: &mut Vec<Step>) {
        let goes_on = self.list.last().is_some_and(|last| last.kind == kind && is_open(last));
        if !goes_on {
            self.open(kind, bytes.0, logprobs.0, steps);
        }
        let index = self.list.len().saturating_sub(1);
        if let Some(last) = self.list.last_mut() {
            (last.to, last.logprobs.1) = (bytes.1, logprobs.1);
            let change = Change::Grown { from: bytes.0, to: bytes.1, logprobs };
            steps.push(Step { index, span: *last, change });
        }
    }

    fn open(&mut self, kind: Kind, from: usize, logprobs: usize, steps: &mut Vec<Step>) {
        self.close(ItemStatus::Completed, steps);
        let status = ItemStatus::InProgress;
        let span = Span { kind, from, to: from, logprobs: (logprobs, logprobs), status };
        self.list.push(span);
        steps.push(Step { index: self.list.len() - 1, span, change: Change::Opened });
    }

    fn close(&mut self, status: ItemStatus, steps: &mut Vec<Step>) {
        let index = self.list.len().saturating_sub(1);
        if let Some(last) = self.list.last_mut().filter(|last| is_open(last)) {
            last.status = status;
            steps.push(Step { index, span: *last, change: Change::Closed });
        }
    }
}

fn is_open(span: &Span) -> bool {
    span.status == ItemStatus::InProgress
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(steps: &[Step]) -> Vec<(usize, Kind, Change)> {
        steps.iter().map(|step| (step.index, step.span.kind, step.change)).collect()
    }

    fn position(text: &str) -> ReplyCursor {
        text.parse().unwrap()
    }

    #[test]
    fn item_ends_where_another_kind_begins() {
        let mut spans = Spans::default();
        let none = (0, 0);
        let grown = |from, to| Change::Grown { from, to, logprobs: none };
        assert_eq!(
            changes(&spans.advance(position("c2.t3"))),
            [
                (0, Kind::Reasoning, Change::Opened),
                (0, Kind::Reasoning, grown(0, 3)),
                (0, Kind::Reasoning, Change::Closed),
                (1, Kind::Message, Change::Opened),
                (1, Kind::Message, grown(0, 2)),
            ]
        );
        assert_eq!(
            changes(&spans.advance(position("c4.t3.k2"))),
            [
                (1, Kind::Message, grown(2, 4)),
                (1, Kind::Message, Change::Closed),
                (2, Kind::Call, Change::Called),
                (3, Kind::Call, Change::Called),
            ]
        );
        assert_eq!(changes(&spans.advance(position("c5.t3.k2")))[0], (4, Kind::Message, Change::Opened));
        assert_eq!(changes(&spans.finish(false)), [(4, Kind::Message, Change::Closed)]);
        let ranges: Vec<_> = spans.list().iter().map(|span| (span.from, span.to, span.status)).collect();
        use ItemStatus::{Completed, Incomplete};
        assert_eq!(
            ranges,
            [(0, 3, Completed), (0, 4, Completed), (0, 0, Completed), (1, 1, Completed), (4, 5, Incomplete)]
        );
    }

    #[test]
    fn complete_response_has_a_message_or_a_call() {
        let mut spans = Spans::default();
        spans.advance(position("t3"));
        let last = changes(&spans.finish(true));
        assert_eq!(last[1..], [(1, Kind::Message, Change::Opened), (1, Kind::Message, Change::Closed)]);
        let mut spans = Spans::default();
        spans.advance(position("k1"));
        assert_eq!(spans.finish(true), []);
        assert_eq!(Spans::default().finish(false), []);
    }
}
