//! "Did you mean": which of several names was meant by one that is not among them.

/// Below this similarity a name is no suggestion.
pub const MIN_SIMILARITY: f64 = 0.6;

/// The most similar of `names`, where one is similar enough.
pub fn nearest<'a>(meant: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    most_similar(names.into_iter().map(|name| (similarity(name, meant), name)), MIN_SIMILARITY)
}

/// The name with the highest score, the last of several, where that is at least `min`.
pub fn most_similar<'a>(scored: impl Iterator<Item = (f64, &'a str)>, min: f64) -> Option<&'a str> {
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
}
