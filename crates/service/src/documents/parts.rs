//! Files as parts that each fit one prompt: small files together, long ones cut along their structure.

use super::selection::FileText;
use crate::chat::attachments::MAX_FILES;
use passages::{Limits, Source, label, split};
use types::Place;

/// What is repeated where running text is cut, in bytes.
const OVERLAP: usize = 200;
/// What a title and the fence around a text take, in bytes.
const TITLE: usize = 40;

/// A part of what is summarized.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Each with its title.
    pub(super) texts: Vec<(String, String)>,
    bytes: usize,
}

impl Part {
    /// What is in it, for people.
    pub(super) fn label(&self) -> String {
        match self.texts.as_slice() {
            [] => String::new(),
            [(only, _)] => only.clone(),
            [(first, _), .., (last, _)] => format!("{first} to {last}"),
        }
    }

    /// Bytes of its texts.
    pub(super) fn text_bytes(&self) -> usize {
        self.texts.iter().map(|(_, text)| text.len()).sum()
    }

    fn takes(&self, text: &str, room: usize) -> bool {
        self.texts.len() < MAX_FILES && self.bytes + text.len() + TITLE <= room
    }

    fn add(&mut self, title: String, text: String) {
        self.bytes += text.len() + TITLE;
        self.texts.push((title, text));
    }
}

/// Puts files into parts of at most `room` bytes, in their order.
pub(super) fn pack(files: &[(String, FileText)], room: usize) -> Vec<Part> {
    let pieces = files.iter().flat_map(|(name, text)| pieces(name, text, room));
    together(pieces, room)
}

/// Puts texts into parts of at most `room` bytes, in their order.
pub(super) fn together(texts: impl IntoIterator<Item = (String, String)>, room: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = Part::default();
    for (title, text) in texts {
        if !part.texts.is_empty() && !part.takes(&text, room) {
            parts.push(std::mem::take(&mut part));
        }
        part.add(title, text);
    }
    parts.extend((!part.texts.is_empty()).then_some(part));
    parts
}

/// The halves of a part that was too long; `None` where it cannot be cut.
pub(super) fn halves(part: &Part, min_bytes: usize) -> Option<Vec<Part>> {
    if part.text_bytes() < 2 * min_bytes {
        return None;
    }
    let room = part.text_bytes() / 2 + TITLE;
    let limits = Limits { max_bytes: room.saturating_sub(TITLE).max(min_bytes), overlap: 0 };
    let texts = part.texts.iter().flat_map(|(title, text)| {
        let cut = split(Source::Text { name: title, text }, limits);
        cut.into_iter().map(|piece| (title.clone(), piece.text)).collect::<Vec<_>>()
    });
    Some(together(texts, room)).filter(|parts| parts.len() > 1)
}

/// The pieces of a file, each with its title and at most `room` bytes long.
fn pieces(name: &str, text: &FileText, room: usize) -> Vec<(String, String)> {
    let max_bytes = room.saturating_sub(TITLE).max(1);
    let limits = Limits { max_bytes, overlap: OVERLAP.min(max_bytes / 10) };
    let passages = split(text.source(name), limits);
    match text {
        FileText::Text(_) if passages.len() == 1 => {
            passages.into_iter().map(|passage| (name.to_owned(), passage.text)).collect()
        }
        FileText::Text(_) => {
            passages.into_iter().map(|passage| (place_of(name, passage.place), passage.text)).collect()
        }
        FileText::Pages(_) => joined(
            passages.into_iter().map(|passage| (page_of(passage.place), passage.text)),
            name,
            max_bytes,
        ),
    }
}

/// Pages that stand one after another, joined to pieces of at most `max_bytes`.
fn joined(pages: impl Iterator<Item = (u32, String)>, name: &str, max_bytes: usize) -> Vec<(String, String)> {
    let mut pieces: Vec<(u32, u32, String)> = Vec::new();
    for (page, text) in pages {
        match pieces.last_mut() {
            Some((_, last, piece)) if piece.len() + text.len() + 2 <= max_bytes => {
                piece.push_str("\n\n");
                piece.push_str(&text);
                *last = page;
            }
            _ => pieces.push((page, page, text)),
        }
    }
    let titled = |(first, last, text)| match first == last {
        true => (place_of(name, Place::Page { page: first }), text),
        false => (format!("{name} p. {first}-{last}"), text),
    };
    pieces.into_iter().map(titled).collect()
}

fn page_of(place: Place) -> u32 {
    match place {
        Place::Page { page } => page,
        Place::Lines { first, .. } => first,
    }
}

fn place_of(name: &str, place: Place) -> String {
    label(name, place).trim_matches(['[', ']']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> (String, FileText) {
        (name.to_owned(), FileText::Text(text.to_owned()))
    }

    #[test]
    fn small_files_share_a_part() {
        let parts = pack(&[file("a", "one"), file("b", "two"), file("c", "three")], 100);
        let labels: Vec<_> = parts.iter().map(Part::label).collect();
        assert_eq!(labels, ["a to b", "c"]);
        let all: Vec<_> = parts.iter().flat_map(|part| &part.texts).map(|(name, _)| name.as_str()).collect();
        assert_eq!(all, ["a", "b", "c"]);
    }

    #[test]
    fn no_part_has_more_texts_than_a_call_takes() {
        let files: Vec<_> = (0..50).map(|n| file(&n.to_string(), "x")).collect();
        let parts = pack(&files, 100_000);
        assert!(parts.len() > 1 && parts.iter().all(|part| part.texts.len() <= MAX_FILES));
        assert_eq!(parts.iter().map(|part| part.texts.len()).sum::<usize>(), 50);
    }

    #[test]
    fn pages_are_joined_as_far_as_they_fit() {
        let pages = FileText::Pages((1..=4).map(|page| Some(format!("page {page}"))).collect());
        let parts = pack(&[("x.pdf".to_owned(), pages)], 60);
        let labels: Vec<_> = parts.iter().map(Part::label).collect();
        assert_eq!(labels, ["x.pdf p. 1-2", "x.pdf p. 3-4"]);
    }
}
