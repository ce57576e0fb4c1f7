//! What callers were told: every request of a run, and what must still be there after it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How a request ended for its caller.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// With its whole answer.
    Answered,
    /// The connection broke, or there was none.
    Broken,
    /// With an error: its code, as a status, as an event of the stream, or as a response that failed.
    Refused(String),
    /// In a way from which the caller cannot know that something is missing. This must not be.
    Untold(String),
}

/// One request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) kind: &'static str,
    /// The client that made it.
    pub(crate) client: usize,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) end: End,
}

/// What was acknowledged, and must be found again.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Turn { question: String },
    Stored { id: String, question: String },
    Response { id: String, question: String },
}

/// All of a run.
#[derive(Default)]
pub(crate) struct Ledger {
    requests: Mutex<Vec<Request>>,
    /// By client, in their order.
    kept: Mutex<BTreeMap<usize, Vec<Kept>>>,
}

impl Ledger {
    pub(crate) fn note(&self, kind: &'static str, client: usize, began: Instant, end: End) {
        let request = Request { kind, client, began, ended: Instant::now(), end };
        self.requests.lock().unwrap().push(request);
    }

    pub(crate) fn keep(&self, client: usize, kept: Kept) {
        self.kept.lock().unwrap().entry(client).or_default().push(kept);
    }

    pub(crate) fn kept(&self) -> BTreeMap<usize, Vec<Kept>> {
        self.kept.lock().unwrap().clone()
    }

    /// How many requests fit.
    pub(crate) fn count(&self, fits: impl Fn(&Request) -> bool) -> usize {
        self.requests.lock().unwrap().iter().filter(|request| fits(request)).count()
    }

    /// Codes of refusals and how often each came.
    pub(crate) fn codes(&self) -> BTreeMap<String, usize> {
        let mut codes = BTreeMap::new();
        for request in self.requests.lock().unwrap().iter() {
            match &request.end {
                End::Broken => *codes.entry("connection broken".to_owned()).or_default() += 1,
                End::Refused(code) => *codes.entry(code.clone()).or_default() += 1,
                End::Answered | End::Untold(_) => {}
            }
        }
        codes
    }

    pub(crate) fn untold(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let untold = requests.iter().filter_map(|request| match &request.end {
            End::Untold(how) => Some(format!("{}: {how}", request.kind)),
            _ => None,
        });
        untold.collect()
    }

    /// Requests that fit, by the second, between two times.
    pub(crate) fn answered_a_second(&self, from: Instant, to: Instant) -> f64 {
        let answered =
            self.count(|request| request.end == End::Answered && request.ended >= from && request.ended < to);
        answered as f64 / to.duration_since(from).as_secs_f64()
    }

    /// From `event` to the moment when the last caller of a request of this kind that it hit knew of it.
    pub(crate) fn last_told(&self, kind: &str, event: Instant) -> Option<Duration> {
        let requests = self.requests.lock().unwrap();
        let hit = requests.iter().filter(|request| {
            request.kind == kind
                && request.began < event
                && request.ended >= event
                && request.end != End::Answered
        });
        hit.map(|hit| hit.ended - event).max()
    }

    /// From `event` to the end of the next answer, for each client of this kind whose request the event broke or refused; the
    /// longest of them.
    pub(crate) fn longest_way_back(&self, kind: &str, event: Instant) -> Option<Duration> {
        let requests = self.requests.lock().unwrap();
        let of_kind = || requests.iter().filter(|request| request.kind == kind);
        let hit = of_kind().filter(|request| {
            request.began < event && request.ended >= event && request.end != End::Answered
        });
        let back = hit.filter_map(|hit| {
            let next = of_kind().find(|next| {
                next.client == hit.client && next.ended > hit.ended && next.end == End::Answered
            });
            Some(next?.ended - event)
        });
        back.max()
    }
}
