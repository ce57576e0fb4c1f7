//! Citations in an answer, and whether they hold.
//!
//! The ways to cite: `[name:31-47]`, `[name:31]`, `[name p. 4]`, and what small models write instead (`[name, page 4]`, `(name:31)`,
//! `[name lines 31-47]`, `【name:31】`, several in one bracket); the name may be its last components, or lack its extension, if no
//! other file that was shown has the same. Lines hold as far as they were shown. A name alone cites all shown passages of the
//! file. A number is that of a shown passage, from 1. What is code, a link or a footnote is no citation.
//!
//! A quotation is text in quotation marks, or after `>`, that is longer than a name: 4 words, or 12 characters of a script without
//! spaces.

mod brackets;
mod code_spans;
mod files;
mod normal;
mod quotations;
mod references;

use types::Place;

/// What stands where a quotation was.
const REMOVED: &str = "[quotation removed: not in the files]";

/// A passage that the model was given.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The file's name as the model was told it.
    pub name: &'a str,
    pub place: Place,
    pub text: &'a str,
}

/// An answer whose citations and quotations were checked.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// The answer; what does not hold is struck.
    pub text: String,
    /// The cited passages by their index in what was shown, in the order of their first citation.
    pub cited: Vec<usize>,
    /// Citations of what the model was not given.
    pub struck_citations: Vec<String>,
    /// Quotations that are in no passage.
    pub struck_quotations: Vec<String>,
}

/// How a passage is cited: `[contract.pdf p. 4]`, `[src/queue.rs:31-47]`.
pub fn label(name: &str, place: Place) -> String {
    match place {
        Place::Lines { first, last } if first == last => format!("[{name}:{first}]"),
        Place::Lines { first, last } => format!("[{name}:{first}-{last}]"),
        Place::Page { page } => format!("[{name} p. {page}]"),
    }
}

/// Checks the citations and the quotations of an answer against the passages that its model was given. A citation that holds is
/// written as [`label`] does; one that does not is taken out, and a quotation that is in no passage is replaced.
pub fn check(answer: &str, shown: &[Shown<'_>]) -> Checked {
    let code = code_spans::find(answer);
    let files = files::Files::new(shown);
    let citations = brackets::find(answer, &code, &files);
    let struck = quotations::find_struck(answer, &code, &citations, shown);
    let mut checked = Checked::default();
    let mut edits = Vec::new();
    for citation in citations {
        // One in a quotation that is struck is gone with it.
        let at = struck.partition_point(|span| span.end <= citation.start);
        if struck.get(at).is_none_or(|span| citation.end <= span.start) {
            edits.push(citation_edit(answer, citation, &mut checked));
        }
    }
    edits.extend(struck.into_iter().map(|span| quotation_edit(answer, &span, &mut checked)));
    edits.sort_by_key(|edit| edit.end);
    checked.text = apply(answer, &edits);
    checked
}

/// A citation in the answer, and what came of it.
struct Citation {
    start: usize,
    end: usize,
    /// Those that hold, as they are written.
    labels: Vec<String>,
    cited: Vec<usize>,
    struck: Vec<String>,
}

/// A replacement of a part of the answer.
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

fn quotation_edit(answer: &str, span: &quotations::Span, checked: &mut Checked) -> Edit {
    let text = answer.get(span.start..span.end).unwrap_or_default();
    checked.struck_quotations.push(text.trim().to_owned());
    let text = if span.is_block { format!("> {REMOVED}") } else { REMOVED.to_owned() };
    Edit { start: span.start, end: span.end, text }
}

fn citation_edit(answer: &str, citation: Citation, checked: &mut Checked) -> Edit {
    for index in citation.cited {
        if !checked.cited.contains(&index) {
            checked.cited.push(index);
        }
    }
    checked.struck_citations.extend(citation.struck);
    let mut start = citation.start;
    if citation.labels.is_empty() {
        let before = answer.get(..start).unwrap_or_default();
        start = before.trim_end_matches([' ', '\t']).len();
        // The indentation of a line stays.
        if start == 0 || before.get(..start).is_some_and(|before| before.ends_with('\n')) {
            start = citation.start;
        }
    }
    Edit { start, end: citation.end, text: citation.labels.join(" ") }
}

fn apply(answer: &str, edits: &[Edit]) -> String {
    let mut text = String::with_capacity(answer.len());
    let mut at = 0;
    for edit in edits {
        // The space before a struck citation may belong to what was struck before it.
        text.push_str(answer.get(at..edit.start).unwrap_or_default());
        text.push_str(&edit.text);
        at = edit.end;
    }
    text.push_str(answer.get(at..).unwrap_or_default());
    text
}

impl std::fmt::Debug for Shown<'_> {
    /// Contents of files must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").field("name", &self.name).field("place", &self.place).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Checked {
    /// As for [`Shown`].
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checked").field("cited", &self.cited).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
