//! Emphasis beside the punctuation of Chinese, Japanese and Korean.
//!
//! By CommonMark `**` closes nothing between a full stop and a letter (`**重点：**内容`), since it expects the space that
//! other languages have there. A filler, a letter to the parser, makes the marks open and close as cmark's extension for
//! these languages has it.

use super::FILLER;

/// Appends marks of emphasis, with fillers where a neighbor would keep them from working.
pub(super) fn push_run(before: Option<char>, run: &str, rest: &str, out: &mut String) {
    let after = rest.chars().next();
    let is_mark = run.starts_with(['*', '~']);
    if is_mark && needs_filler(before, after) {
        out.push(FILLER);
    }
    out.push_str(run);
    if is_mark && needs_filler(after, before) {
        out.push(FILLER);
    }
}

/// Whether marks beside `near` would not work because of it, with `far` on the other side.
fn needs_filler(near: Option<char>, far: Option<char>) -> bool {
    near.is_some_and(|near| is_punctuation(near) && (is_cjk(near) || far.is_some_and(is_cjk)))
}

fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

fn is_punctuation(c: char) -> bool {
    matches!(c, '!'..='/' | ':'..='@' | '['..='`' | '{'..='~' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}'
        | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' | '\u{3030}'
        | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}'
        | '\u{fe30}'..='\u{fe4f}')
}
