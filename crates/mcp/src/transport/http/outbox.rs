//! The messages for one response stream, between the service that writes them and the connection that reads them.
//!
//! A connection that does not read makes the writer wait. One that has gone leaves the newest messages behind, so that a
//! client of a session can come back for them (`Last-Event-ID`).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use platform::sync::lock;
use tokio::sync::Notify;

/// Maximum number of messages that wait for a reader; then the writer waits.
const MAX_UNREAD: usize = 64;
/// Messages that were read, or that have no reader, are retained up to this many bytes in total. An answer that nobody has
/// read is always retained.
const MAX_RETAINED_BYTES: usize = 64 << 10;

/// A message on its way.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Its position in the stream, from 1.
    pub(super) number: u64,
    pub(super) json: Bytes,
    /// It answers the request, and ends the stream.
    pub(super) answer: Option<Answer>,
}

/// What is known of an answer beside its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    /// The code of an error.
    pub(super) error_code: Option<i32>,
}

/// Which messages an outbox takes, and how long it retains them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// The answer alone: its reader takes no others.
    Answer,
    /// All, until they are read.
    Unread,
    /// All, also for a reader that comes back.
    ForResumption,
}

/// The messages for one stream.
pub(super) struct Outbox {
    /// Its number in its session.
    pub(super) stream: u64,
    keep: Keep,
    /// A standard mutex: held for one change, never across an await.
    state: Mutex<State>,
    /// Notified when the reader has taken messages, or has gone.
    room: Notify,
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// Bytes of `events`.
    bytes: usize,
    /// Messages so far, which is the number of the last one.
    written: u64,
    /// The number of the last message that a reader has taken.
    taken: u64,
    /// The current reader; an earlier one gets no more messages.
    reader: Option<u64>,
    readers: u64,
    waker: Option<Waker>,
    ended: bool,
}

impl Outbox {
    pub(super) fn new(stream: u64, keep: Keep) -> Arc<Self> {
        Arc::new(Self { stream, keep, state: Mutex::default(), room: Notify::new() })
    }

    /// Whether only the answer is read.
    pub(super) fn takes_answer_alone(&self) -> bool {
        self.keep == Keep::Answer
    }

    /// Whether a connection reads it.
    pub(super) fn has_reader(&self) -> bool {
        self.lock().reader.is_some()
    }

    /// Adds a message when there is room for it. An answer ends the stream, and does not wait.
    pub(super) async fn push(&self, json: Vec<u8>, answer: Option<Answer>) {
        if answer.is_none() && self.takes_answer_alone() {
            return;
        }
        let json = Bytes::from(json);
        loop {
            let room = self.room.notified();
            tokio::pin!(room);
            // Enabled before the check, so no change in between is missed.
            room.as_mut().enable();
            {
                let mut state = self.lock();
                if state.ended {
                    return;
                }
                if answer.is_some() || !state.is_full() {
                    state.add(json, answer);
                    state.trim(self.keep);
                    return;
                }
            }
            room.await;
        }
    }

    /// Ends the stream without an answer.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        state.wake();
        drop(state);
        self.room.notify_waiters();
    }

    /// A reader of the messages after that of the number `after`; `None`: of those that no reader has taken. It replaces
    /// the current one.
    pub(super) fn attach(self: &Arc<Self>, after: Option<u64>) -> Reader {
        let mut state = self.lock();
        state.readers += 1;
        let reader = state.readers;
        state.reader = Some(reader);
        if let Some(after) = after {
            state.taken = after.min(state.written);
        }
        state.wake();
        drop(state);
        Reader { outbox: Arc::clone(self), reader }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn add(&mut self, json: Bytes, answer: Option<Answer>) {
        self.written += 1;
        self.bytes += json.len();
        self.ended = answer.is_some();
        self.events.push_back(Event { number: self.written, json, answer });
        self.wake();
    }

    fn is_full(&self) -> bool {
        let unread = self.written.saturating_sub(self.taken);
        self.reader.is_some() && unread >= MAX_UNREAD as u64
    }

    /// Drops what need not be retained, oldest first.
    fn trim(&mut self, keep: Keep) {
        while let Some(first) = self.events.front() {
            let read = first.number <= self.taken;
            let in_excess = self.bytes > MAX_RETAINED_BYTES || self.events.len() > MAX_UNREAD;
            let drops = match keep {
                Keep::ForResumption => {
                    in_excess && (read || (self.reader.is_none() && first.answer.is_none()))
                }
                Keep::Answer | Keep::Unread => {
                    read || (in_excess && self.reader.is_none() && first.answer.is_none())
                }
            };
            if !drops {
                return;
            }
            self.bytes -= first.json.len();
            self.events.pop_front();
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// What a reader finds.
pub(super) enum Found {
    Events(Vec<Event>),
    /// There are no more.
    End,
    /// Another reader has the stream now.
    Replaced,
}

/// The one reader of an outbox, until another one attaches. Dropping it leaves unread messages to the next one.
pub(super) struct Reader {
    outbox: Arc<Outbox>,
    reader: u64,
}

impl Reader {
    pub(super) fn stream(&self) -> u64 {
        self.outbox.stream
    }

    /// The number of the last message that was taken.
    pub(super) fn taken(&self) -> u64 {
        self.outbox.lock().taken
    }

    /// Whether everything was read, and no more can come.
    pub(super) fn is_exhausted(&self) -> bool {
        let state = self.outbox.lock();
        state.ended && state.taken >= state.written
    }

    /// Takes everything, which was sent in another way.
    pub(super) fn finish(self) {
        let mut state = self.outbox.lock();
        state.taken = state.written;
        state.bytes = 0;
        state.events = VecDeque::new();
    }

    /// The first unread message, which stays unread; `None`: the stream has ended without one.
    pub(super) async fn first(&self) -> Option<Event> {
        std::future::poll_fn(|context| {
            let mut state = self.outbox.lock();
            let taken = state.taken;
            match state.events.iter().find(|event| event.number > taken) {
                Some(event) => Poll::Ready(Some(event.clone())),
                None if state.ended => Poll::Ready(None),
                None => {
                    state.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Takes all unread messages.
    pub(super) fn poll_take(&self, context: &Context<'_>) -> Poll<Found> {
        let mut state = self.outbox.lock();
        if state.reader != Some(self.reader) {
            return Poll::Ready(Found::Replaced);
        }
        let taken = state.taken;
        let events: Vec<_> = state.events.iter().filter(|event| event.number > taken).cloned().collect();
        if let Some(last) = events.last() {
            state.taken = last.number;
            state.trim(self.outbox.keep);
            drop(state);
            self.outbox.room.notify_waiters();
            return Poll::Ready(Found::Events(events));
        }
        if state.ended {
            return Poll::Ready(Found::End);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.outbox.lock();
        if state.reader == Some(self.reader) {
            state.reader = None;
            state.trim(self.outbox.keep);
            drop(state);
            self.outbox.room.notify_waiters();
        }
    }
}
