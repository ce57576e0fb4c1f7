//! Decodes server-sent events as they come: the data of each event, as the HTML standard frames it.
//!
//! Names, ids and retry times of events are of no use here. Two deviations serve real servers: a last
//! event needs no blank line after it, and a bare JSON line (an answer that is no stream) is an event.

use super::super::lines::{LineTooLong, Lines, MAX_LINE};

/// The decoder.
#[derive(Debug, Default)]
pub(super) struct Sse {
    lines: Lines,
    event: Event,
}

#[derive(Debug, Default)]
struct Event {
    data: Vec<u8>,
    /// Data has come, though it may be empty.
    any: bool,
    too_long: bool,
}

impl Sse {
    /// Takes the next bytes, and gives `on_data` the data of each event that they complete.
    ///
    /// # Errors
    /// [`LineTooLong`] where a line, or the data of one event, passes the limit.
    pub(super) fn push(&mut self, chunk: &[u8], mut on_data: impl FnMut(&[u8])) -> Result<(), LineTooLong> {
        self.lines.push(chunk, |line| self.event.line(line, &mut on_data))?;
        self.event.check()
    }

    /// The body has ended: the last event may lack its blank line.
    ///
    /// # Errors
    /// As [`Sse::push`].
    pub(super) fn finish(&mut self, mut on_data: impl FnMut(&[u8])) -> Result<(), LineTooLong> {
        self.lines.finish(|line| self.event.line(line, &mut on_data))?;
        self.event.check()?;
        self.event.dispatch(&mut on_data);
        Ok(())
    }
}

impl Event {
    fn line(&mut self, line: &[u8], on_data: &mut impl FnMut(&[u8])) {
        if line.is_empty() {
            return self.dispatch(on_data);
        }
        if line.starts_with(b"{") {
            return self.add(line);
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (field, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        // llama.cpp has sent failures under a field `error`.
        if matches!(field, b"data" | b"error") {
            self.add(value.strip_prefix(b" ").unwrap_or(value));
        }
    }

    fn add(&mut self, value: &[u8]) {
        if self.data.len() + value.len() > MAX_LINE {
            self.too_long = true;
            return;
        }
        if std::mem::replace(&mut self.any, true) {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
    }

    fn dispatch(&mut self, on_data: &mut impl FnMut(&[u8])) {
        if std::mem::take(&mut self.any) && !self.too_long {
            on_data(&self.data);
        }
        self.data.clear();
    }

    fn check(&self) -> Result<(), LineTooLong> {
        if self.too_long { Err(LineTooLong { limit: MAX_LINE }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut sse = Sse::default();
        let mut out = Vec::new();
        let mut keep = |data: &[u8]| out.push(String::from_utf8_lossy(data).into_owned());
        for chunk in chunks {
            sse.push(chunk, &mut keep).unwrap();
        }
        sse.finish(&mut keep).unwrap();
        out
    }

    const STREAM: &str = ": comment\r\ndata: {\"a\":1}\r\n\r\nevent: x\nid: 7\ndata:one\ndata: two\n\n\n\
        data\n\nretry: 5\n\nerror: {\"e\":\u{1F642}}\n\n{\"bare\":1}\n\ndata: [DONE]";

    #[test]
    fn fields_comments_and_unterminated_event_are_read() {
        assert_eq!(
            decode([STREAM.as_bytes()]),
            ["{\"a\":1}", "one\ntwo", "", "{\"e\":\u{1F642}}", "{\"bare\":1}", "[DONE]"]
        );
    }

    #[test]
    fn event_size_is_bounded() {
        let mut sse = Sse::default();
        let line = [b"data: ".as_slice(), &vec![b'x'; MAX_LINE / 2], b"\n"].concat();
        assert_eq!(sse.push(&line, |_| ()), Ok(()));
        assert_eq!(sse.push(&line, |_| ()), Ok(()));
        assert_eq!(sse.push(&line, |_| ()), Err(LineTooLong { limit: MAX_LINE }));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(size in 1usize..40) {
            prop_assert_eq!(decode(STREAM.as_bytes().chunks(size)), decode([STREAM.as_bytes()]));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1usize..50) {
            prop_assert_eq!(decode(bytes.chunks(size)), decode([bytes.as_slice()]));
        }
    }
}
