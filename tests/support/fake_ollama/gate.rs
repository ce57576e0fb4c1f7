//! A gate that holds an answer back until the test opens it.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::timeout;

use super::PATIENCE;

/// Shut when made, open for good once opened. Clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    open: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Gate {
    /// A shut gate.
    pub fn new() -> Self {
        Self(Arc::new(Inner { open: watch::Sender::new(false), waiting: watch::Sender::new(0) }))
    }

    /// Lets everything through, now and later.
    pub fn open(&self) {
        self.0.open.send_replace(true);
    }

    /// Waits until it is open.
    pub async fn wait(&self) {
        self.0.waiting.send_modify(|waiting| *waiting += 1);
        let opened = self.0.open.subscribe().wait_for(|open| *open).await.map(|_| ());
        opened.expect("the gate holds its own sender");
    }

    /// Waits until `n` answers in all have come to it.
    pub async fn reached(&self, n: usize) {
        let mut waiting = self.0.waiting.subscribe();
        let came = timeout(PATIENCE, waiting.wait_for(|waiting| *waiting >= n)).await.is_ok();
        assert!(came, "{} answers came to the gate, not {n}", *self.0.waiting.borrow());
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
