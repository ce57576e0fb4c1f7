//! What the file adds to the contract: it is private, replaced where it is damaged, and holds nothing that was removed.

use std::time::{Duration, Instant};

use super::*;
use crate::contract::index::document;
use crate::contract::{Indexes, check_all_indexes};

fn index() -> (tempfile::TempDir, SqliteIndex) {
    let home = tempfile::tempdir().unwrap();
    let index = SqliteIndex::new(Some(home.path().join("data")));
    (home, index)
}

async fn keys(index: &SqliteIndex) -> Vec<String> {
    let found = index.documents_below(&Owner::local(), "").await.unwrap();
    found.into_iter().map(|document| document.key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn file_keeps_the_contract() {
    let home = tempfile::tempdir().unwrap();
    check_all_indexes(async |name| {
        let open = || Arc::new(SqliteIndex::new(Some(home.path().join(name))));
        Indexes { here: open(), elsewhere: open(), uploads: None }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_contract() {
    check_all_indexes(async |_| SqliteIndex::new(None).into()).await;
}

#[tokio::test]
async fn memory_ends_with_the_value_and_makes_no_file() {
    let index = SqliteIndex::new(None);
    index.put(&Owner::local(), document("a", &["apples"])).await.unwrap();
    assert_eq!((keys(&index.clone()).await, index.files()), (vec!["a".to_owned()], vec![]));
    assert!(!Path::new(FILE).exists());
    assert_eq!(keys(&SqliteIndex::new(None)).await, Vec::<String>::new());
}

#[tokio::test]
async fn file_is_made_at_first_use_for_this_user_alone() {
    let (home, index) = index();
    assert!(!home.path().join("data").exists() && !index.exists());
    index.put(&Owner::local(), document("a", &["apples"])).await.unwrap();
    assert!(index.exists());
    let files: Vec<_> = index.files().into_iter().filter(|file| file.exists()).collect();
    assert!(files.len() >= 2, "{files:?}");
    #[cfg(unix)]
    for file in files {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn damaged_and_foreign_files_are_replaced() {
    for what in ["text", "other format", "other tables", "without a table", "damaged while open"] {
        let (home, index) = index();
        let file = home.path().join("data").join(FILE);
        index.put(&Owner::local(), document("a", &["apples"])).await.unwrap();
        let index = match what {
            "damaged while open" => index,
            _ => {
                drop(index);
                SqliteIndex::new(Some(home.path().join("data")))
            }
        };
        let sql = |sql: &str| Connection::open(&file).unwrap().execute_batch(sql).unwrap();
        match what {
            "text" => {
                std::fs::write(&file, "no database, but long enough to be read as one".repeat(9)).unwrap()
            }
            "other format" => sql("PRAGMA user_version = 99"),
            "other tables" => sql("PRAGMA user_version = 0"),
            _ => sql("DROP TABLE documents"),
        }
        assert_eq!(keys(&index).await, Vec::<String>::new(), "{what}");
        index.put(&Owner::local(), document("b", &["pears"])).await.unwrap();
        assert_eq!(keys(&index).await, ["b"], "{what}");
    }
}

#[tokio::test]
async fn file_that_another_process_replaced_is_opened_again() {
    let (home, index) = index();
    index.put(&Owner::local(), document("a", &["apples"])).await.unwrap();
    assert_eq!(keys(&index).await, ["a"]);
    std::fs::rename(home.path().join("data"), home.path().join("moved")).unwrap();
    let other = SqliteIndex::new(Some(home.path().join("data")));
    other.put(&Owner::local(), document("b", &["pears"])).await.unwrap();
    assert_eq!(keys(&index).await, ["b"]);
}

/// Whether the files of an index hold a text.
fn holds(index: &SqliteIndex, text: &str) -> bool {
    let files = index.files().into_iter().filter_map(|file| std::fs::read(file).ok());
    files
        .flat_map(|bytes| bytes.windows(text.len()).map(|found| found == text.as_bytes()).collect::<Vec<_>>())
        .any(|is_text| is_text)
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_text_and_words_leave_the_file() {
    let (_home, index) = index();
    let owner = Owner::local();
    for number in 0..30 {
        index
            .put(&owner, document(&format!("d{number}"), &["ordinary words", "xylophone zyzzyva"]))
            .await
            .unwrap();
    }
    let once = document("secret", &["quetzalcoatl knows the passphrase"]);
    index.put(&owner, once).await.unwrap();
    assert!(holds(&index, "quetzalcoatl") && holds(&index, "passphras"));
    assert_eq!(index.remove(Some(&owner), vec!["secret".into()]).await, Ok(1));
    let until = Instant::now() + Duration::from_secs(30);
    while holds(&index, "quetzalcoatl") || holds(&index, "passphras") {
        assert!(Instant::now() < until, "the text stays in the file");
        tokio::task::yield_now().await;
    }
    let documents = index.documents_below(&owner, "").await.unwrap();
    let ids = documents.into_iter().map(|document| document.id).collect();
    assert_eq!(index.search_words(&owner, ids, "xylophone", 100).await.unwrap().len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn compact_gives_space_back_and_clears_the_words() {
    let (_home, index) = index();
    let owner = Owner::local();
    let texts: Vec<_> =
        (0..300).map(|number| format!("quetzalcoatl {number} {}", "word ".repeat(200))).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    index.put(&owner, document("large", &texts)).await.unwrap();
    let size = || index.files().iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum::<u64>();
    let before = size();
    assert_eq!(index.clear(Some(&owner)).await, Ok(1));
    index.compact().await.unwrap();
    assert!(size() < before / 3, "{before} {}", size());
    assert!(!holds(&index, "quetzalcoatl"));
    assert_eq!(index.owners().await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_removed_passages_are_overwritten_after_a_restart() {
    let (home, index) = index();
    let owner = Owner::local();
    index.put(&owner, document("secret", &["quetzalcoatl"])).await.unwrap();
    // As a process does that ends before it has rewritten the words.
    let removed = index.0.write(|connection| put::remove(connection, None, &["secret".to_owned()]));
    assert_eq!(removed, Ok(1));
    let again = SqliteIndex::new(Some(home.path().join("data")));
    again.put(&owner, document("other", &["apples"])).await.unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while holds(&again, "quetzalcoatl") {
        assert!(Instant::now() < until, "the words stay in the file");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn words_are_found_without_their_accents() {
    let (_home, index) = index();
    let id = index.put(&Owner::local(), document("a", &["Ein Café in Zürich"])).await.unwrap();
    for query in ["cafe", "ZURICH", "café"] {
        let hits = index.search_words(&Owner::local(), vec![id], query, 10).await.unwrap();
        assert_eq!(hits.len(), 1, "{query}");
    }
}
