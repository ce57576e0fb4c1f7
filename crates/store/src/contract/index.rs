//! Checks of [`PassageIndex`], which each index runs.

use super::*;
use crate::{
    Hit, IndexedDocument, NewDocument, NewPassage, PassageIndex, SqliteIndex, Upload, UploadCount, Uploads,
};
use search::*;
use types::Place;

mod search;

/// Two handles on one empty index, as two processes have them.
#[derive(Debug, Clone)]
pub struct Indexes {
    pub here: Arc<dyn PassageIndex>,
    pub elsewhere: Arc<dyn PassageIndex>,
    /// Where the index takes only documents that are uploads.
    pub uploads: Option<Uploads>,
}

impl From<SqliteIndex> for Indexes {
    fn from(index: SqliteIndex) -> Self {
        Self { here: Arc::new(index.clone()), elsewhere: Arc::new(index), uploads: None }
    }
}

checks! {
    /// The checks of an index.
    INDEX_CHECKS: Indexes;
    document_comes_back_as_written,
    replaced_document_keeps_embeddings_of_same_passages,
    removed_document_is_found_no_more,
    cleared_owner_has_nothing_and_others_all,
    owners_share_no_document_and_no_hit,
    prefix_is_no_pattern,
    words_are_found_by_stem_in_either_case,
    rare_words_count_more_than_frequent_ones,
    hostile_queries_find_words_and_fail_never,
    only_given_documents_are_searched,
    nearest_vectors_come_first,
    vectors_of_other_models_and_lengths_are_left_out,
    missing_embeddings_are_counted_and_bounded,
    passages_are_read_in_order_and_from_a_position,
    concurrent_writes_are_all_there,
}

