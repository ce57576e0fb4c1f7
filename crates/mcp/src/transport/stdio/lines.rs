//! Lines of a byte stream, each with a bound on its length; what is over the bound is skipped, not kept.

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::oversize::IdScanner;

/// Bytes asked for in one read. A pipe holds 64 KiB.
const READ_SIZE: usize = 64 * 1024;

/// A buffer larger than this is given back after its line, so that one large message does not stay in memory.
const KEEP_CAPACITY: usize = 1024 * 1024;

/// What was read.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// A line without its end mark. The last line of the input may lack the mark.
    Complete(Vec<u8>),
    /// A line over the bound. Its text is gone; the request's id is kept where it could be read.
    TooLong {
        /// JSON text of the top-level `id`, where there is one.
        id: Option<String>,
    },
    /// The end of the input.
    End,
}

/// Reads lines.
pub(super) struct LineReader<R> {
    input: R,
    buffer: Vec<u8>,
    /// Where the next line begins in `buffer`; what is before it was taken.
    start: usize,
    /// Up to where `buffer` is known to hold no line end; not before `start`.
    searched: usize,
    limit: usize,
    ended: bool,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// A reader of lines of at most `limit` bytes.
    pub(super) fn new(input: R, limit: usize) -> Self {
        Self { input, buffer: Vec::new(), start: 0, searched: 0, limit, ended: false }
    }

    /// The next line.
    ///
    /// # Errors
    /// What the input reports. Nothing can be read after it.
    pub(super) async fn next(&mut self) -> std::io::Result<Line> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(line);
            }
            // What is left begins a line: it moves to the front once a read, not once a line.
            self.buffer.drain(..std::mem::take(&mut self.start));
            self.searched = self.buffer.len();
            if self.ended {
                return Ok(match std::mem::take(&mut self.buffer) {
                    rest if rest.is_empty() => Line::End,
                    rest => Line::Complete(rest),
                });
            }
            if self.buffer.len() > self.limit {
                return self.skip_line().await;
            }
            self.fill().await?;
        }
    }

    fn take_line(&mut self) -> Option<Line> {
        let unsearched = self.buffer.get(self.searched..)?;
        let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return None;
        };
        let end = self.searched + at;
        let line = self.buffer.get(self.start..end)?;
        let taken = if line.len() > self.limit {
            let mut scanner = IdScanner::default();
            scanner.feed(line);
            Line::TooLong { id: scanner.finish() }
        } else if self.start == 0 && line.len() > KEEP_CAPACITY {
            // A large message is not copied; the little that was read beyond it is.
            let rest = self.buffer.split_off(end + 1);
            let mut line = std::mem::replace(&mut self.buffer, rest);
            line.truncate(end);
            self.searched = 0;
            return Some(Line::Complete(line));
        } else {
            Line::Complete(line.to_vec())
        };
        self.start = end + 1;
        self.searched = self.start;
        Some(taken)
    }

    /// Reads on to the end of a line that is too long, keeping nothing but its id.
    async fn skip_line(&mut self) -> std::io::Result<Line> {
        let mut scanner = IdScanner::default();
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                scanner.feed(self.buffer.get(..end).unwrap_or_default());
                self.buffer.drain(..=end);
                self.searched = 0;
                return Ok(Line::TooLong { id: scanner.finish() });
            }
            scanner.feed(&self.buffer);
            self.buffer.clear();
            self.searched = 0;
            if self.ended {
                return Ok(Line::TooLong { id: scanner.finish() });
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> std::io::Result<()> {
        if self.buffer.is_empty() && self.buffer.capacity() > KEEP_CAPACITY {
            self.buffer = Vec::new();
        }
        self.buffer.reserve(READ_SIZE);
        if self.input.read_buf(&mut self.buffer).await? == 0 {
            self.ended = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(input: &[u8], limit: usize) -> Vec<Line> {
        let mut reader = LineReader::new(input, limit);
        let mut lines = Vec::new();
        loop {
            match reader.next().await.unwrap() {
                Line::End => return lines,
                line => lines.push(line),
            }
        }
    }

    fn complete(text: &str) -> Line {
        Line::Complete(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn splits_at_newlines_and_counts_an_unended_last_line() {
        assert_eq!(lines(b"a\n\nbc", 10).await, [complete("a"), complete(""), complete("bc")]);
        assert_eq!(lines(b"", 10).await, []);
        assert_eq!(lines(b"a\n", 10).await, [complete("a")]);
    }

    #[tokio::test]
    async fn a_line_over_the_limit_is_skipped_and_its_id_kept() {
        let long = format!("{{\"x\":\"{}\",\"id\":7}}\nnext\n", "y".repeat(300_000));
        assert_eq!(
            lines(long.as_bytes(), 1000).await,
            [Line::TooLong { id: Some("7".into()) }, complete("next")]
        );
        let unended = "z".repeat(300_000);
        assert_eq!(lines(unended.as_bytes(), 1000).await, [Line::TooLong { id: None }]);
    }

    #[tokio::test]
    async fn the_limit_itself_is_allowed() {
        assert_eq!(lines(b"12345\n123456\n", 5).await, [complete("12345"), Line::TooLong { id: None }]);
    }
}
