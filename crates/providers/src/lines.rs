//! Splits a stream of bytes into lines, independent of how it was chunked. Lines end with LF or CRLF; a lone CR does not
//! end one (no server sends it).

/// Bytes of a line. A reply of 10 MB can come on one line, and JSON may use six bytes (`\u00XX`) for each of its bytes. A
/// longer line means a broken server, and must not fill the memory.
pub(super) const MAX_LINE: usize = 64 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A line exceeded the limit; nothing after it can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineTooLong {
    pub(super) limit: usize,
}

/// Each byte is examined once and copied at most once.
#[derive(Debug)]
pub(super) struct Lines {
    partial: Vec<u8>,
    limit: usize,
    at_start: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Self::with_limit(MAX_LINE)
    }
}

impl Lines {
    /// Lines have at most `limit` bytes, without the line end.
    pub(super) fn with_limit(limit: usize) -> Self {
        Self { partial: Vec::new(), limit, at_start: true }
    }

    /// Adds bytes; calls `on_line` with each line that they complete, without its end.
    ///
    /// # Errors
    /// [`LineTooLong`], after the lines before it.
    pub(super) fn push(&mut self, chunk: &[u8], mut on_line: impl FnMut(&[u8])) -> Result<(), LineTooLong> {
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            let Some(end) = piece.strip_suffix(b"\n") else {
                // One byte more: it may be the CR of a line end.
                if self.partial.len() + piece.len() > self.limit.saturating_add(1) {
                    return Err(LineTooLong { limit: self.limit });
                }
                self.partial.extend_from_slice(piece);
                continue;
            };
            if self.partial.is_empty() {
                emit(end, self.limit, &mut self.at_start, &mut on_line)?;
            } else {
                self.partial.extend_from_slice(end);
                let line = std::mem::take(&mut self.partial);
                emit(&line, self.limit, &mut self.at_start, &mut on_line)?;
                self.reuse(line);
            }
        }
        Ok(())
    }

    /// Ends the stream: calls `on_line` with a last line that has no line end.
    ///
    /// # Errors
    /// [`LineTooLong`].
    pub(super) fn finish(&mut self, mut on_line: impl FnMut(&[u8])) -> Result<(), LineTooLong> {
        let line = std::mem::take(&mut self.partial);
        if line.is_empty() {
            return Ok(());
        }
        emit(&line, self.limit, &mut self.at_start, &mut on_line)
    }

    /// Reuses a small buffer for the next line, and frees a large one.
    fn reuse(&mut self, mut line: Vec<u8>) {
        const KEEP: usize = 64 * 1024;
        if line.capacity() <= KEEP {
            line.clear();
            self.partial = line;
        }
    }
}

fn emit(
    line: &[u8],
    limit: usize,
    at_start: &mut bool,
    on_line: &mut impl FnMut(&[u8]),
) -> Result<(), LineTooLong> {
    let mut line = line.strip_suffix(b"\r").unwrap_or(line);
    if std::mem::take(at_start) {
        line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    }
    if line.len() > limit {
        return Err(LineTooLong { limit });
    }
    on_line(line);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(chunks: &[&[u8]], limit: usize) -> (Vec<Vec<u8>>, Result<(), LineTooLong>) {
        let mut lines = Lines::with_limit(limit);
        let mut out = Vec::new();
        for chunk in chunks {
            if let Err(error) = lines.push(chunk, |line| out.push(line.to_vec())) {
                return (out, Err(error));
            }
        }
        let end = lines.finish(|line| out.push(line.to_vec()));
        (out, end)
    }

    #[test]
    fn both_line_ends_and_unterminated_last_line_are_read() {
        let (lines, end) = split(&[b"\xEF\xBB", b"\xBFa\r", b"\nb\n\n", b"c"], 10);
        assert_eq!(lines, [b"a".to_vec(), b"b".to_vec(), b"".to_vec(), b"c".to_vec()]);
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn line_limit_holds_for_unterminated_lines() {
        for chunks in
            [&[b"abcd\n" as &[u8]] as &[&[u8]], &[b"ab", b"cd", b"e"], &[b"ab", b"cd\n"], &[b"abcd"]]
        {
            let (lines, end) = split(chunks, 3);
            assert_eq!((lines.len(), end), (0, Err(LineTooLong { limit: 3 })), "{chunks:?}");
        }
        assert_eq!(split(&[b"abc\r", b"\nabc\n"], 3).1, Ok(()));
    }

    #[test]
    fn a_long_line_in_small_chunks_takes_linear_time() {
        // If the buffer were searched again for every chunk, this would examine 50 billion bytes.
        let chunk = [b'x'; 100];
        let mut lines = Lines::default();
        for _ in 0..100_000 {
            lines.push(&chunk, |_| panic!("no line has ended")).unwrap();
        }
        let mut length = 0;
        lines.push(b"\n", |line| length = line.len()).unwrap();
        assert_eq!(length, 10_000_000);
        assert_eq!(lines.partial.capacity(), 0, "a large buffer is let go");
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            cuts in prop::collection::vec(0usize..200, 0..20),
        ) {
            let whole = split(&[&bytes], 1000);
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= bytes.len()).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut start = 0;
            for cut in cuts {
                chunks.push(&bytes[start..cut]);
                start = cut;
            }
            chunks.push(&bytes[start..]);
            prop_assert_eq!(split(&chunks, 1000), whole);
        }
    }
}
