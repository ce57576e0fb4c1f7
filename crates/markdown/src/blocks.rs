//! Where the blocks of a text begin.

use pulldown_cmark::{Event, Options, Parser, Tag};

/// Largest block, in bytes. A longer one is cut at a line, so that no input makes the open block expensive without bound.
pub(crate) const MAX_BLOCK: usize = 1 << 20;

/// Of GFM, what people see: no footnotes, as their text would move to the end of the document.
pub(crate) const OPTIONS: Options =
    Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH).union(Options::ENABLE_TASKLISTS);

/// Where the lines of the top-level blocks begin. The text of a block ends where the next one begins.
///
/// In a text of complete lines, all but the last block are finished: a block has begun after them, and the link
/// definitions, which could change that, are not parsed as such (see `input.rs`).
pub(crate) fn starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(text, OPTIONS).into_offset_iter() {
        let is_top = depth == 0;
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            _ => {}
        }
        if is_top {
            let line = text.get(..range.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
            if starts.last() != Some(&line) {
                starts.push(line);
            }
        }
    }
    starts
}

/// The part of a text of complete lines that holds a block of the greatest size.
pub(crate) fn window(text: &str) -> &str {
    let Some(rest) = text.as_bytes().get(MAX_BLOCK..) else { return text };
    match rest.iter().position(|byte| *byte == b'\n') {
        Some(at) => text.get(..MAX_BLOCK + at + 1).unwrap_or(text),
        None => text,
    }
}

/// The line that opens the code block which a text begins with, and which is cut.
pub(crate) fn code_opener(text: &str) -> Option<&str> {
    let (event, range) = Parser::new_ext(text, OPTIONS).into_offset_iter().next()?;
    let Event::Start(Tag::CodeBlock(pulldown_cmark::CodeBlockKind::Fenced(_))) = event else { return None };
    text.get(range.start..)?.split_inclusive('\n').next()
}
