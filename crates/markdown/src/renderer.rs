//! A text that grows, and the blocks that change with it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::blocks::{self, MAX_BLOCK};
use crate::definitions::Definitions;
use crate::html::{self, Outline, Rendered};
use crate::input::Lines;
use crate::throttle::Throttle;

/// Renders a text that grows. [`push`](Self::push) is cheap; [`changes`](Self::changes) does the work, and is meant to be
/// called about ten times a second while something arrives.
#[derive(Default)]
pub struct Renderer {
    lines: Lines,
    /// The complete lines from the first block that is not finished.
    tail: String,
    /// How much of it was searched for finished blocks.
    searched: usize,
    definitions: Definitions,
    outline: Outline,
    /// All blocks, as the caller knows them.
    shown: Vec<Shown>,
    finished: usize,
    /// Finished blocks with references that had no definition, by index.
    unresolved: HashMap<usize, Unresolved>,
    throttle: Throttle,
    is_changed: bool,
    is_ended: bool,
    /// How many bytes were rendered: what tests bound.
    #[cfg(test)]
    work: usize,
}

#[derive(PartialEq)]
struct Shown {
    html: String,
    is_open: bool,
}

struct Unresolved {
    text: String,
    outline: Outline,
    labels: HashSet<String>,
}

/// What differs from what was returned before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// How many blocks there are. Those from here on, if any were returned before, are gone.
    pub count: usize,
    pub blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub index: usize,
    pub html: String,
    /// Whether it can still change. Besides the last one, that is the one before it while its last line is not complete.
    pub open: bool,
}

impl Renderer {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text. Nothing is rendered yet.
    pub fn push(&mut self, text: &str) {
        if !self.is_ended {
            self.lines.push(text, &mut self.tail);
            self.is_changed = true;
        }
    }

    /// Renders what was added. A large open block may be left for a later call.
    pub fn changes(&mut self) -> Changes {
        if !self.is_due() {
            return Changes { count: self.shown.len(), blocks: Vec::new() };
        }
        let first = self.finished;
        let mut new = self.advance();
        let last = self.lines.last();
        let text = if is_undecided(&last) { self.tail.clone() } else { format!("{}{last}", self.tail) };
        let mut outline = self.outline.clone();
        for text in split(&text).into_iter().filter(|text| !is_table_head(text)) {
            new.push(Shown { html: self.html(text, &mut outline).html, is_open: true });
        }
        let html = new.iter().filter(|block| block.is_open).map(|block| block.html.len()).sum();
        self.throttle.rendered(self.unfinished(), html);
        self.show(first, new)
    }

    /// Renders the rest. Blocks that refer to definitions after them change once more here. What is added later is ignored.
    pub fn finish(&mut self) -> Changes {
        if self.is_ended {
            return Changes { count: self.shown.len(), blocks: Vec::new() };
        }
        self.is_ended = true;
        if self.lines.last_len() > 0 {
            self.lines.end_line(&mut self.tail);
        }
        let first = self.finished;
        let mut new = self.advance();
        let tail = std::mem::take(&mut self.tail);
        new.extend(split(&tail).into_iter().map(|text| self.finished_block(text)));
        let mut resolved = self.resolve();
        for (block, index) in new.iter_mut().zip(first..) {
            if let Some(html) = resolved.remove(&index) {
                block.html = html;
            }
        }
        let mut changes = self.show(first, new);
        let earlier = resolved.into_iter().map(|(index, html)| Block { index, html, open: false });
        changes.blocks.splice(0..0, earlier);
        for block in &changes.blocks {
            if let Some(shown) = self.shown.get_mut(block.index) {
                shown.html.clone_from(&block.html);
            }
        }
        changes
    }

    /// All blocks as they were returned, for whoever begins to follow later.
    pub fn all(&self) -> Changes {
        let block =
            |(index, shown): (usize, &Shown)| Block { index, html: shown.html.clone(), open: shown.is_open };
        Changes { count: self.shown.len(), blocks: self.shown.iter().enumerate().map(block).collect() }
    }

    /// Whether to render at this call.
    fn is_due(&mut self) -> bool {
        if self.is_ended || !self.is_changed || !self.throttle.is_due(self.unfinished()) {
            return false;
        }
        self.is_changed = false;
        true
    }

