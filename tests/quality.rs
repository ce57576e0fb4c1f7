//! The questions of `benches/quality`: each passage that answers one is in its file, so that they cannot go stale in silence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    question: String,
    /// The file with the answer, from the root of the repository.
    file: String,
    /// A text of the passage that answers.
    holds: String,
    /// What the question shares with the passage: words, its meaning alone, both, or not even the language.
    kind: String,
}

#[test]
fn every_question_has_its_passage_in_its_file() {
    for question in questions() {
        let text = std::fs::read_to_string(root().join(&question.file));
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", question.file));
        assert!(
            one_line(&text).contains(&one_line(&question.holds)),
            "{} has no {:?} any more, which answers {:?}; change that line of tests/quality/questions.jsonl",
            question.file,
            question.holds,
            question.question
        );
    }
}

#[test]
fn set_has_two_hundred_different_questions_of_every_kind() {
    let questions = questions();
    assert_eq!(questions.len(), 200);
    let different: BTreeSet<_> = questions.iter().map(|question| &question.question).collect();
    assert_eq!(different.len(), 200, "a question is there twice");
    let mut kinds = BTreeMap::<_, usize>::new();
    for question in &questions {
        *kinds.entry(question.kind.as_str()).or_default() += 1;
    }
    assert_eq!(kinds.keys().copied().collect::<Vec<_>>(), ["language", "meaning", "mixed", "words"]);
    assert!(kinds.values().all(|&count| count >= 10), "{kinds:?}");
    let of_source = questions.iter().filter(|question| question.file.ends_with(".rs")).count();
    assert_eq!(of_source, 80, "40 % are about source");
}

fn questions() -> Vec<Question> {
    let text = std::fs::read_to_string(root().join("tests/quality/questions.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
