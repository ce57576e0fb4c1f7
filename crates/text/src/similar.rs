//! "Did you mean": which of several names was meant by one that is not among them.

/// Below this similarity a name is no suggestion: at most two of five letters may differ.
pub const MIN_SIMILARITY: f64 = 0.6;
/// The same for short words, on the scale of [`nearest_word`].
const MIN_WORD_SIMILARITY: f64 = 0.7;

/// The most similar of `names`, where one is similar enough.
pub fn nearest<'a>(meant: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    most_similar(names.into_iter().map(|name| (similarity(name, meant), name)), MIN_SIMILARITY)
}

/// As [`nearest`], for short words. Two edits are half of a word of four letters, so these are compared by Jaro-Winkler,
/// in which a common beginning counts more: `trie` finds `try`.
pub fn nearest_word<'a>(meant: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = words.into_iter().map(|word| (strsim::jaro_winkler(meant, word), word));
    most_similar(scored, MIN_WORD_SIMILARITY)
}

/// The name with the highest score, the last of several, where that is at least `min`.
pub fn most_similar<T>(scored: impl Iterator<Item = (f64, T)>, min: f64) -> Option<T> {
    scored.filter(|(score, _)| *score >= min).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// How alike two texts are, from 0 to 1, by the edits that lead from one to the other. It takes time in the product of
/// their lengths.
pub fn similarity(a: &str, b: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name_is_suggested_and_a_distant_one_is_not() {
        assert_eq!(nearest("num_cxt", ["num_ctx", "num_gpu"]), Some("num_ctx"));
        assert_eq!(nearest("mirostat_zz", ["num_ctx", "num_gpu"]), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn short_word_is_found_by_its_beginning() {
        assert_eq!(nearest("trie", ["try", "doctor"]), None);
        assert_eq!(nearest_word("trie", ["try", "doctor"]), Some("try"));
        assert_eq!(nearest_word("zzzz", ["try", "doctor"]), None);
    }
}
