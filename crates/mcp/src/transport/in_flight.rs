//! Requests in flight: rejects duplicate ids, and signals when the last answer is written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use platform::sync::lock;
use rmcp::model::{ErrorCode, ErrorData, JsonRpcError, RequestId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Maximum number of requests in flight. Far above what hosts send; it bounds the memory under a flood.
pub(crate) const MAX_IN_FLIGHT: usize = 4096;

/// Maximum bytes of their lines in total. Completions have a smaller bound of their own, with an error that the calling
/// model reads.
pub(super) const MAX_BYTES: usize = 512 << 20;
/// Shorter lines are not counted: [`MAX_IN_FLIGHT`] of them stay below the bound.
const LONG_LINE: usize = MAX_BYTES / MAX_IN_FLIGHT;

/// Why a request is rejected.
#[derive(Debug, PartialEq)]
pub(super) enum Refused {
    /// A request with this id is in flight.
    Duplicate,
    /// Too many requests are in flight.
    Full,
    /// The requests in flight are too long in total.
    TooLong,
}

impl Refused {
    /// The error that answers the request.
    pub(super) fn answer(&self, id: &RequestId) -> JsonRpcError {
        let error = match self {
            Self::Duplicate => ErrorData::invalid_request(
                format!("a request with the id {id} is still in flight; use a new id"),
                None,
            ),
            Self::TooLong => ErrorData::new(
                ErrorCode::INTERNAL_ERROR,
                format!(
                    "the requests in flight have {MAX_BYTES} bytes together, the most that is taken; wait for an answer"
                ),
                None,
            ),
            Self::Full => ErrorData::new(
                ErrorCode::INTERNAL_ERROR,
                format!("{MAX_IN_FLIGHT} requests are in flight; wait for an answer"),
                None,
            ),
        };
        JsonRpcError::new(Some(id.clone()), error)
    }
}

/// The table of requests in flight, shared by the transport, which reads and writes, and the guard, which runs handlers.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// A standard mutex: held for one change or one look-up, also in `drop`, never across an await.
    requests: Mutex<HashMap<RequestId, State>>,
    changed: Notify,
    input_closed: CancellationToken,
}

#[derive(Default)]
struct State {
    bytes: usize,
    /// The caller cancelled it: no answer is expected, but the id is in use until the handler has ended.
    cancelled: bool,
    handler_ended: bool,
}

impl InFlight {
    /// A table whose connection cancels `input_closed` when its input has ended.
    pub(crate) fn new(input_closed: CancellationToken) -> Self {
        Self(Arc::new(Shared { input_closed, ..Shared::default() }))
    }

    /// Adds a request, whose line has `bytes` bytes.
    pub(super) fn register(&self, id: &RequestId, bytes: usize) -> Result<(), Refused> {
        let mut requests = self.lock();
        if requests.contains_key(id) {
            return Err(Refused::Duplicate);
        }
        if requests.len() >= MAX_IN_FLIGHT {
            return Err(Refused::Full);
        }
        if bytes > LONG_LINE {
            let held: usize = requests.values().map(|state| state.bytes).sum();
            if held > 0 && held.saturating_add(bytes) > MAX_BYTES {
                return Err(Refused::TooLong);
            }
        }
        requests.insert(id.clone(), State { bytes, ..State::default() });
        Ok(())
    }

    /// Marks a request as cancelled: no answer is expected.
    pub(super) fn cancel(&self, id: &RequestId) {
        let mut requests = self.lock();
        let ended = requests.get_mut(id).map(|state| {
            state.cancelled = true;
            state.handler_ended
        });
        if ended == Some(true) {
            requests.remove(id);
        }
        drop(requests);
        self.0.changed.notify_waiters();
    }

    /// Removes a request whose answer is about to be written: its id may be used again.
    pub(super) fn answered(&self, id: &RequestId) {
        self.lock().remove(id);
        self.0.changed.notify_waiters();
    }

    /// Whether no request is in flight.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// A guard that marks the handler as ended when it is dropped.
    pub(crate) fn handler(&self, id: RequestId) -> HandlerGuard {
        HandlerGuard { in_flight: self.clone(), id }
    }

    /// Cancelled when the input has ended: requests that only wait for the client end then.
    pub(crate) fn input_closed(&self) -> &CancellationToken {
        &self.0.input_closed
    }

    /// Waits until no answer is expected any more.
    pub(super) async fn drained(&self) {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            // Enabled before the check, so no change in between is missed.
            changed.as_mut().enable();
            if self.lock().values().all(|state| state.cancelled) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RequestId, State>> {
        lock(&self.0.requests)
    }
}

/// Lives as long as a handler runs.
pub(crate) struct HandlerGuard {
    in_flight: InFlight,
    id: RequestId,
}

impl Drop for HandlerGuard {
    fn drop(&mut self) {
        let mut requests = self.in_flight.lock();
        let cancelled = requests.get_mut(&self.id).map(|state| {
            state.handler_ended = true;
            state.cancelled
        });
        if cancelled == Some(true) {
            requests.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: i64) -> RequestId {
        RequestId::Number(n)
    }

    #[test]
    fn id_is_in_use_until_answered() {
        let table = InFlight::default();
        assert_eq!(table.register(&id(1), 1), Ok(()));
        assert_eq!(table.register(&id(1), 1), Err(Refused::Duplicate));
        table.answered(&id(1));
        assert_eq!(table.register(&id(1), 1), Ok(()));
    }

    #[test]
    fn memory_of_long_lines_is_bounded_in_sum() {
        let table = InFlight::default();
        table.register(&id(1), MAX_BYTES - 10 * LONG_LINE).unwrap();
        table.register(&id(2), 2 * LONG_LINE).unwrap();
        assert_eq!(table.register(&id(3), 9 * LONG_LINE), Err(Refused::TooLong));
        table.register(&id(4), 100).unwrap();
        table.answered(&id(1));
        assert_eq!(table.register(&id(3), 9 * LONG_LINE), Ok(()));
    }

    #[test]
    fn cancelled_id_is_in_use_until_handler_ends() {
        let table = InFlight::default();
        table.register(&id(1), 1).unwrap();
        let running = table.handler(id(1));
        table.cancel(&id(1));
        assert_eq!(table.register(&id(1), 1), Err(Refused::Duplicate));
        drop(running);
        assert_eq!(table.register(&id(1), 1), Ok(()));
    }

    #[test]
    fn requests_over_limit_are_refused() {
        let table = InFlight::default();
        for n in 0..MAX_IN_FLIGHT as i64 {
            table.register(&id(n), 1).unwrap();
        }
        assert_eq!(table.register(&id(-1), 1), Err(Refused::Full));
    }

    #[tokio::test]
    async fn drained_ignores_cancelled_requests() {
        let table = InFlight::default();
        table.register(&id(1), 1).unwrap();
        table.register(&id(2), 1).unwrap();
        let _running = table.handler(id(1));
        table.cancel(&id(1));
        table.answered(&id(2));
        tokio::time::timeout(std::time::Duration::from_secs(5), table.drained()).await.unwrap();
    }
}
