//! The outline of texts for people: sections by their headings, and paragraphs.

use super::outline::{BOND, Block, LOOSE, Outline, PARAGRAPH, Style, lines};
use crate::file_kinds::FileKind;

/// The boundary between a paragraph and a block of code that follows it without a blank line.
const TIGHT: u8 = PARAGRAPH + 2;
/// The levels of headings.
const MAX_LEVEL: usize = 6;
/// How far the end of front matter may be, in lines.
const MAX_FRONT_MATTER: usize = 400;
const LATEX: &[(&str, usize)] = &[
    ("\\part", 1),
    ("\\chapter", 2),
    ("\\section", 3),
    ("\\subsection", 4),
    ("\\subsubsection", 5),
    ("\\paragraph", 6),
];

pub(super) fn outline(text: &str, kind: FileKind) -> Outline {
    let mut scan = Scan {
        kind,
        outline: Outline::default(),
        sections: Vec::new(),
        open: None,
        blanks: 1,
        is_after_heading: false,
        fence: front_matter(text, kind),
        underlines: Vec::new(),
    };
    for (start, line) in lines(text) {
        scan.line(start, line);
    }
    scan.close();
    scan.outline
}

/// What ends a block that has blank lines and what looks like headings.
enum Fence {
    /// At least so many of a character.
    Marks(char, usize),
    FrontMatter(&'static str),
}

/// A block that may go on.
struct Open {
    block: Block,
    last_line: usize,
    lines: usize,
}

struct Scan {
    kind: FileKind,
    outline: Outline,
    /// The headings that the present line is under, with their levels.
    sections: Vec<(usize, usize)>,
    open: Option<Open>,
    /// How many blank lines are before the present one.
    blanks: usize,
    /// Nothing came since the last heading.
    is_after_heading: bool,
    fence: Option<Fence>,
    /// In the order in which the text uses them, which is that of their levels.
    underlines: Vec<char>,
}

impl Scan {
    fn line(&mut self, start: usize, line: &str) {
        let trimmed = line.trim();
        let end = start + line.trim_end().len();
        if let Some(fence) = &self.fence {
            let is_end = self.open.is_some()
                && match *fence {
                    Fence::Marks(mark, least) => trimmed.len() >= least && trimmed.chars().all(|c| c == mark),
                    Fence::FrontMatter(mark) => trimmed == mark || (mark == "---" && trimmed == "..."),
                };
            if !trimmed.is_empty() {
                self.add(start, end, Style::Code);
            }
            if is_end {
                self.fence = None;
                self.close();
            }
            return;
        }
        if trimmed.is_empty() {
            self.close();
            self.blanks += 1;
            return;
        }
        if self.kind == FileKind::Prose {
            return self.add(start, end, Style::Prose);
        }
        if let Some(fence) = fence(trimmed, self.kind) {
            self.close();
            self.add(start, end, Style::Code);
            self.fence = Some(fence);
        } else if let Some((level, title, title_end)) = marked_heading(line, self.kind) {
            self.close();
            self.heading(level, (start, end), (start + title, start + title_end));
        } else if let Some((level, block, title)) = self.underlined(trimmed) {
            self.open = None;
            self.heading(level, (block.start, end), (title, block.end));
        } else {
            self.add(
                start,
                end,
                match (self.kind, trimmed.starts_with('|')) {
                    (FileKind::Ini, _) => Style::Code,
                    (_, true) => Style::Rows,
                    _ => Style::Prose,
                },
            );
        }
    }

    /// Adds a line to the open block, or begins one.
    fn add(&mut self, start: usize, end: usize, style: Style) {
        if let Some(open) = &mut self.open {
            (open.block.end, open.last_line) = (end, start);
            open.lines += 1;
            return;
        }
        let level = match self.blanks {
            _ if self.is_after_heading => BOND,
            0 => TIGHT,
            1 => PARAGRAPH,
            _ => LOOSE,
        };
        let heading = self.sections.last().map(|(_, heading)| *heading);
        let block = Block { start, end, level, style, heading };
        self.open = Some(Open { block, last_line: start, lines: 1 });
        self.is_after_heading = false;
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.outline.blocks.push(open.block);
            self.blanks = 0;
        }
    }

