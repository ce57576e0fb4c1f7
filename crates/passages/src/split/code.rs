//! The outline of source code of any language, by its indentation and blank lines.

use super::outline::{Block, Outline, Style, lines};

/// How many blocks deep headings go.
const MAX_DEPTH: usize = 3;
/// Lines that open a block which is no definition.
const CONTROL: &[&str] = &[
    "async", "await", "begin", "break", "case", "catch", "continue", "default", "do", "elif", "else",
    "elseif", "elsif", "end", "ensure", "except", "finally", "for", "foreach", "if", "import", "in", "let",
    "loop", "match", "rescue", "return", "switch", "then", "throw", "try", "unless", "until", "use", "using",
    "when", "while", "with", "yield",
];

/// The blocks are runs of lines without a blank one; one that ends with a closing bracket ends a block too.
pub(super) fn outline(text: &str) -> Outline {
    let mut scan = Scan { text, outline: Outline::default(), stack: Vec::new(), open: None };
    let mut is_after_blank = true;
    let mut closed = None;
    for (start, line) in lines(text) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            is_after_blank = true;
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let (start_of_text, end) = (start + indent, start + line.trim_end().len());
        let column = columns(line);
        let closes =
            trimmed.starts_with(['}', ')', ']', '{']) || trimmed == "end" || trimmed.starts_with("where");
        let begins = is_after_blank || closed.is_some_and(|closed| column <= closed);
        match &mut scan.open {
            Some(open) if !begins || closes => open.block.end = end,
            _ => scan.begin(start, end, column, is_after_blank),
        }
        if !closes && !is_comment(trimmed) {
            scan.line(Line { column, start: start_of_text, end, heading: None });
        }
        closed = closes.then_some(column);
        is_after_blank = false;
    }
    scan.finish();
    scan.outline
}

/// A line that the lines below may be part of.
struct Line {
    column: usize,
    start: usize,
    end: usize,
    heading: Option<usize>,
}

struct Open {
    block: Block,
    column: usize,
    /// How many lines with the least indentation it has, comments and closing brackets aside.
    first_lines: usize,
    has_inner_lines: bool,
}

struct Scan<'a> {
    text: &'a str,
    outline: Outline,
    /// The lines that the present one is part of, outermost first.
    stack: Vec<Line>,
    open: Option<Open>,
}

impl Scan<'_> {
    fn begin(&mut self, start: usize, end: usize, column: usize, is_after_blank: bool) {
        self.finish();
        self.stack.truncate(self.stack.partition_point(|line| line.column < column));
        let heading = self.heading(self.stack.len());
        // A blank line is the stronger boundary.
        let level = u8::try_from(column.min(100) * 2 + usize::from(!is_after_blank)).unwrap_or(u8::MAX);
        let block = Block { start, end, level, style: Style::Code, heading };
        self.open = Some(Open { block, column, first_lines: 0, has_inner_lines: false });
    }

    fn line(&mut self, line: Line) {
        if let Some(open) = &mut self.open {
            if line.column <= open.column {
                open.first_lines += 1;
            } else {
                open.has_inner_lines = true;
            }
        }
        self.stack.truncate(self.stack.partition_point(|above| above.column < line.column));
        self.stack.push(line);
    }

    fn finish(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        // One definition: it is part of its own block.
        if open.first_lines == 1 && open.has_inner_lines {
            open.block.heading = self.heading(self.stack.partition_point(|line| line.column <= open.column));
        }
        self.outline.blocks.push(open.block);
    }

    /// The heading of what is below the first lines of the stack.
    fn heading(&mut self, lines: usize) -> Option<usize> {
        let mut parent = None;
        for line in self.stack.iter_mut().take(lines.min(MAX_DEPTH)) {
            if line.heading.is_none() {
                let Some(definition) = definition(self.text.get(line.start..line.end)?) else { break };
                line.heading =
                    Some(self.outline.add_heading(parent, line.start, line.start + definition.len()));
            }
            parent = line.heading;
        }
        parent
    }
}

/// The part of a line that defines something: without the bracket or the colon at its end.
fn definition(line: &str) -> Option<&str> {
    let is_key = line.starts_with('"') && line.contains("\":");
    if line.ends_with([';', ',']) || !(is_key || line.starts_with(|c: char| c.is_alphabetic() || c == '_')) {
        return None;
    }
    let word = line.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let name = line.trim_end_matches(|c: char| c.is_whitespace() || "{:([=".contains(c));
    let is_function =
        ["async fn", "async def", "async function", "default "].iter().any(|start| line.starts_with(start));
    (!name.is_empty() && (is_function || !CONTROL.contains(&word))).then_some(name)
}

/// Comments and attributes: what they are about follows.
fn is_comment(line: &str) -> bool {
    line.starts_with(['#', '@', '*', '%', ';', '/', '<']) || line.starts_with("--")
}

/// The width of the indentation. A tab counts as four.
fn columns(line: &str) -> usize {
    line.chars().take(200).take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum()
}
