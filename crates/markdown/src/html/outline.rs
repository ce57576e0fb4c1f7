//! Which headings are above which.

/// The level of the heading that the page has above an answer.
const PAGE_LEVEL: u8 = 2;

/// The headings above the next one. Models begin with any level; on the page the first is `h3`, and none skips a level, as
/// screen readers expect.
#[derive(Clone, Default)]
pub(crate) struct Outline(Vec<u8>);

impl Outline {
    /// The level on the page of a heading of the text.
    pub(super) fn level(&mut self, level: u8) -> u8 {
        self.0.retain(|above| *above < level);
        self.0.push(level);
        u8::try_from(self.0.len()).unwrap_or(u8::MAX).saturating_add(PAGE_LEVEL).min(6)
    }
}