/// Runs every check on indexes that `open` makes for it.
///
/// # Panics
/// A check failed.
pub async fn check_all_indexes(open: impl AsyncFn(&'static str) -> Indexes) {
    let mut failed = Vec::new();
    for check in INDEX_CHECKS {
        let indexes = open(check.name).await;
        failed.extend(fails(check, indexes).await);
    }
    assert!(failed.is_empty(), "failed: {failed:?}");
}

fn passage(text: &str, line: u32) -> NewPassage {
    NewPassage {
        place: Place::Lines { first: line, last: line + 1 },
        heading: None,
        text: text.to_owned(),
        terms: text.to_owned(),
    }
}

pub(crate) fn document(key: &str, texts: &[&str]) -> NewDocument {
    NewDocument {
        key: key.to_owned(),
        name: format!("{key} for people"),
        hash: vec![1, 2, 0, 255],
        size: 77,
        modified_ns: 1_700_000_000_123_456_789,
        cut: 3,
        passages: texts.iter().zip(1..).map(|(text, line)| passage(text, line)).collect(),
    }
}

impl Indexes {
    pub(crate) async fn put_document(&self, owner: &Owner, document: NewDocument) -> i64 {
        if let Some(uploads) = &self.uploads {
            assert!(uploads.claim_directory("here").await.unwrap());
            let id = document.key.clone();
            let upload = Upload {
                owner: owner.clone(),
                name: id.clone(),
                filename: format!("{}_{id}", owner.as_str()),
                media_type: "text/plain".into(),
                purpose: "user_data".into(),
                bytes: 1,
                created: at(1),
                expires: None,
                id,
            };
            let limit = UploadCount { files: 10_000, bytes: 1 << 40 };
            // A document that is replaced has its upload already.
            let _ = uploads.add(&upload, limit, "here").await;
        }
        self.here.put(owner, document).await.unwrap()
    }

    async fn put(&self, owner: &Owner, key: &str, texts: &[&str]) -> i64 {
        self.put_document(owner, document(key, texts)).await
    }

    async fn ids(&self, owner: &Owner, document: i64) -> Vec<i64> {
        let found = self.elsewhere.passages_of(owner, document, 0, 1000).await.unwrap();
        found.into_iter().map(|passage| passage.id).collect()
    }

    async fn texts(&self, owner: &Owner, hits: &[Hit]) -> Vec<String> {
        let ids = hits.iter().map(|hit| hit.passage).collect();
        let found = self.elsewhere.passages(owner, ids).await.unwrap();
        found.into_iter().map(|passage| passage.text).collect()
    }

    /// The texts that words find, the best first.
    async fn find(&self, owner: &Owner, documents: &[i64], terms: &str) -> Vec<String> {
        let hits = self.elsewhere.search_words(owner, documents.to_vec(), terms, 10).await.unwrap();
        assert!(hits.is_sorted_by(|a, b| a.score >= b.score), "{hits:?}");
        self.texts(owner, &hits).await
    }

    async fn near(&self, owner: &Owner, documents: &[i64], model: &str, query: &[f32]) -> Vec<(String, f64)> {
        let hits = self.elsewhere.search_vectors(owner, documents.to_vec(), model, query.to_vec(), 10);
        let hits = hits.await.unwrap();
        let texts = self.texts(owner, &hits).await;
        texts.into_iter().zip(hits.into_iter().map(|hit| (hit.score * 100.0).round() / 100.0)).collect()
    }

    async fn embed(&self, owner: &Owner, model: &str, vectors: &[(i64, &[f32])]) {
        let vectors = vectors.iter().map(|(id, vector)| (*id, vector.to_vec())).collect();
        self.here.put_embeddings(owner, model, vectors).await.unwrap();
    }

    async fn missing(&self, owner: &Owner, document: i64, model: &str) -> usize {
        self.elsewhere.unembedded(owner, vec![document], model, 10).await.unwrap().1
    }

    async fn keys(&self, owner: &Owner) -> Vec<String> {
        let found = self.elsewhere.documents_below(owner, "").await.unwrap();
        found.into_iter().map(|document| document.key).collect()
    }
}

async fn document_comes_back_as_written(indexes: Indexes) {
    let owner = ann();
    let mut new = document("notes-ü", &["one", "two"]);
    new.passages[1].place = Place::Page { page: 9 };
    new.passages[1].heading = Some("A heading".into());
    let id = indexes.put_document(&owner, new.clone()).await;
    let found = indexes.elsewhere.documents(&owner, vec!["missing".into(), "notes-ü".into()]).await.unwrap();
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert!(found.indexed.elapsed().unwrap() < Duration::from_secs(600));
    let expected = IndexedDocument {
        id,
        key: new.key,
        name: new.name,
        hash: new.hash,
        size: 77,
        modified_ns: new.modified_ns,
        cut: 3,
        passages: 2,
        indexed: found.indexed,
    };
    assert_eq!(*found, expected);
    let passages = indexes.elsewhere.passages_of(&owner, id, 0, 9).await.unwrap();
    assert_eq!(passages.iter().map(|passage| passage.position).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((passages[0].place, passages[0].text.as_str()), (Place::Lines { first: 1, last: 2 }, "one"));
    assert_eq!(
        (passages[1].place, passages[1].heading.as_deref()),
        (Place::Page { page: 9 }, Some("A heading"))
    );
    assert!(passages.iter().all(|passage| passage.document == id));

    indexes.here.touch(&owner, id, "renamed", 78, -5).await.unwrap();
    let found = indexes.elsewhere.documents(&owner, vec!["notes-ü".into()]).await.unwrap();
    assert_eq!((found[0].name.as_str(), found[0].size, found[0].modified_ns), ("renamed", 78, -5));
    assert_eq!((found[0].hash.clone(), found[0].passages), (expected.hash, 2));
    assert!(found[0].indexed >= expected.indexed, "what is touched was read at that moment");
    let summary = indexes.elsewhere.summary(&owner).await.unwrap();
    assert_eq!((summary.documents.len(), summary.models), (1, vec![]));
}

async fn replaced_document_keeps_embeddings_of_same_passages(indexes: Indexes) {
    let owner = ann();
    let old = indexes.put(&owner, "a", &["same", "changed", "same under a heading"]).await;
    let ids = indexes.ids(&owner, old).await;
    indexes.embed(&owner, "m", &[(ids[0], &[1.0, 0.0]), (ids[1], &[0.0, 1.0]), (ids[2], &[0.6, 0.8])]).await;
    indexes.embed(&owner, "n", &[(ids[0], &[1.0, 0.0, 0.0])]).await;
    let mut new = document("a", &["new", "same under a heading", "same", "same"]);
    new.passages[1].heading = Some("Heading".into());
    let new = indexes.put_document(&owner, new).await;
    assert_eq!(indexes.missing(&owner, new, "m").await, 2, "what is new, and what got a heading");
    let near = indexes.near(&owner, &[old, new], "m", &[1.0, 0.0]).await;
    assert_eq!(near, [("same".to_owned(), 1.0), ("same".to_owned(), 1.0)]);
    assert_eq!(indexes.near(&owner, &[new], "n", &[1.0, 0.0, 0.0]).await.len(), 2);
    assert_eq!(indexes.find(&owner, &[old, new], "changed").await, Vec::<String>::new());
    assert_eq!(indexes.find(&owner, &[old, new], "new").await, ["new"]);
    // An id that was given out does not mean another passage.
    let held = indexes.elsewhere.passages(&owner, ids).await.unwrap();
    assert!(held.iter().all(|passage| passage.text != "new"), "{held:?}");
    assert_eq!(indexes.elsewhere.documents(&owner, vec!["a".into()]).await.unwrap()[0].id, new);
}

async fn removed_document_is_found_no_more(indexes: Indexes) {
    let owner = ann();
    let gone = indexes.put(&owner, "gone", &["apples", "pears"]).await;
    let stays = indexes.put(&owner, "stays", &["apples too"]).await;
    for document in [gone, stays] {
        let ids = indexes.ids(&owner, document).await;
        indexes.embed(&owner, "m", &[(ids[0], &[1.0, 0.0])]).await;
    }
    let keys = || vec!["gone".to_owned(), "missing".to_owned()];
    assert_eq!(indexes.here.remove(Some(&owner), keys()).await, Ok(1));
    assert_eq!(indexes.here.remove(Some(&owner), keys()).await, Ok(0));
    assert_eq!(indexes.find(&owner, &[gone, stays], "apples pears").await, ["apples too"]);
    assert_eq!(
        indexes.near(&owner, &[gone, stays], "m", &[1.0, 0.0]).await,
        [("apples too".to_owned(), 1.0)]
    );
    assert_eq!(indexes.elsewhere.passages_of(&owner, gone, 0, 9).await, Ok(vec![]));
    assert_eq!(indexes.keys(&owner).await, ["stays"]);
    // Whoever owns it, as for uploads that expired.
    assert_eq!(indexes.here.remove(None, vec!["stays".into()]).await, Ok(1));
    assert_eq!(indexes.keys(&owner).await, Vec::<String>::new());
}

async fn cleared_owner_has_nothing_and_others_all(indexes: Indexes) {
    let (ann, local) = (ann(), Owner::local());
    indexes.put(&ann, "a", &["apples"]).await;
    indexes.put(&ann, "b", &["apples"]).await;
    let kept = indexes.put(&local, "c", &["apples"]).await;
    assert_eq!(indexes.here.clear(Some(&ann)).await, Ok(2));
    assert_eq!(indexes.keys(&ann).await, Vec::<String>::new());
    assert_eq!(indexes.find(&local, &[kept], "apples").await, ["apples"]);
    let again = indexes.put(&ann, "a", &["pears"]).await;
    assert_eq!(indexes.find(&ann, &[again, kept], "apples").await, Vec::<String>::new());
    assert_eq!(indexes.here.clear(None).await, Ok(2));
    assert_eq!(indexes.find(&local, &[kept], "apples").await, Vec::<String>::new());
    let again = indexes.put(&local, "c", &["plums"]).await;
    assert_eq!(indexes.find(&local, &[again], "plums").await, ["plums"]);
}

async fn owners_share_no_document_and_no_hit(indexes: Indexes) {
    let (ann, local) = (ann(), Owner::local());
    let hers = indexes.put(&ann, "hers", &["her secret"]).await;
    let mine = indexes.put(&local, "mine", &["my secret"]).await;
    let (her_ids, my_ids) = (indexes.ids(&ann, hers).await, indexes.ids(&local, mine).await);
    for (owner, id) in [(&ann, her_ids[0]), (&local, my_ids[0])] {
        indexes.embed(owner, "m", &[(id, &[1.0, 0.0])]).await;
    }
    let both = [hers, mine];
    assert_eq!(indexes.find(&local, &both, "secret").await, ["my secret"]);
    assert_eq!(indexes.near(&local, &both, "m", &[1.0, 0.0]).await, [("my secret".to_owned(), 1.0)]);
    assert_eq!(indexes.elsewhere.passages(&local, her_ids.clone()).await, Ok(vec![]));
    assert_eq!(indexes.elsewhere.passages_of(&local, hers, 0, 9).await, Ok(vec![]));
    assert_eq!(indexes.elsewhere.documents(&local, vec!["hers".into()]).await, Ok(vec![]));
    assert_eq!(indexes.elsewhere.unembedded(&local, vec![hers], "x", 9).await, Ok((vec![], 0)));
    assert_eq!(indexes.keys(&local).await, ["mine"]);
    assert_eq!(indexes.here.remove(Some(&local), vec!["hers".into()]).await, Ok(0));
    indexes.here.touch(&local, hers, "mine now", 1, 1).await.unwrap();
    indexes.embed(&local, "m", &[(her_ids[0], &[0.0, 1.0])]).await;
    let found = indexes.elsewhere.documents(&ann, vec!["hers".into()]).await.unwrap();
    assert_eq!(found[0].name, "hers for people");
    assert_eq!(indexes.near(&ann, &both, "m", &[1.0, 0.0]).await, [("her secret".to_owned(), 1.0)]);
    let nobody = Owner::new("nobody").unwrap();
    assert_eq!(indexes.find(&nobody, &both, "secret").await, Vec::<String>::new());
    assert_eq!(indexes.elsewhere.summary(&nobody).await.unwrap().documents, []);
}

async fn prefix_is_no_pattern(indexes: Indexes) {
    let owner = ann();
    let keys = ["/a_b/x", "/a_b/y%", "/a%/z", "/axb/x", "/a_b", "/a_bc/x", "/Ü/日本", "/a_b/日"];
    for key in keys {
        indexes.put(&owner, key, &["x"]).await;
    }
    let below = async |prefix: &str| {
        let found = indexes.elsewhere.documents_below(&owner, prefix).await.unwrap();
        found.into_iter().map(|document| document.key).collect::<Vec<_>>()
    };
    assert_eq!(below("/a_b/").await, ["/a_b/x", "/a_b/y%", "/a_b/日"]);
    assert_eq!(below("/a%").await, ["/a%/z"]);
    assert_eq!(below("/Ü/").await, ["/Ü/日本"]);
    assert_eq!(below("/A_B/").await, Vec::<String>::new());
    assert_eq!(below("").await.len(), keys.len());
}

async fn missing_embeddings_are_counted_and_bounded(indexes: Indexes) {
    let owner = ann();
    let texts: Vec<_> = (0..25).map(|number| format!("text {number}")).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let first = indexes.put(&owner, "a", &texts).await;
    let second = indexes.put(&owner, "b", &["x", "y"]).await;
    let documents = || vec![first, second];
    let mut rounds = 0;
    loop {
        let (missing, all) = indexes.elsewhere.unembedded(&owner, documents(), "m", 10).await.unwrap();
        assert_eq!((missing.len(), all), ((27 - rounds * 10).min(10), 27 - rounds * 10));
        if missing.len() < 10 {
            assert_eq!(missing.last().unwrap().text, "y");
        }
        let vectors: Vec<_> =
            missing.iter().map(|missing| (missing.passage, [1.0_f32, 0.5].as_slice())).collect();
        indexes.embed(&owner, "m", &vectors).await;
        rounds += 1;
        if all <= 10 {
            break;
        }
    }
    assert_eq!(indexes.elsewhere.unembedded(&owner, documents(), "m", 10).await, Ok((vec![], 0)));
    assert_eq!(indexes.missing(&owner, second, "other").await, 2);
    // A passage that is gone meanwhile is left out.
    let ids = indexes.ids(&owner, second).await;
    indexes.here.remove(Some(&owner), vec!["b".into()]).await.unwrap();
    indexes.embed(&owner, "n", &[(ids[0], &[1.0, 0.0])]).await;
    assert_eq!(indexes.near(&owner, &documents(), "n", &[1.0, 0.0]).await, []);
}

async fn passages_are_read_in_order_and_from_a_position(indexes: Indexes) {
    let owner = ann();
    let id = indexes.put(&owner, "a", &["0", "1", "2", "3", "4"]).await;
    let found = indexes.elsewhere.passages_of(&owner, id, 2, 2).await.unwrap();
    assert_eq!(found.iter().map(|passage| passage.text.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    let ids = indexes.ids(&owner, id).await;
    let found = indexes.elsewhere.passages(&owner, vec![ids[3], i64::MAX, ids[0], ids[3]]).await.unwrap();
    assert_eq!(found.iter().map(|passage| passage.text.as_str()).collect::<Vec<_>>(), ["3", "0", "3"]);
}

async fn concurrent_writes_are_all_there(indexes: Indexes) {
    let owner = ann();
    let writes = (0..20).map(|number| {
        let mut indexes = indexes.clone();
        if number % 2 == 0 {
            std::mem::swap(&mut indexes.here, &mut indexes.elsewhere);
        }
        let owner = owner.clone();
        tokio::spawn(async move {
            let id =
                indexes.put(&owner, &format!("d{}", number % 10), &["apple", &format!("w{number}")]).await;
            let ids = indexes.ids(&owner, id).await;
            let vectors: Vec<_> = ids.iter().map(|id| (*id, [1.0_f32, 0.0].as_slice())).collect();
            indexes.embed(&owner, "m", &vectors).await;
        })
    });
    for written in futures_util::future::join_all(writes).await {
        written.unwrap();
    }
    let found = indexes.elsewhere.documents_below(&owner, "").await.unwrap();
    let documents: Vec<_> = found.iter().map(|document| document.id).collect();
    assert_eq!(documents.len(), 10);
    let hits = indexes.here.search_words(&owner, documents.clone(), "apple", 100).await.unwrap();
    assert_eq!(hits.len(), 10);
    let missing = indexes.here.unembedded(&owner, documents, "m", 1).await.unwrap();
    assert_eq!(missing.1, 0);
}
