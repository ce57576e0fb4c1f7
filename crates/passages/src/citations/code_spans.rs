//! The code in a Markdown text.

use std::collections::HashMap;

/// Parts of a text, in order, that do not overlap.
pub(super) struct Spans(Vec<(usize, usize)>);

impl Spans {
    /// The part that a position is in.
    pub(super) fn around(&self, at: usize) -> Option<(usize, usize)> {
        let index = self.0.partition_point(|(_, end)| *end <= at);
        self.0.get(index).copied().filter(|(start, _)| *start <= at)
    }
}

/// The blocks of code between fences, and code within lines.
pub(super) fn find(text: &str) -> Spans {
    let mut spans = Vec::new();
    let mut fence: Option<(usize, char, usize)> = None;
    let mut paragraph: Option<usize> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (start, trimmed) = (at, line.trim());
        at += line.len();
        if let Some((opened, mark, count)) = fence {
            if trimmed.len() >= count && trimmed.chars().all(|c| c == mark) {
                spans.push((opened, at));
                fence = None;
            }
            continue;
        }
        let opening = opening_fence(trimmed);
        if trimmed.is_empty() || opening.is_some() {
            if let Some(begin) = paragraph.take() {
                within_lines(text, begin, start, &mut spans);
            }
            fence = opening.map(|(mark, count)| (start, mark, count));
        } else {
            paragraph = paragraph.or(Some(start));
        }
    }
    match (fence, paragraph) {
        (Some((opened, ..)), _) => spans.push((opened, text.len())),
        (_, Some(begin)) => within_lines(text, begin, text.len(), &mut spans),
        _ => {}
    }
    Spans(spans)
}

fn opening_fence(line: &str) -> Option<(char, usize)> {
    // In a quotation, too.
    let line = line.trim_start_matches(['>', ' ']);
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let count = line.chars().take_while(|c| *c == mark).count();
    let is_fence = count >= 3 && !(mark == '`' && line.get(count..).is_some_and(|rest| rest.contains('`')));
    is_fence.then_some((mark, count))
}

/// Code within the lines of a paragraph: from some backticks to the next run of as many.
fn within_lines(text: &str, begin: usize, end: usize, spans: &mut Vec<(usize, usize)>) {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let bytes = text.as_bytes().get(begin..end).unwrap_or_default();
    for (at, _) in (begin..).zip(bytes).filter(|(_, byte)| **byte == b'`') {
        match runs.last_mut() {
            Some((_, run_end)) if *run_end == at => *run_end = at + 1,
            _ => runs.push((at, at + 1)),
        }
    }
    // From the end: for each run, where the next one of its length is.
    let mut next_of_len = HashMap::new();
    let mut closers = vec![None; runs.len()];
    for (index, ((start, end), closer)) in runs.iter().zip(&mut closers).enumerate().rev() {
        *closer = next_of_len.insert(end - start, index);
    }
    let mut index = 0;
    while let Some((start, _)) = runs.get(index) {
        match closers.get(index).copied().flatten().and_then(|closer| Some((closer, runs.get(closer)?))) {
            Some((closer, (_, end))) => {
                spans.push((*start, *end));
                index = closer + 1;
            }
            None => index += 1,
        }
    }
}
