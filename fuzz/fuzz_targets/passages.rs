//! Any text, cut into passages, and any answer about it: nothing panics, each passage is where it says and no longer than allowed,
//! and no line is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use passages::{Limits, Shown, Source, check, split, terms};
use types::Place;

const NAMES: &[&str] = &["a.md", "a.rs", "a.txt", "a.csv", "a.rst", "a.toml", "a.adoc", "a"];

fuzz_target!(|data: &[u8]| {
    let Some(([name, max_bytes, overlap], rest)) = data.split_first_chunk() else { return };
    let text = String::from_utf8_lossy(rest);
    let name = NAMES[usize::from(*name) % NAMES.len()];
    let limits = Limits { max_bytes: usize::from(*max_bytes).max(4), overlap: usize::from(*overlap) };
    let passages = split(Source::Text { name, text: &text }, limits);
    let lines: Vec<_> = text.split('\n').collect();
    let mut is_covered = vec![false; lines.len()];
    for passage in &passages {
        let Place::Lines { first, last } = passage.place else { panic!("no lines") };
        let range = first as usize - 1..last as usize;
        assert!(lines[range.clone()].join("\n").contains(&passage.text));
        assert!(passage.text.len() <= limits.max_bytes);
        is_covered[range].fill(true);
    }
    assert!(lines.iter().zip(is_covered).all(|(line, is_covered)| is_covered || line.trim().is_empty()));
    assert!(!terms(&text).contains("  "));
    // The text itself as the answer.
    let shown: Vec<_> =
        passages.iter().take(9).map(|passage| Shown { name, place: passage.place, text: &passage.text }).collect();
    assert!(check(&text, &shown).cited.iter().all(|index| *index < shown.len()));
});
