//! Whether an answer is supported by the passages that its model was given.

use std::collections::HashSet;

use super::prompts::NOT_IN_FILES;
use crate::hint::Warning;
use passages::{Checked, Shown, terms};

/// Shorter words say little of what an answer is about.
const MIN_WORD: usize = 4;
/// An answer without a valid citation is supported if so much of its words stands in the passages.
const SUPPORTED: f64 = 0.6;
/// Passages that are named for an answer that names none.
const MAX_MATCHED: usize = 3;
/// What a warning tells of a reply that was left out, in characters.
const MAX_TOLD: usize = 300;

/// An answer that the passages support.
pub(super) struct Supported {
    pub(super) text: String,
    /// The passages that it cites, or comes from.
    pub(super) cited: Vec<usize>,
    pub(super) struck: Vec<String>,
    pub(super) warnings: Vec<Warning>,
}

/// Checks an answer; `None`: the passages do not hold it, by the model's own word or as nothing of it stands in them.
pub(super) fn check(question: &str, reply: &str, shown: &[Shown<'_>]) -> Option<Supported> {
    let Checked { text, cited, struck_citations, struck_quotations } = passages::check(reply, shown);
    let text = text.trim().to_owned();
    if says_not_found(&text) {
        return None;
    }
    let mut warnings = Vec::new();
    let struck: Vec<_> = struck_citations.iter().chain(&struck_quotations).cloned().collect();
    if !struck_citations.is_empty() {
        let count = struck_citations.len();
        warnings.push(Warning::new(format!(
            "{count} citations were struck: the model was given no such passage."
        )));
    }
    if !struck_quotations.is_empty() {
        let count = struck_quotations.len();
        warnings.push(Warning::new(format!(
            "{count} quotations were struck: they do not stand in the passages."
        )));
    }
    if !cited.is_empty() {
        return Some(Supported { text, cited, struck, warnings });
    }
    let cited = supporting(question, &text, shown)?;
    warnings.push(Warning::new(
        "The model cited no passage; the places are those whose words its answer shares. Check it there.",
    ));
    Some(Supported { text, cited, struck, warnings })
}

/// A warning with a reply that the passages do not support; `None` where the model itself said so.
pub(super) fn unsupported(reply: &str) -> Option<Warning> {
    if says_not_found(reply) || reply.trim().is_empty() {
        return None;
    }
    let told: String = reply.trim().chars().take(MAX_TOLD).collect();
    Some(Warning::new(format!("The model's reply was left out, as the passages do not support it: {told:?}")))
}

/// Whether a reply is the one for an answer that is not there.
fn says_not_found(reply: &str) -> bool {
    let plain: String = reply.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
    plain.trim().to_uppercase().starts_with(NOT_IN_FILES)
}

/// The passages whose words an answer shares, the most first; `None` where too few of its words stand in any.
fn supporting(question: &str, answer: &str, shown: &[Shown<'_>]) -> Option<Vec<usize>> {
    let asked = words(question);
    let said: HashSet<String> = words(answer).difference(&asked).cloned().collect();
    if said.is_empty() {
        return None;
    }
    let held: Vec<HashSet<String>> = shown.iter().map(|shown| words(shown.text)).collect();
    let is_held = |word: &&String| held.iter().any(|words| words.contains(*word));
    if (said.iter().filter(is_held).count() as f64) < SUPPORTED * said.len() as f64 {
        return None;
    }
    let mut ranked: Vec<_> = held
        .iter()
        .map(|held| held.intersection(&said).count())
        .enumerate()
        .filter(|(_, shared)| *shared > 0)
        .collect();
    ranked.sort_by_key(|(index, shared)| (std::cmp::Reverse(*shared), *index));
    let most = ranked.first().map_or(0, |(_, shared)| *shared);
    // Those that share half as much may be about something else.
    Some(
        ranked
            .into_iter()
            .filter(|(_, shared)| shared * 2 > most)
            .take(MAX_MATCHED)
            .map(|(index, _)| index)
            .collect(),
    )
}

/// The longer words of a text, and its numbers.
fn words(text: &str) -> HashSet<String> {
    let is_telling = |word: &&str| word.len() >= MIN_WORD || word.bytes().any(|byte| byte.is_ascii_digit());
    terms(text).split(' ').filter(is_telling).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Place;

    const TEXT: &str = "The quarterly budget of Neptune was 4 million euros, approved by Dr. Abel in Bremen.";

    fn shown() -> [Shown<'static>; 2] {
        let place = Place::Lines { first: 1, last: 2 };
        [
            Shown { name: "a.md", place, text: "Nothing of interest stands here, only weather." },
            Shown { name: "b.md", place, text: TEXT },
        ]
    }

    #[test]
    fn reply_of_the_model_that_files_hold_no_answer_is_recognized() {
        for reply in [
            "NOT IN THESE FILES",
            "Not in these files.",
            "**NOT IN THESE FILES**",
            " not in these files: sorry",
        ] {
            assert!(check("Who?", reply, &shown()).is_none(), "{reply}");
            assert!(unsupported(reply).is_none(), "{reply}");
        }
    }

    #[test]
    fn answer_without_citation_gets_the_passages_whose_words_it_shares() {
        let supported = check("Who approved it?", "It was approved by Abel in Bremen.", &shown()).unwrap();
        assert_eq!(supported.cited, [1]);
        assert!(supported.warnings[0].text.contains("cited no passage"), "{:?}", supported.warnings);
    }

    #[test]
    fn answer_that_no_passage_supports_is_left_out() {
        let reply = "The capital of France is Paris, which lies on the river Seine.";
        assert!(check("What is the capital of France?", reply, &shown()).is_none());
        assert!(unsupported(reply).unwrap().text.contains("river Seine"));
    }
}