    /// The size of the text after the finished blocks.
    fn unfinished(&self) -> usize {
        self.tail.len() + self.lines.last_len()
    }

    /// Renders the blocks that are finished, and leaves the open one in the tail.
    fn advance(&mut self) -> Vec<Shown> {
        let mut new = Vec::new();
        if self.searched == self.tail.len() {
            return new;
        }
        let mut tail = std::mem::take(&mut self.tail);
        loop {
            let window = blocks::window(&tail);
            let starts = blocks::starts(window);
            let is_whole = window.len() == tail.len();
            let end = match starts.as_slice() {
                // Blank lines.
                [] => window.len(),
                [_] if window.len() < MAX_BLOCK => break,
                [_] => {
                    new.push(self.finished_block(window));
                    let opener = blocks::code_opener(window).map(str::to_owned);
                    let end = window.len();
                    tail.replace_range(..end, opener.as_deref().unwrap_or_default());
                    continue;
                }
                [.., last] => {
                    let texts = split_at(window, &starts);
                    let count = texts.len().saturating_sub(1);
                    new.extend(texts.into_iter().take(count).map(|text| self.finished_block(text)));
                    *last
                }
            };
            tail.replace_range(..end, "");
            if is_whole {
                break;
            }
        }
        self.searched = tail.len();
        self.tail = tail;
        new
    }

    fn finished_block(&mut self, text: &str) -> Shown {
        let index = self.finished;
        self.finished += 1;
        if !text.trim_start().starts_with(['`', '~']) {
            self.definitions.read(text);
        }
        let before = self.outline.clone();
        let mut outline = before.clone();
        let Rendered { html, unresolved: labels } = self.html(text, &mut outline);
        self.outline = outline;
        if !labels.is_empty() {
            self.unresolved.insert(index, Unresolved { text: text.to_owned(), outline: before, labels });
        }
        Shown { html, is_open: false }
    }

    /// The finished blocks whose references are defined now, by index.
    fn resolve(&mut self) -> BTreeMap<usize, String> {
        let mut unresolved = std::mem::take(&mut self.unresolved);
        unresolved.retain(|_, block| block.labels.iter().any(|label| self.definitions.get(label).is_some()));
        unresolved
            .into_iter()
            .map(|(index, mut block)| (index, self.html(&block.text, &mut block.outline).html))
            .collect()
    }

    fn html(&mut self, text: &str, outline: &mut Outline) -> Rendered {
        #[cfg(test)]
        {
            self.work += text.len();
        }
        html::render(text, &self.definitions, outline)
    }

    /// Notes the blocks from an index on, and returns those that differ.
    fn show(&mut self, first: usize, new: Vec<Shown>) -> Changes {
        let count = first + new.len();
        self.shown.truncate(count);
        let mut blocks = Vec::new();
        for (index, block) in (first..).zip(new) {
            let changed = || Block { index, html: block.html.clone(), open: block.is_open };
            match self.shown.get_mut(index) {
                Some(shown) if *shown == block => {}
                Some(shown) => {
                    blocks.push(changed());
                    *shown = block;
                }
                None => {
                    blocks.push(changed());
                    self.shown.push(block);
                }
            }
        }
        Changes { count, blocks }
    }
}

/// The texts of the blocks of a text.
fn split(text: &str) -> Vec<&str> {
    split_at(text, &blocks::starts(text))
}

/// From each position to the next one; the first from the beginning of the text.
fn split_at<'a>(text: &'a str, starts: &[usize]) -> Vec<&'a str> {
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let begins = [0].into_iter().chain(starts.iter().skip(1).copied());
    begins.zip(ends).take(starts.len()).filter_map(|(from, to)| text.get(from..to)).collect()
}

/// Whether the beginning of a line may become the mark of a heading, a list, a fence or a row. It is not shown yet: `-`
/// would make a heading of the paragraph above the list that it begins.
fn is_undecided(line: &str) -> bool {
    let is_mark = |c: char| c.is_ascii_digit() || " \t-=*_#+>|:`~.)".contains(c);
    line.len() < 200 && line.chars().all(is_mark)
}

/// Whether a block may become a table with its second line, which is not complete. It is not shown yet.
fn is_table_head(block: &str) -> bool {
    let lines = block.trim_start();
    lines.starts_with('|') && lines.matches('\n').count() < 2
}

#[cfg(test)]
mod tests;
