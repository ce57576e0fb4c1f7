//! The bytes of a model server's answer, for a front that passes them on as they came.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::bytes::Bytes;

use super::ReplyBuffer;
use platform::sync::lock;

/// Bytes that wait for a reader, where they are not retained. Beyond it the model server waits for the reader.
const MAX_AHEAD: usize = 1 << 20;

/// How an answer begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerbatimHead {
    pub status: u16,
    pub content_type: Option<String>,
    pub retry_after: Option<Duration>,
}

/// The bytes of one answer. They are retained for any number of readers, or are read once.
#[derive(Debug)]
pub(super) struct Verbatim {
    /// Written for each chunk and read by readers, for a few instructions each; never held across an await.
    state: Mutex<State>,
    /// Counts the changes of `state`.
    version: watch::Sender<u64>,
    /// Wakes the writer after a chunk was read.
    room: Notify,
    retains: bool,
}

#[derive(Debug, Default)]
struct State {
    head: Option<VerbatimHead>,
    chunks: VecDeque<Bytes>,
    /// How many chunks before these were read, and are gone.
    taken: usize,
    /// Bytes of `chunks`.
    bytes: usize,
    /// The last byte has come: the answer was not cut.
    is_whole: bool,
    /// Nothing comes any more.
    is_closed: bool,
}

impl Verbatim {
    pub(super) fn new(retains: bool) -> Arc<Self> {
        let version = watch::Sender::new(0);
        Arc::new(Self { state: Mutex::default(), version, room: Notify::new(), retains })
    }

    pub(super) fn size(&self) -> usize {
        lock(&self.state).bytes
    }

    /// Nothing comes any more.
    pub(super) fn close(&self) {
        self.change(|state| state.is_closed = true);
    }

    /// Adds a chunk. Where it is not retained, this waits while the reader is behind.
    async fn push(&self, chunk: Bytes) {
        if chunk.is_empty() {
            return;
        }
        while !self.retains && self.size() > MAX_AHEAD {
            self.room.notified().await;
        }
        self.change(|state| {
            state.bytes += chunk.len();
            state.chunks.push_back(chunk);
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
        self.version.send_modify(|version| *version += 1);
    }

    /// The chunk at a position, which is moved behind it; `Err` tells whether more may come.
    fn take(&self, position: &mut usize) -> Result<Bytes, bool> {
        let mut state = lock(&self.state);
        let at = position.saturating_sub(state.taken);
        let chunk = match self.retains {
            true => state.chunks.get(at).cloned(),
            false => state.chunks.pop_front(),
        };
        let Some(chunk) = chunk else { return Err(!state.is_closed) };
        if !self.retains {
            state.taken += 1;
            state.bytes -= chunk.len();
            self.room.notify_one();
        }
        *position += 1;
        Ok(chunk)
    }
}

impl ReplyBuffer {
    /// The answer has begun.
    pub(crate) fn begin_verbatim(&self, head: VerbatimHead) {
        if let Some(verbatim) = &self.verbatim {
            verbatim.change(|state| state.head = Some(head));
        }
    }

    /// Adds bytes of the answer. Where they are not retained, this waits while the reader is behind.
    pub(crate) async fn push_verbatim(&self, chunk: Bytes) {
        if let Some(verbatim) = &self.verbatim {
            verbatim.push(chunk).await;
        }
    }

    /// The last byte of the answer has come.
    pub(crate) fn complete_verbatim(&self) {
        if let Some(verbatim) = &self.verbatim {
            verbatim.change(|state| state.is_whole = true);
        }
    }

    /// Reads the bytes of the model server's answer from the first one; `None` for a completion that has none. Those that are not
    /// retained have one reader.
    pub fn verbatim(&self) -> Option<VerbatimReader> {
        let verbatim = Arc::clone(self.verbatim.as_ref()?);
        let changes = verbatim.version.subscribe();
        Some(VerbatimReader { verbatim, position: 0, changes })
    }
}

/// Reads the bytes of an answer as they come.
#[derive(Debug)]
pub struct VerbatimReader {
    verbatim: Arc<Verbatim>,
    position: usize,
    changes: watch::Receiver<u64>,
}

impl VerbatimReader {
    /// How the answer begins, once it has; `None` where the completion has ended without one.
    pub async fn head(&mut self) -> Option<VerbatimHead> {
        loop {
            self.changes.borrow_and_update();
            {
                let state = lock(&self.verbatim.state);
                if state.head.is_some() || state.is_closed {
                    return state.head.clone();
                }
            }
            self.changes.changed().await.ok()?;
        }
    }

    /// The next chunk as it came; `None` at the end of the completion.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.changes.borrow_and_update();
            match self.verbatim.take(&mut self.position) {
                Ok(chunk) => return Some(chunk),
                Err(true) => self.changes.changed().await.ok()?,
                Err(false) => return None,
            }
        }
    }

    /// Whether the last byte of the answer has come. An answer that has ended without it was cut.
    pub fn is_whole(&self) -> bool {
        lock(&self.verbatim.state).is_whole
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::{Caller, ServiceError};

    fn reply(retains: bool) -> Arc<ReplyBuffer> {
        ReplyBuffer::verbatim_of(&Caller::local(), crate::tasks::observer::EndedKind::Completion, retains)
    }

    async fn all(mut reader: VerbatimReader) -> Vec<Bytes> {
        let mut chunks = Vec::new();
        while let Some(chunk) = reader.next().await {
            chunks.push(chunk);
        }
        chunks
    }

    #[tokio::test]
    async fn retained_bytes_are_read_from_the_first_by_every_reader() {
        let reply = reply(true);
        let early = tokio::spawn(all(reply.verbatim().unwrap()));
        for text in ["a\n", "", "b\n"] {
            reply.push_verbatim(Bytes::from_static(text.as_bytes())).await;
        }
        reply.complete_verbatim();
        reply.end(Err(ServiceError::internal()));
        assert_eq!(early.await.unwrap(), ["a\n", "b\n"]);
        assert_eq!(all(reply.verbatim().unwrap()).await, ["a\n", "b\n"]);
        assert!(reply.size() > 1024 + 3, "{}", reply.size());
    }

    #[tokio::test]
    async fn bytes_that_are_not_retained_wait_for_their_reader() {
        let reply = reply(false);
        let mut reader = reply.verbatim().unwrap();
        let chunk = || Bytes::from(vec![0; MAX_AHEAD]);
        for _ in 0..2 {
            reply.push_verbatim(chunk()).await;
        }
        assert!(reply.push_verbatim(chunk()).now_or_never().is_none(), "the reader is behind");
        assert!(reader.next().await.is_some());
        assert!(reply.push_verbatim(chunk()).now_or_never().is_some());
        for _ in 0..2 {
            assert!(reader.next().await.is_some());
        }
        assert_eq!(reply.verbatim.as_ref().unwrap().size(), 0);
    }

    #[tokio::test]
    async fn completion_that_ends_without_answer_has_no_head() {
        let reply = reply(false);
        let mut reader = reply.verbatim().unwrap();
        let waiting = tokio::spawn(async move { (reader.head().await, reader.is_whole()) });
        reply.end(Err(ServiceError::internal()));
        assert_eq!(waiting.await.unwrap(), (None, false));
    }
}
