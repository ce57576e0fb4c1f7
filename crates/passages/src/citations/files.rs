//! The files that were shown, by the names that an answer uses for them.

use std::collections::HashMap;

use types::Place;

use super::{Shown, label};

/// A file of which passages were shown.
struct File<'a> {
    name: &'a str,
    /// Indexes of its passages.
    passages: Vec<usize>,
}

pub(super) struct Files<'a> {
    pub(super) shown: &'a [Shown<'a>],
    files: Vec<File<'a>>,
    by_name: HashMap<&'a str, usize>,
    by_last_part: HashMap<String, Vec<usize>>,
    by_stem: HashMap<String, Vec<usize>>,
}

/// Lines or pages, as a citation names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Lines,
    Pages,
    /// What the file has.
    Unknown,
}

/// What a citation means: how it is written, and the passages.
pub(super) type Held = (Vec<String>, Vec<usize>);

impl<'a> Files<'a> {
    pub(super) fn new(shown: &'a [Shown<'a>]) -> Self {
        let (by_last_part, by_stem) = (HashMap::new(), HashMap::new());
        let mut all = Self { shown, files: Vec::new(), by_name: HashMap::new(), by_last_part, by_stem };
        for (index, passage) in shown.iter().enumerate() {
            let next = all.files.len();
            let file = *all.by_name.entry(passage.name).or_insert(next);
            if file == next {
                all.files.push(File { name: passage.name, passages: Vec::new() });
                let last = last_part(passage.name).to_lowercase();
                if let Some((stem, _)) = last.rsplit_once('.') {
                    all.by_stem.entry(stem.to_owned()).or_default().push(file);
                }
                all.by_last_part.entry(last).or_default().push(file);
            }
            if let Some(file) = all.files.get_mut(file) {
                file.passages.push(index);
            }
        }
        all
    }

    /// The names that hold what ends or separates citations.
    pub(super) fn odd_names(&self) -> impl Iterator<Item = &'a str> {
        let is_odd = |name: &&str| name.contains(['[', ']', '(', ')', ',', ';', '、', '，', '；']);
        self.files.iter().map(|file| file.name).filter(is_odd)
    }

    /// The passages of a number, from 1.
    pub(super) fn by_number(&self, number: u32) -> Option<Held> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let passage = self.shown.get(index)?;
        Some((vec![label(passage.name, passage.place)], vec![index]))
    }

    /// Whether a name means a file that was shown, or perhaps several.
    pub(super) fn knows(&self, name: &str) -> bool {
        !self.candidates(name, true).is_empty()
    }

    /// All shown passages of a file.
    pub(super) fn whole(&self, name: &str) -> Option<Held> {
        let candidates = self.candidates(name, false);
        let [only] = candidates.as_slice() else { return None };
        let label = match only.passages.as_slice() {
            [index] => self.shown.get(*index).map(|passage| label(passage.name, passage.place)),
            _ => None,
        };
        Some((vec![label.unwrap_or_else(|| format!("[{}]", only.name))], only.passages.clone()))
    }

    /// The shown passages of a range of a file; the labels name what of the range was shown.
    pub(super) fn part(&self, name: &str, range: Range) -> Option<Held> {
        let mut held = self.candidates(name, true).into_iter().filter_map(|file| self.part_of(file, range));
        let first = held.next()?;
        // Files of the same name: neither.
        if held.next().is_none() { Some(first) } else { None }
    }

    fn part_of(&self, file: &File<'_>, range: Range) -> Option<Held> {
        let mut cited = Vec::new();
        let (mut lines, mut pages) = (Vec::new(), Vec::new());
        for index in &file.passages {
            match self.shown.get(*index)?.place {
                Place::Lines { first, last } if range.unit != Unit::Pages => {
                    let overlap = (first.max(range.first), last.min(range.last));
                    if overlap.0 <= overlap.1 {
                        lines.push(overlap);
                        cited.push(*index);
                    }
                }
                Place::Page { page }
                    if range.unit != Unit::Lines && (range.first..=range.last).contains(&page) =>
                {
                    pages.push(page);
                    cited.push(*index);
                }
                _ => {}
            }
        }
        lines.sort_unstable();
        lines.dedup_by(|next, range| {
            let is_adjacent = next.0 <= range.1.saturating_add(1);
            if is_adjacent {
                range.1 = range.1.max(next.1);
            }
            is_adjacent
        });
        pages.sort_unstable();
        pages.dedup();
        let lines = lines.into_iter().map(|(first, last)| Place::Lines { first, last });
        let places = lines.chain(pages.into_iter().map(|page| Place::Page { page }));
        let labels: Vec<_> = places.map(|place| label(file.name, place)).collect();
        (!cited.is_empty()).then_some((labels, cited))
    }

    /// The files that a name can mean.
    fn candidates(&self, name: &str, without_extension: bool) -> Vec<&File<'a>> {
        let get = |indexes: &[usize]| -> Vec<_> {
            indexes.iter().filter_map(|index| self.files.get(*index)).collect()
        };
        let name = clean(name);
        if let Some(index) = self.by_name.get(name) {
            return get(&[*index]);
        }
        let plain = name.replace('\\', "/").to_lowercase();
        let plain = plain.trim_start_matches("./").trim_start_matches('/');
        let last = last_part(plain);
        let mut found = get(self.by_last_part.get(last).map_or(&[], Vec::as_slice));
        found.retain(|file| {
            // The name may lack folders that the file has, or have those above the allowed one.
            let (file, plain) = (file.name.to_lowercase(), plain);
            ends_with_parts(&file, plain) || ends_with_parts(plain, &file)
        });
        if found.is_empty() && without_extension {
            found = get(self.by_stem.get(plain).map_or(&[], Vec::as_slice));
        }
        found
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn ends_with_parts(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|start| start.is_empty() || start.ends_with('/'))
}

/// A name without what marks it as one.
pub(super) fn clean(name: &str) -> &str {
    name.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '`' | '*' | '"' | '\'' | '\u{201c}' | '\u{201d}')
    })
}
