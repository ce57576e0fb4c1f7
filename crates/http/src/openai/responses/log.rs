//! Where a response's stream was cut into events, so that it can be sent again as it was.

use service::tasks::reply::ReplyCursor;

/// So many cuts are remembered for each piece that came; later ones are further apart.
const MAX_FINE_CUTS: usize = 50_000;
/// The distance of those, in bytes.
const COARSE_BYTES: usize = 2048;

/// What happened to a response, as far as its events tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// It waits. `names_model`: the model was known by then.
    Queued {
        names_model: bool,
    },
    /// The model was asked.
    InProgress {
        names_model: bool,
    },
    /// All up to here was sent.
    Cut(ReplyCursor),
    Ended,
}

/// The entries of one response: the same for all that stream it. The text stands in the reply.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    entries: Vec<Entry>,
    position: ReplyCursor,
}

/// What is known of a reply at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// It has not got its turn.
    pub(super) waits: bool,
    pub(super) names_model: bool,
    /// The end of what has come.
    pub(super) position: ReplyCursor,
    pub(super) has_ended: bool,
}

impl EventLog {
    /// Adds what is new. A response for the background begins as a queued one.
    pub(super) fn note(&mut self, seen: Seen, is_background: bool) {
        let Seen { waits, names_model, position, has_ended } = seen;
        if self.entries.is_empty() && (waits || is_background) {
            self.entries.push(Entry::Queued { names_model });
        }
        let is_queued = matches!(self.entries.last(), Some(Entry::Queued { .. }));
        if (is_queued || self.entries.is_empty()) && (has_ended || !waits) {
            self.entries.push(Entry::InProgress { names_model });
        }
        if self.cuts_at(position, has_ended) {
            self.entries.push(Entry::Cut(position));
            self.position = position;
        }
        if has_ended && self.entries.last() != Some(&Entry::Ended) {
            self.entries.push(Entry::Ended);
        }
    }

    fn cuts_at(&self, position: ReplyCursor, has_ended: bool) -> bool {
        let bytes = |cursor: ReplyCursor| cursor.content() + cursor.thinking();
        let is_far = bytes(position) >= bytes(self.position).saturating_add(COARSE_BYTES);
        let has_calls = position.tool_calls() > self.position.tool_calls();
        let is_fine = self.entries.len() < MAX_FINE_CUTS || is_far || has_calls || has_ended;
        // A reader that was slower than another one is behind the last cut.
        let is_new = bytes(position) > bytes(self.position)
            || position.logprobs() > self.position.logprobs()
            || has_calls;
        is_new && is_fine
    }

    pub(super) fn from(&self, first: usize) -> &[Entry] {
        self.entries.get(first..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Now {
        Waits,
        Runs,
        Ended,
    }

    fn seen(now: Now, position: &str) -> Seen {
        let position = position.parse().unwrap();
        Seen { waits: now == Now::Waits, names_model: true, position, has_ended: now == Now::Ended }
    }

    const QUEUED: Entry = Entry::Queued { names_model: true };
    const IN_PROGRESS: Entry = Entry::InProgress { names_model: true };

    fn cut(position: &str) -> Entry {
        Entry::Cut(position.parse().unwrap())
    }

    #[test]
    fn each_change_is_noted_once() {
        let mut log = EventLog::default();
        for now in [Now::Waits, Now::Waits, Now::Runs, Now::Runs] {
            log.note(seen(now, "c0"), false);
        }
        for position in ["c3", "c3", "c5.t2.k1"] {
            log.note(seen(Now::Runs, position), false);
        }
        // One that read earlier and comes later.
        log.note(seen(Now::Runs, "c4"), false);
        log.note(seen(Now::Ended, "c6.t2.k1"), false);
        log.note(seen(Now::Ended, "c6.t2.k1"), false);
        let expected = [QUEUED, IN_PROGRESS, cut("c3"), cut("c5.t2.k1"), cut("c6.t2.k1"), Entry::Ended];
        assert_eq!(log.from(0), expected);
        assert_eq!((log.from(4), log.from(9)), (&expected[4..], &[][..]));
    }

    #[test]
    fn every_log_has_a_beginning() {
        for (now, is_background, expected) in [
            (Now::Runs, false, vec![IN_PROGRESS]),
            (Now::Runs, true, vec![QUEUED, IN_PROGRESS]),
            (Now::Waits, true, vec![QUEUED]),
            (Now::Ended, false, vec![IN_PROGRESS, Entry::Ended]),
        ] {
            let mut log = EventLog::default();
            log.note(seen(now, "c0"), is_background);
            assert_eq!(log.from(0), expected, "{now:?} {is_background}");
        }
    }

    #[test]
    fn cuts_of_a_long_reply_are_bounded() {
        let mut log = EventLog::default();
        for bytes in 1..2 * MAX_FINE_CUTS {
            log.note(seen(Now::Runs, &format!("c{bytes}")), false);
        }
        let coarse = MAX_FINE_CUTS / COARSE_BYTES;
        assert!(log.from(0).len() <= MAX_FINE_CUTS + coarse + 1, "{}", log.from(0).len());
        log.note(seen(Now::Ended, "c100000"), false);
        assert_eq!(log.from(log.entries.len() - 2), [cut("c100000"), Entry::Ended]);
    }
}
