//! Reads lines of a byte stream, with a maximum length; longer lines are skipped without being buffered.

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::transport::oversize::IdScanner;

/// Size of one read: the capacity of a pipe.
const READ_SIZE: usize = 64 * 1024;

/// A larger buffer is freed after its line, so one large message does not stay in memory.
const KEEP_CAPACITY: usize = 1024 * 1024;

/// The result of a read.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// A line without its newline, which the last line of the input may lack.
    Complete(Vec<u8>),
    /// A line over the maximum. Its text is discarded; its id is kept, if one was found.
    TooLong {
        /// JSON text of the top-level `id`.
        id: Option<String>,
    },
    /// The end of the input.
    End,
}

/// Reads lines.
pub(super) struct LineReader<R> {
    input: R,
    buffer: Vec<u8>,
    /// Start of the next line in `buffer`; the bytes before it are consumed.
    start: usize,
    /// `buffer` has no newline between `start` and here.
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
    /// Those of the input. Nothing can be read after one.
    pub(super) async fn next(&mut self) -> std::io::Result<Line> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(line);
            }
            // The rest begins a line. It moves to the front once per read, not once per line.
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
            // A large message is not copied, but the few bytes after it are.
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

    /// Reads to the end of a line that is too long, and keeps only its id.
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
    async fn last_line_may_lack_its_newline() {
        assert_eq!(lines(b"a\n\nbc", 10).await, [complete("a"), complete(""), complete("bc")]);
        assert_eq!(lines(b"", 10).await, []);
        assert_eq!(lines(b"a\n", 10).await, [complete("a")]);
    }

    #[tokio::test]
    async fn line_over_limit_is_skipped_and_its_id_kept() {
        let long = format!("{{\"x\":\"{}\",\"id\":7}}\nnext\n", "y".repeat(300_000));
        assert_eq!(
            lines(long.as_bytes(), 1000).await,
            [Line::TooLong { id: Some("7".into()) }, complete("next")]
        );
        let unended = "z".repeat(300_000);
        assert_eq!(lines(unended.as_bytes(), 1000).await, [Line::TooLong { id: None }]);
    }

    #[tokio::test]
    async fn line_of_exactly_the_limit_is_read() {
        assert_eq!(lines(b"12345\n123456\n", 5).await, [complete("12345"), Line::TooLong { id: None }]);
    }
}
