//! The log of what came in, and the waits for it.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::{PATIENCE, Request};

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// Both sides hold it.
    Open,
    /// The client has closed it, or sends no more.
    ClosedByClient,
    /// The fake has broken it, so what the client does can no longer be seen.
    Broken,
}

/// All requests so far.
#[derive(Default)]
pub struct Received {
    entries: Mutex<Vec<Entry>>,
    changed: watch::Sender<()>,
    patience: OnceLock<Duration>,
}

struct Entry {
    request: Arc<Request>,
    link: watch::Receiver<Link>,
}

impl Received {
    /// Logs a request and gives it its index.
    pub fn push(&self, mut request: Request, link: watch::Receiver<Link>) -> Arc<Request> {
        let request = {
            let mut entries = self.entries.lock().unwrap();
            request.index = entries.len();
            let request = Arc::new(request);
            entries.push(Entry { request: Arc::clone(&request), link });
            request
        };
        self.changed.send_replace(());
        request
    }

    /// Sets, once, how long a wait lasts before it fails the test.
    pub fn set_patience(&self, patience: Duration) {
        assert!(self.patience.set(patience).is_ok(), "the patience is set already");
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        self.entries.lock().unwrap().clear();
    }

    /// The requests so far that match.
    pub fn matching(&self, matches: impl Fn(&Request) -> bool) -> Vec<Arc<Request>> {
        let entries = self.entries.lock().unwrap();
        entries.iter().map(|entry| &entry.request).filter(|request| matches(request)).cloned().collect()
    }

    /// Waits until `n` match.
    pub async fn wait_for(
        &self,
        n: usize,
        what: &str,
        matches: impl Fn(&Request) -> bool,
    ) -> Vec<Arc<Request>> {
        let patience = self.patience();
        let mut changed = self.changed.subscribe();
        let enough = async {
            loop {
                let found = self.matching(&matches);
                if found.len() >= n {
                    return found;
                }
                changed.changed().await.expect("the log holds its own sender");
            }
        };
        match timeout(patience, enough).await {
            Ok(found) => found,
            Err(_) => panic!("waited {patience:?} for {what}; {}", self.seen()),
        }
    }

    /// Waits until the client has closed the connection of a request.
    pub async fn closed(&self, index: usize) {
        let patience = self.patience();
        let mut link = self.link(index);
        match timeout(patience, link.wait_for(|link| *link != Link::Open)).await {
            Ok(Ok(link)) if *link == Link::ClosedByClient => {}
            Ok(_) => panic!("the fake itself broke the connection of request {index}; {}", self.seen()),
            Err(_) => panic!("waited {patience:?} for the client to close request {index}; {}", self.seen()),
        }
    }

    /// Whether the client closes the connection of a request in time.
    pub async fn closed_within(&self, index: usize, time: Duration) -> bool {
        let mut link = self.link(index);
        timeout(time, link.wait_for(|link| *link == Link::ClosedByClient))
            .await
            .is_ok_and(|closed| closed.is_ok())
    }

    fn patience(&self) -> Duration {
        self.patience.get().copied().unwrap_or(PATIENCE)
    }

    fn link(&self, index: usize) -> watch::Receiver<Link> {
        let link = self.entries.lock().unwrap().get(index).map(|entry| entry.link.clone());
        link.unwrap_or_else(|| panic!("there is no request {index}; {}", self.seen()))
    }

    /// What a failed wait shows.
    fn seen(&self) -> String {
        let entries = self.entries.lock().unwrap();
        let lines = entries.iter().map(|Entry { request, link }| {
            let Request { index, method, path, body, .. } = &**request;
            format!("\n  {index}: {method} {path} ({} bytes, {:?})", body.len(), *link.borrow())
        });
        format!("{} requests came:{}", entries.len(), lines.take(50).collect::<String>())
    }
}
