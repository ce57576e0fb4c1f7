//! Pages of a list, and the cursor from one page to the next.

use std::fmt;
use std::str::FromStr;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page starts; `None` on the last page.
    pub next: Option<Cursor>,
}

// Not derived: that would ask for `T: Default`.
impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

/// A position in a list, such as that of conversations. A caller gets it as text, and gives the text back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// When the page's last item was updated, in milliseconds of Unix time.
    pub(crate) updated_ms: i64,
    /// Its id.
    pub(crate) id: String,
}

/// A text that is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of a page")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.updated_ms, self.id)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (updated_ms, id) = text.split_once('.').ok_or(CursorError)?;
        let is_id = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        match updated_ms.parse() {
            Ok(updated_ms) if is_id => Ok(Self { updated_ms, id: id.to_owned() }),
            _ => Err(CursorError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_text_is_read_back() {
        let cursor = Cursor { updated_ms: 1_700_000_000_000, id: "a_b-C".into() };
        assert_eq!(cursor.to_string(), "1700000000000.a_b-C");
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for wrong in ["", "x", "1", "1.", ".a", "x.a", "1.a b", "1.a'", "99999999999999999999.a"] {
            assert_eq!(wrong.parse::<Cursor>(), Err(CursorError), "{wrong:?}");
        }
    }
}