    fn heading(&mut self, level: usize, (start, end): (usize, usize), title: (usize, usize)) {
        let above = self.sections.last().map(|(_, heading)| *heading);
        while self.sections.last().is_some_and(|(outer, _)| *outer >= level) {
            self.sections.pop();
        }
        let parent = self.sections.last().map(|(_, heading)| *heading);
        let heading = self.outline.add_heading(parent, title.0, title.1);
        self.sections.push((level, heading));
        // A heading that has only this one below it belongs to it.
        let is_first_below = self.is_after_heading && parent.is_some() && parent == above;
        if is_first_below {
            let headings = self.outline.blocks.iter_mut().rev().take_while(|block| block.heading == parent);
            headings.for_each(|block| block.heading = Some(heading));
        }
        let level = if is_first_below { BOND } else { u8::try_from(level).unwrap_or(LOOSE) };
        self.outline.blocks.push(Block { start, end, level, style: Style::Prose, heading: Some(heading) });
        (self.is_after_heading, self.blanks) = (true, 0);
    }

    /// The level of a heading that this line underlines, its block, and where its title begins.
    fn underlined(&mut self, line: &str) -> Option<(usize, Block, usize)> {
        let mark = line.chars().next()?;
        let open = self.open.as_ref().filter(|open| open.block.style == Style::Prose)?;
        if line.len() < 3 || !line.chars().all(|c| c == mark) {
            return None;
        }
        let level = match (self.kind, mark, open.lines) {
            (FileKind::Markdown, '=', 1) => 1,
            (FileKind::Markdown, '-', 1) => 2,
            // Two lines: the first one is a line above the title.
            (FileKind::ReStructuredText, _, 1 | 2) if mark.is_ascii_punctuation() => {
                if !self.underlines.contains(&mark) {
                    self.underlines.push(mark);
                }
                let position = self.underlines.iter().position(|underline| *underline == mark)?;
                (position + 1).min(MAX_LEVEL)
            }
            _ => return None,
        };
        Some((level, open.block, open.last_line))
    }
}

/// The level of a heading that its line alone shows, and where its title begins and ends in the line.
fn marked_heading(line: &str, kind: FileKind) -> Option<(usize, usize, usize)> {
    let text = line.trim_start();
    let end = line.trim_end().len();
    let marks = |mark: char| {
        let rest = text.trim_start_matches(mark);
        let level = text.len() - rest.len();
        let is_heading = (1..=MAX_LEVEL).contains(&level) && rest.starts_with([' ', '\t']);
        is_heading.then(|| (level, line.len() - rest.trim_start().len(), end))
    };
    match kind {
        FileKind::Markdown if line.len() - text.len() < 4 => {
            let (level, start, end) = marks('#')?;
            let title = line.get(start..end)?.trim_end_matches('#').trim_end();
            Some((level, start, start + title.len()))
        }
        FileKind::AsciiDoc => marks('='),
        FileKind::Org if line.starts_with('*') => marks('*'),
        FileKind::Ini => {
            let is_section = text.starts_with('[') && text.contains(']') && !text.contains([',', '"', '\'']);
            is_section.then(|| (1, line.len() - text.len(), end))
        }
        FileKind::Latex => {
            let (level, rest) =
                LATEX.iter().find_map(|(name, level)| Some((*level, text.strip_prefix(name)?)))?;
            let title = rest.trim_start_matches('*').strip_prefix('{')?;
            let start = line.len() - title.len();
            Some((level, start, start + title.find('}').unwrap_or(title.trim_end().len())))
        }
        _ => None,
    }
}

fn fence(line: &str, kind: FileKind) -> Option<Fence> {
    let marks: &[char] = match kind {
        FileKind::Markdown => &['`', '~'],
        FileKind::AsciiDoc => &['-', '.'],
        _ => return None,
    };
    let mark = line.chars().next().filter(|mark| marks.contains(mark))?;
    let count = line.chars().take_while(|c| *c == mark).count();
    let rest = line.get(count..)?;
    let is_fence = match kind {
        FileKind::AsciiDoc => count >= 4 && rest.is_empty(),
        // Code within a line can begin the same.
        _ => count >= 3 && !(mark == '`' && rest.contains('`')),
    };
    is_fence.then_some(Fence::Marks(mark, count))
}

/// The end of what a generator reads at the start of a page.
fn front_matter(text: &str, kind: FileKind) -> Option<Fence> {
    let mut lines = text.lines().map(str::trim_end);
    let mark = match (kind, lines.next()?) {
        (FileKind::Markdown, "---") => "---",
        (FileKind::Markdown, "+++") => "+++",
        _ => return None,
    };
    lines
        .take(MAX_FRONT_MATTER)
        .any(|line| line == mark || (mark == "---" && line == "..."))
        .then_some(Fence::FrontMatter(mark))
}
