//! The structure of a text: blocks, how strong the boundaries between them are, and the headings above them.

/// Boundaries weaker than this are within one section. Lower levels are stronger: sections, blocks of code.
pub(super) const LOOSE: u8 = 240;
/// The boundary before a paragraph.
pub(super) const PARAGRAPH: u8 = 250;
/// The boundary between a heading and what follows it.
pub(super) const BOND: u8 = 255;

/// The longest line of a heading, in characters.
const MAX_HEADING: usize = 100;
const MAX_TABLE_HEADING: usize = 300;

/// How a block that is too long is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// At sentences; what is repeated are sentences or lines.
    Prose,
    /// At the lines with the least indentation.
    Code,
    /// At lines. Nothing is repeated.
    Rows,
}

/// Consecutive lines, without blank lines at their ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Of the boundary before it.
    pub(super) level: u8,
    pub(super) style: Style,
    pub(super) heading: Option<usize>,
}

/// A heading, as a part of the text.
#[derive(Debug, Clone, Copy)]
struct Heading {
    parent: Option<usize>,
    depth: usize,
    start: usize,
    end: usize,
    max_chars: usize,
}

#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) blocks: Vec<Block>,
    headings: Vec<Heading>,
}

impl Outline {
    /// Adds a heading below another one.
    pub(super) fn add_heading(&mut self, parent: Option<usize>, start: usize, end: usize) -> usize {
        let depth = parent.map_or(0, |parent| self.depth(parent) + 1);
        self.headings.push(Heading { parent, depth, start, end, max_chars: MAX_HEADING });
        self.headings.len() - 1
    }

    /// The innermost heading that both are under.
    pub(super) fn common(&self, a: Option<usize>, b: Option<usize>) -> Option<usize> {
        let (mut a, mut b) = (a?, b?);
        while a != b {
            let deeper = if self.depth(a) >= self.depth(b) { &mut a } else { &mut b };
            *deeper = self.headings.get(*deeper)?.parent?;
        }
        Some(a)
    }

    /// A heading after those that it is under.
    pub(super) fn heading_path(&self, text: &str, heading: usize) -> String {
        let mut path = Vec::new();
        let mut next = Some(heading);
        while let Some(heading) = next.and_then(|next| self.headings.get(next)) {
            let line = text.get(heading.start..heading.end).unwrap_or_default().trim();
            let mut chars = line.chars();
            let mut shown: String = chars.by_ref().take(heading.max_chars).collect();
            if chars.next().is_some() {
                shown.push('\u{2026}');
            }
            path.push(shown);
            next = heading.parent;
        }
        path.reverse();
        path.join(" > ")
    }

    pub(super) fn depth(&self, heading: usize) -> usize {
        self.headings.get(heading).map_or(0, |heading| heading.depth)
    }
}

/// The lines of a text with their positions, without line ends; of many empty lines, some.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        // More than two are like two; there may be millions.
        if rest.starts_with("\n\n\n") {
            at += rest.bytes().position(|byte| byte != b'\n').unwrap_or(rest.len()) - 2;
        }
        let (start, rest) = (at, text.get(at..)?);
        let line = rest.split_inclusive('\n').next()?;
        at += line.len();
        Some((start, line.trim_end_matches(['\n', '\r'])))
    })
}

/// The outline of rows. The first one is the heading of all, if it names the columns.
pub(super) fn rows(text: &str, is_table: bool) -> Outline {
    let mut outline = Outline::default();
    let first = lines(text).find(|(_, line)| !line.trim().is_empty());
    let Some((start, line)) = first else { return outline };
    let heading = is_table.then(|| outline.add_heading(None, start, start + line.len()));
    if let Some(heading) = outline.headings.last_mut() {
        heading.max_chars = MAX_TABLE_HEADING;
    }
    let end = text.trim_end().len();
    outline.blocks.push(Block { start, end, level: PARAGRAPH, style: Style::Rows, heading });
    outline
}
