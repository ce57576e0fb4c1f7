//! How far a follower has read, also as text, so that it can continue after a lost connection.

use std::fmt;
use std::str::FromStr;

/// The position up to which a follower has read. Its text, such as `c120.t4.k1`, has the bytes of the answer (`c`), the bytes
/// of the thinking (`t`), the number of tool calls (`k`) and, where there are any, of log probabilities (`l`).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ReplyCursor {
    pub(super) content: usize,
    pub(super) thinking: usize,
    pub(super) tool_calls: usize,
    pub(super) logprobs: usize,
}

/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must have the form c120.t4.k1")]
pub struct InvalidCursor;

impl fmt::Display for ReplyCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content, thinking, tool_calls, logprobs } = self;
        write!(f, "c{content}.t{thinking}.k{tool_calls}")?;
        if *logprobs > 0 { write!(f, ".l{logprobs}") } else { Ok(()) }
    }
}

/// A part that is absent is 0. Positions that the reply does not have are corrected when it is read. What follows a `-` belongs to the
/// stream that gave the position, such as the number of its block.
impl FromStr for ReplyCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let mut cursor = Self::default();
        let position = text.split_once('-').map_or(text, |(position, _)| position);
        for part in position.split('.') {
            let mut digits = part.chars();
            let position = match digits.next() {
                Some('c') => &mut cursor.content,
                Some('t') => &mut cursor.thinking,
                Some('k') => &mut cursor.tool_calls,
                Some('l') => &mut cursor.logprobs,
                _ => return Err(InvalidCursor),
            };
            *position = digits.as_str().parse().map_err(|_| InvalidCursor)?;
        }
        Ok(cursor)
    }
}

impl ReplyCursor {
    /// How many bytes of the answer were read.
    pub fn content(&self) -> usize {
        self.content
    }

    /// How many bytes of the thinking were read.
    pub fn thinking(&self) -> usize {
        self.thinking
    }

    /// How many log probabilities were read.
    pub fn logprobs(&self) -> usize {
        self.logprobs
    }

    /// How many tool calls were read.
    pub fn tool_calls(&self) -> usize {
        self.tool_calls
    }

    /// The text after `position`, which is moved to the end. A position inside a character is moved to its first byte.
    pub(super) fn text_since<'a>(position: &mut usize, text: &'a str) -> &'a str {
        let mut start = (*position).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        *position = text.len();
        text.get(start..).unwrap_or_default()
    }

    /// The items after `position`, which is moved to the end.
    pub(super) fn items_since<'a, T>(position: &mut usize, items: &'a [T]) -> &'a [T] {
        let start = (*position).min(items.len());
        *position = items.len();
        items.get(start..).unwrap_or_default()
    }
}
