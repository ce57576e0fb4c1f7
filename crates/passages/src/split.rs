//! Cuts a text along its structure: headings, paragraphs, pages, functions.
//!
//! The structure is an [`Outline`]: blocks that are whole where they fit, and how strong the boundary before each is. What is
//! too long is divided at its strongest boundaries, and neighbours that are short are joined again.

mod code;
mod cut;
mod headings;
mod outline;

use types::Place;

use crate::file_kinds::{FileKind, file_kind};
use outline::{BOND, Block, LOOSE, Outline};

const LONGEST_CHAR: usize = 4;

/// How long passages are, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest passage; at least 4, the longest character.
    pub max_bytes: usize,
    /// What is repeated of the passage before, at most, where a cut falls into running text: whole lines or sentences. At most
    /// a quarter of a passage.
    pub overlap: usize,
}

/// What is cut.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// A text; the name of its file tells what structure it has.
    Text { name: &'a str, text: &'a str },
    /// The pages of a document; `None`: one that could not be read.
    Pages(&'a [Option<String>]),
}

/// A part of a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Passage {
    pub place: Place,
    /// The headings that all of it is under, outermost first, joined by ` > `; or the first lines of the blocks of code that it
    /// is part of; or the first line of a table.
    pub heading: Option<String>,
    /// As it stands in the text, but for blank lines at both ends.
    pub text: String,
}

/// Cuts a text into passages, in its order. Together they have every line that is not blank.
pub fn split(source: Source<'_>, limits: Limits) -> Vec<Passage> {
    let max_bytes = limits.max_bytes.max(LONGEST_CHAR);
    let limits = Limits { max_bytes, overlap: limits.overlap.min(max_bytes / 4) };
    match source {
        Source::Text { name, text } => {
            let outline = match file_kind(name, text) {
                FileKind::Code => code::outline(text),
                FileKind::Table => outline::rows(text, true),
                FileKind::Rows => outline::rows(text, false),
                kind => headings::outline(text, kind),
            };
            let mut lines = Lines { text, at: 0, line: 1 };
            let place = |start: usize, text: &str| {
                let first = lines.line_of(start);
                Place::Lines { first, last: first.saturating_add(count_lines(text)) }
            };
            Splitter { text, outline, limits }.passages(place)
        }
        Source::Pages(pages) => {
            let pages = (1_u32..).zip(pages).filter_map(|(page, text)| Some((page, text.as_deref()?)));
            pages
                .flat_map(|(page, text)| {
                    let outline = headings::outline(text, FileKind::Prose);
                    Splitter { text, outline, limits }.passages(|_, _| Place::Page { page })
                })
                .collect()
        }
    }
}

/// What becomes a passage.
struct Unit {
    start: usize,
    end: usize,
    heading: Option<usize>,
    /// It is not joined to the unit before: it repeats some of it, or begins a section that goes on in the next unit.
    is_apart: bool,
}

struct Splitter<'a> {
    text: &'a str,
    outline: Outline,
    limits: Limits,
}

impl Splitter<'_> {
    /// The passages; `place` gets the start and the text of each, in their order.
    fn passages(&self, mut place: impl FnMut(usize, &str) -> Place) -> Vec<Passage> {
        let mut units = Vec::new();
        self.divide(&self.outline.blocks, &mut units);
        let mut passages = Vec::with_capacity(units.len());
        for unit in &units {
            let (start, text) = without_blank_ends(self.text, unit.start, unit.end);
            if !text.is_empty() {
                let heading = unit.heading.map(|heading| self.outline.heading_path(self.text, heading));
                passages.push(Passage { place: place(start, text), heading, text: text.to_owned() });
            }
        }
        passages
    }

    /// Adds the units of consecutive blocks. Each recursion handles weaker boundaries than the one before.
    fn divide(&self, blocks: &[Block], units: &mut Vec<Unit>) {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return };
        if last.end.saturating_sub(first.start) <= self.limits.max_bytes {
            let heading = blocks.iter().map(|block| block.heading).reduce(|a, b| self.outline.common(a, b));
            units.push(Unit {
                start: first.start,
                end: last.end,
                heading: heading.flatten(),
                is_apart: false,
            });
            return;
        }
        let Some(level) = blocks.iter().skip(1).map(|block| block.level).min() else {
            return self.cut(first, units);
        };
        // A heading stays with what follows, unless only without it that is whole.
        if level == BOND && last.end.saturating_sub(last.start) > self.limits.max_bytes {
            return self.cut(&Block { start: first.start, ..*last }, units);
        }
        let begin = units.len();
        for part in blocks.chunk_by(|_, next| next.level != level) {
            let first = units.len();
            self.divide(part, units);
            // A section that is divided begins a passage.
            if level < LOOSE && units.len() > first + 1 {
                units.get_mut(first).into_iter().for_each(|unit| unit.is_apart = true);
            }
        }
        self.join(units, begin, level);
    }

    /// Joins neighbours from `begin` on that are short.
    fn join(&self, units: &mut Vec<Unit>, begin: usize, level: u8) {
        let parts = units.split_off(begin);
        for unit in parts {
            match units.get_mut(begin..).and_then(<[Unit]>::last_mut) {
                Some(last) if !unit.is_apart && units_fit(last, &unit, level, self.limits.max_bytes) => {
                    last.end = unit.end;
                    last.heading = self.outline.common(last.heading, unit.heading);
                }
                _ => units.push(unit),
            }
        }
    }

    /// Adds the units of a block that is too long.
    fn cut(&self, block: &Block, units: &mut Vec<Unit>) {
        for (start, end, is_apart) in cut::pieces(self.text, block, self.limits) {
            units.push(Unit { start, end, heading: block.heading, is_apart });
        }
    }
}

/// Whether two neighbours become one. Sections, functions and the like are joined only until they are half a passage long: a
/// passage about one thing is found better, and cited more exactly.
fn units_fit(unit: &Unit, next: &Unit, level: u8, max_bytes: usize) -> bool {
    next.end.saturating_sub(unit.start) <= max_bytes
        && (level >= LOOSE || unit.end - unit.start < max_bytes / 2)
}

/// Counts the lines up to positions that mostly increase.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl Lines<'_> {
    fn line_of(&mut self, at: usize) -> u32 {
        let between = self.text.get(at.min(self.at)..at.max(self.at)).unwrap_or_default();
        let lines = count_lines(between);
        self.line =
            if at < self.at { self.line.saturating_sub(lines) } else { self.line.saturating_add(lines) };
        self.at = at;
        self.line
    }
}

fn count_lines(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

/// A part of a text without blank lines at its ends, and where it starts.
fn without_blank_ends(text: &str, start: usize, end: usize) -> (usize, &str) {
    let part = text.get(start..end).unwrap_or_default();
    let kept = part.trim_start();
    let blank = part.get(..part.len() - kept.len()).unwrap_or_default();
    // The indentation of the first line stays.
    let from = blank.rfind('\n').map_or(0, |at| at + 1);
    let kept = part.trim_end().len();
    if kept <= from {
        return (start, "");
    }
    let line_end =
        part.get(kept..).and_then(|rest| rest.find(['\r', '\n'])).map_or(part.len(), |at| kept + at);
    (start + from, part.get(from..line_end).unwrap_or_default())
}

impl std::fmt::Debug for Source<'_> {
    /// Contents of files must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text { .. } => "Text(..)",
            Self::Pages(_) => "Pages(..)",
        })
    }
}

impl std::fmt::Debug for Passage {
    /// Only the place, as for [`Source`].
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passage").field("place", &self.place).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
