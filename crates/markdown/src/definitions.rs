//! Definitions of links (`[1]: https://...`), found by ourselves.
//!
//! The parser is kept from seeing them (`input.rs`): a definition is shown where it is, as models list their sources in
//! this way, and a reference is resolved by all definitions of the text, whichever block they are in.

use std::collections::HashMap;

use crate::{input, link};

/// Longest label, in bytes: CommonMark allows 999 characters.
const MAX_LABEL: usize = 1_000;

#[derive(Default)]
pub(crate) struct Definitions(HashMap<String, String>);

impl Definitions {
    /// Adds those of a block. The first definition of a label counts.
    pub(crate) fn read(&mut self, block: &str) {
        if !block.contains('[') {
            return;
        }
        for (label, address) in block.lines().filter_map(definition) {
            self.0.entry(label).or_insert(address);
        }
    }

    pub(crate) fn get(&self, label: &str) -> Option<&str> {
        self.0.get(&normalized(label)).map(String::as_str)
    }
}

/// The label and the address of a line that is a definition, in a list or a quote, too.
fn definition(line: &str) -> Option<(String, String)> {
    let line = line.trim_start_matches([' ', '\t', '>', '-', '*', '+']).strip_prefix('[')?;
    let line = input::plain(line);
    let (label, rest) = line.split_once("]:")?;
    if label.len() > MAX_LABEL || label.trim().is_empty() || label.contains(['[', ']']) {
        return None;
    }
    let address = rest.split_whitespace().next()?.trim_start_matches('<').trim_end_matches('>');
    Some((normalized(label), link::address(address)?))
}

/// Labels match whatever their case and spaces.
fn normalized(label: &str) -> String {
    label.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}
