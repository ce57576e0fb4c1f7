//! The words of a search, as conditions of a statement.

use crate::database::Value;

/// More words than these narrow nothing.
const MAX_WORDS: usize = 8;
/// The end of a longer word is not compared.
const MAX_WORD: usize = 100;

/// The words that a conversation must have in its title or its messages, in any order and in either case.
///
/// The databases fold the case of ASCII alone in the same way. A word with other letters is looked for in three spellings: in
/// lower case, in upper case and with a capital.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// For each word the patterns of which one must match.
    words: Vec<Vec<String>>,
}

impl Search {
    /// Reads the words of a text.
    pub fn new(text: &str) -> Self {
        Self { words: text.split_whitespace().take(MAX_WORDS).map(patterns).collect() }
    }

    /// Adds the conditions to a statement about conversations `c`. Parameters are numbered in their order.
    pub(super) fn add_to(&self, sql: &mut String, parameters: &mut Vec<Value>) {
        for word in &self.words {
            let matching = |column: &str, first: usize| {
                let each =
                    (first..first + word.len()).map(|number| format!("{column} LIKE ${number} ESCAPE '!'"));
                each.collect::<Vec<_>>().join(" OR ")
            };
            let first = parameters.len() + 1;
            sql.push_str(&format!(
                " AND ({} OR EXISTS (SELECT 1 FROM messages s WHERE s.owner = c.owner AND s.conversation_id = c.id AND ({})))",
                matching("lower(coalesce(c.title, ''))", first),
                matching("lower(s.content)", first),
            ));
            parameters.extend(word.iter().map(|pattern| pattern.as_str().into()));
        }
    }
}

/// A word as patterns of LIKE, without those that say the same.
fn patterns(word: &str) -> Vec<String> {
    let word: String = word.chars().take(MAX_WORD).collect();
    let (lower, upper) = (word.to_lowercase(), word.to_uppercase());
    let mut letters = lower.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let mut patterns: Vec<String> = Vec::new();
    for spelling in [lower, upper, capital] {
        // The column is folded by `lower`, which in SQLite changes ASCII alone.
        let pattern = escaped(&spelling.to_ascii_lowercase());
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}

fn escaped(word: &str) -> String {
    let mut pattern = String::from("%");
    for c in word.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_of_ascii_has_one_pattern_and_others_have_their_cases() {
        assert_eq!(patterns("Tokyo"), ["%tokyo%"]);
        assert_eq!(patterns("100%_!"), ["%100!%!_!!%"]);
        assert_eq!(patterns("東京"), ["%東京%"]);
        assert_eq!(patterns("Öl"), ["%öl%", "%Öl%"]);
        assert_eq!(patterns("größe"), ["%größe%", "%grÖsse%"]);
        assert_eq!(patterns("ёлка"), ["%ёлка%", "%ЁЛКА%", "%Ёлка%"]);
    }

    #[test]
    fn statement_numbers_its_parameters_in_order() {
        let (mut sql, mut parameters) = (String::new(), vec![Value::Null; 3]);
        Search::new("Öl b").add_to(&mut sql, &mut parameters);
        assert_eq!(parameters.len(), 6);
        let places = |number: usize| sql.find(&format!("${number} ")).unwrap();
        assert!(places(4) < places(5) && places(5) < places(6) && !sql.contains("$7"), "{sql}");
        assert_eq!(Search::new("  "), Search::default());
    }
}
