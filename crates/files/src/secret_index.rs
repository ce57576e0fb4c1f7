//! Secrets by name, for many files: the patterns sorted by what a name has to have.

use std::collections::HashSet;
use std::path::Path;

use super::secret_names::SECRETS;
use super::secrets::{ends_with, plain};

/// Tells what [`super::secrets::secret_part`] tells, without trying each pattern on each name.
pub(super) struct SecretIndex {
    /// Patterns that are a name.
    names: HashSet<&'static str>,
    /// Patterns that are an ending from the last dot on.
    endings: HashSet<&'static str>,
    others: Vec<&'static str>,
}

impl SecretIndex {
    pub(super) fn new() -> Self {
        let mut index = Self { names: HashSet::new(), endings: HashSet::new(), others: Vec::new() };
        for pattern in SECRETS.iter().flat_map(|(_, patterns)| *patterns) {
            let ending = pattern.strip_prefix("*.").filter(|ending| !ending.contains(['*', '.', '/']));
            if let Some(ending) = ending {
                index.endings.insert(ending);
            } else if pattern.contains(['*', '/']) || pattern.ends_with(".@") {
                index.others.push(pattern);
            } else {
                index.names.insert(pattern);
            }
        }
        index
    }

    /// The parts of a folder, for [`Self::is_secret`].
    pub(super) fn parts(folder: &Path) -> Vec<String> {
        folder.iter().map(|part| plain(&part.to_string_lossy())).collect()
    }

    /// Whether a name in a folder looks like a secret. Adds it to the parts of the folder.
    pub(super) fn is_secret(&self, parts: &mut Vec<String>, name: &str) -> bool {
        let name = plain(name);
        let ending = name.rsplit_once('.').map(|(_, ending)| ending);
        let is_listed =
            self.names.contains(name.as_str()) || ending.is_some_and(|ending| self.endings.contains(ending));
        parts.push(name);
        is_listed || self.others.iter().any(|pattern| ends_with(parts, pattern))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secrets::secret_part;

    fn agrees(folder: &str, name: &str) {
        let mut parts = SecretIndex::parts(Path::new(folder));
        let told = secret_part(Path::new(folder), Path::new(name)).is_some();
        assert_eq!(SecretIndex::new().is_secret(&mut parts, name), told, "{folder} {name}");
    }

    #[test]
    fn index_agrees_with_each_pattern() {
        for pattern in SECRETS.iter().flat_map(|(_, patterns)| *patterns) {
            let example = pattern.replace(".@", ".json").replace('*', "x");
            let (folder, name) = example.rsplit_once('/').unwrap_or(("", &example));
            for name in [
                name.to_owned(),
                format!("{name}.bak"),
                name.to_uppercase(),
                format!("{name}.rs"),
                format!("a{name}"),
            ] {
                agrees(&format!("/home/you/{folder}"), &name);
                agrees("/home/you", &name);
            }
        }
    }

    proptest! {
        #[test]
        fn index_agrees_on_any_name(name in "[a-z.*_~#]{1,6}(\\.(pem|json|env|old|key))?") {
            agrees("/home/you/.config", &name);
        }
    }
}
