//! Checks of searches.

use super::*;

pub(super) async fn words_are_found_by_stem_in_either_case(indexes: Indexes) {
    let owner = ann();
    let id = indexes.put(&owner, "a", &["The queues were running", "Ein Café in ZÜRICH", "日本 語"]).await;
    assert_eq!(indexes.find(&owner, &[id], "queue runs").await, ["The queues were running"]);
    assert_eq!(indexes.find(&owner, &[id], "日本").await, ["日本 語"]);
    assert_eq!(indexes.find(&owner, &[id], "zürich").await, ["Ein Café in ZÜRICH"]);
}

pub(super) async fn rare_words_count_more_than_frequent_ones(indexes: Indexes) {
    let owner = ann();
    let mut texts = vec!["common common common words here"; 30];
    texts.push("a common zebra");
    let id = indexes.put(&owner, "a", &texts).await;
    let found = indexes.find(&owner, &[id], "common zebra words").await;
    assert_eq!((found[0].as_str(), found.len()), ("a common zebra", 10));
}

pub(super) async fn hostile_queries_find_words_and_fail_never(indexes: Indexes) {
    let owner = ann();
    let id = indexes.put(&owner, "a", &["near the column and not \"quoted\""]).await;
    for query in [
        "",
        " ",
        "\"",
        "\"\"",
        "*",
        "colum*n*",
        "NEAR(",
        "NEAR(a, b)",
        "AND",
        "OR OR",
        "NOT",
        "^a",
        "-",
        "a:b",
        "{x}:y",
        "(",
        ")",
        "\\",
        "'",
        "';--",
        "\0",
        "near\0column",
        "\u{202e}",
        "&|!<->",
        "a & !",
        ":*",
        "%_",
        "👩‍👩‍👧",
    ] {
        let found = indexes.elsewhere.search_words(&owner, vec![id], query, 10).await;
        assert!(found.is_ok(), "{query:?}: {found:?}");
    }
    assert_eq!(indexes.find(&owner, &[id], "column").await.len(), 1);
    assert_eq!(indexes.find(&owner, &[id], "\"quoted").await.len(), 1);
    assert_eq!(indexes.find(&owner, &[id], "zebra NOT column").await.len(), 1, "NOT is a word");
    let long: Vec<_> = (0..20_000).map(|number| format!("w{number}")).collect();
    assert_eq!(indexes.find(&owner, &[id], &long.join(" ")).await.len(), 0);
    assert_eq!(indexes.elsewhere.search_words(&owner, vec![id], "column", 0).await, Ok(vec![]));
}

pub(super) async fn only_given_documents_are_searched(indexes: Indexes) {
    let owner = ann();
    let mut all = Vec::new();
    for number in 0..5 {
        let id = indexes.put(&owner, &format!("d{number}"), &[&format!("apple {number}")]).await;
        let ids = indexes.ids(&owner, id).await;
        indexes.embed(&owner, "m", &[(ids[0], &[1.0, 0.0])]).await;
        all.push(id);
    }
    let some = [all[3], all[1]];
    let mut found = indexes.find(&owner, &some, "apple").await;
    found.sort();
    assert_eq!(found, ["apple 1", "apple 3"]);
    assert_eq!(indexes.near(&owner, &some, "m", &[1.0, 0.0]).await.len(), 2);
    assert_eq!(indexes.find(&owner, &[], "apple").await.len(), 0);
    assert_eq!(indexes.near(&owner, &[], "m", &[1.0, 0.0]).await.len(), 0);
    // Ids that no document has, and one more than once.
    let many: Vec<i64> = (0..10_000).chain([i64::MAX, i64::MIN, all[0], all[0]]).collect();
    assert!(indexes.find(&owner, &many, "apple").await.contains(&"apple 0".to_owned()));
}

pub(super) async fn nearest_vectors_come_first(indexes: Indexes) {
    let owner = ann();
    let id = indexes.put(&owner, "a", &["north", "northeast", "east", "south", "none"]).await;
    let ids = indexes.ids(&owner, id).await;
    // Of different lengths.
    let vectors: [&[f32]; 5] = [&[0.0, 2.0], &[3.0, 3.0], &[0.5, 0.0], &[0.0, -1.0], &[0.0, 0.0]];
    let vectors: Vec<_> = ids.into_iter().zip(vectors).collect();
    indexes.embed(&owner, "m", &vectors).await;
    let near = indexes.near(&owner, &[id], "m", &[0.0, 100.0]).await;
    let near: Vec<_> = near.iter().map(|(text, score)| (text.as_str(), *score)).collect();
    assert_eq!(near[..2], [("north", 1.0), ("northeast", 0.71)]);
    assert_eq!(near[4], ("south", -1.0));
    let first = indexes.elsewhere.search_vectors(&owner, vec![id], "m", vec![0.0, 1.0], 1).await.unwrap();
    assert_eq!(indexes.texts(&owner, &first).await, ["north"]);
    // An embedding that is made again replaces the first one.
    indexes.embed(&owner, "m", &[(vectors[3].0, &[0.1, 9.0])]).await;
    assert_eq!(indexes.near(&owner, &[id], "m", &[0.1, 9.0]).await[0].0, "south");
}

pub(super) async fn vectors_of_other_models_and_lengths_are_left_out(indexes: Indexes) {
    let owner = ann();
    let id = indexes.put(&owner, "a", &["one", "two", "three"]).await;
    let ids = indexes.ids(&owner, id).await;
    indexes.embed(&owner, "m", &[(ids[0], &[1.0, 0.0]), (ids[1], &[1.0, 0.0, 0.0])]).await;
    indexes.embed(&owner, "n", &[(ids[2], &[1.0, 0.0])]).await;
    assert_eq!(indexes.near(&owner, &[id], "m", &[1.0, 0.0]).await, [("one".to_owned(), 1.0)]);
    assert_eq!(indexes.near(&owner, &[id], "m", &[1.0, 0.0, 0.0]).await, [("two".to_owned(), 1.0)]);
    assert_eq!(indexes.near(&owner, &[id], "n", &[1.0, 0.0]).await, [("three".to_owned(), 1.0)]);
    for (model, query) in [("m", vec![]), ("m", vec![1.0; 5]), ("other", vec![1.0, 0.0])] {
        assert_eq!(indexes.near(&owner, &[id], model, &query).await, []);
    }
    let summary = indexes.elsewhere.summary(&owner).await.unwrap();
    assert_eq!(summary.models, [("m".to_owned(), 2), ("n".to_owned(), 1)]);
}
