//! Which host or client an unknown name may mean.

use text::similar::{MIN_SIMILARITY, most_similar, similarity};

/// A longer text is compared with no name.
const MAX_COMPARED: usize = 32;

/// The names of one entry of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) aliases: &'static [&'static str],
}

impl Names {
    fn all(self) -> impl Iterator<Item = String> {
        let known = [plain(self.id), plain(self.title)].into_iter();
        known.chain(self.aliases.iter().map(|&name| name.to_owned()))
    }
}

/// The ids that an unknown name may mean: those with this alias, or the most similar one.
pub(super) fn meant_by(table: &[Names], name: &str) -> Vec<&'static str> {
    let given = plain(name);
    let known = table.iter().filter(|names| names.all().any(|name| name == given));
    let known: Vec<_> = known.map(|names| names.id).collect();
    if !known.is_empty() || given.len() > MAX_COMPARED {
        return known;
    }
    // Reversed: of equally similar names the first in the table.
    let scored =
        table.iter().rev().flat_map(|names| names.all().map(|name| (similarity(&given, &name), names.id)));
    most_similar(scored, MIN_SIMILARITY).into_iter().collect()
}

/// The letters and digits of a name, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}
