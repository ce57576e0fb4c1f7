//! The responses of this process, by their ids.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use platform::sync::lock;
use tokio_util::task::TaskTracker;

use super::record::Record;
use service::Caller;
use types::Owner;

/// Most bytes that responses hold. Those that have ended go first, of the owner with the most.
const MAX_BYTES: usize = 256 << 20;
/// So many more are added before those are dropped whose completions are gone.
const SWEEP_AFTER: usize = 64;

/// The responses of all callers.
#[derive(Debug, Default)]
pub(crate) struct ResponseRecords {
    table: Mutex<Table>,
    /// What writes them to the disk.
    pub(super) recordings: TaskTracker,
    /// Held while one finds out whether a response on disk is still made: a lock that was just given back counts as held for a
    /// moment.
    pub(super) settling: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Table {
    records: HashMap<String, (u64, Arc<Record>)>,
    /// Counts all that were ever added.
    added: u64,
    bytes: usize,
    sweep_at: u64,
}

impl ResponseRecords {
    /// Keeps a response as long as its completion is retained.
    pub(super) fn add(&self, record: Arc<Record>) {
        let mut table = lock(&self.table);
        table.added += 1;
        table.bytes = table.bytes.saturating_add(record.bytes);
        let number = table.added;
        table.records.insert(record.id.clone(), (number, record));
        if table.added >= table.sweep_at || table.bytes > MAX_BYTES {
            table.sweep(MAX_BYTES);
        }
    }

    /// The caller's response of an id, whether it can be fetched or not.
    pub(super) fn find(&self, caller: &Caller, id: &str) -> Option<Arc<Record>> {
        let table = lock(&self.table);
        let (_, record) = table.records.get(id)?;
        (*record.owner() == caller.owner && record.is_retained()).then(|| Arc::clone(record))
    }

    pub(super) fn remove(&self, id: &str) {
        let mut table = lock(&self.table);
        if let Some((_, record)) = table.records.remove(id) {
            table.bytes = table.bytes.saturating_sub(record.bytes);
        }
    }

    /// Waits until the ends of all responses are on the disk. Nothing new may begin.
    pub(crate) async fn finish(&self) {
        self.recordings.close();
        self.recordings.wait().await;
    }
}

impl Table {
    fn sweep(&mut self, max_bytes: usize) {
        self.records.retain(|_, (_, record)| record.is_retained());
        self.bytes = self.records.values().map(|(_, record)| record.bytes).sum();
        while self.bytes > max_bytes {
            let mut of_owner: HashMap<&Owner, usize> = HashMap::new();
            for (_, record) in self.records.values() {
                *of_owner.entry(record.owner()).or_default() += record.bytes;
            }
            let most = of_owner.into_iter().max_by_key(|(_, bytes)| *bytes).map(|(owner, _)| owner.clone());
            let of_most = |record: &Record| Some(record.owner()) == most.as_ref() && record.has_ended();
            let oldest =
                self.records.values().filter(|(_, record)| of_most(record)).min_by_key(|(at, _)| *at);
            let Some(id) = oldest.map(|(_, record)| record.id.clone()) else { break };
            if let Some((_, record)) = self.records.remove(&id) {
                self.bytes = self.bytes.saturating_sub(record.bytes);
            }
        }
        self.sweep_at = self.added + SWEEP_AFTER as u64 + self.records.len() as u64;
    }
}
