//! `index`: what is indexed of files, listed and deleted.

use std::path::{Path, PathBuf};

use serde_json::Value;
use store::{NewDocument, NewPassage, PassageIndex as _, SqliteIndex};
use tempfile::TempDir;
use types::{Owner, Place};

use crate::support::http_server::{CommandOutput, PASSWORD, run_command};

/// A home with folders of files that are indexed.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    fn index(&self) -> SqliteIndex {
        SqliteIndex::new(Some(self.0.path().join("data")))
    }

    async fn add(&self, owner: &Owner, key: &str, text: &str) {
        let place = Place::Lines { first: 1, last: 1 };
        let passage = NewPassage { place, heading: None, text: text.into(), terms: text.into() };
        let document = NewDocument {
            key: key.into(),
            name: key.into(),
            hash: vec![1],
            size: 7,
            modified_ns: 1,
            cut: 1,
            passages: vec![passage],
        };
        let index = self.index();
        let id = index.put(owner, document).await.unwrap();
        index
            .put_embeddings(owner, "nomic-embed-text:latest#1", vec![(id << 20, vec![1.0, 0.0])])
            .await
            .unwrap();
    }

    async fn with_files() -> Self {
        let home = Self::new();
        for name in ["notes/a.md", "notes/deep/b.md", "notes-of-others/c.md"] {
            let file = home.path(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "apples").unwrap();
            home.add(&Owner::local(), file.to_str().unwrap(), "quetzalcoatl").await;
        }
        home
    }

    async fn run(&self, arguments: &[&str]) -> CommandOutput {
        run_command(self.0.path(), arguments, "").await
    }

    async fn keys(&self) -> Vec<String> {
        let listed = self.run(&["index", "list", "--json"]).await.ok();
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let documents = listed["documents"].as_array().unwrap().iter();
        documents.map(|document| document["key"].as_str().unwrap().to_owned()).collect()
    }

    /// Whether the file of the index holds a text.
    fn holds(&self, text: &str) -> bool {
        let is_in = |file: &Path| {
            let bytes = std::fs::read(file).unwrap_or_default();
            bytes.windows(text.len()).any(|found| found == text.as_bytes())
        };
        self.index().files().iter().any(|file| is_in(file))
    }
}

#[tokio::test]
async fn folders_are_listed_with_passages_and_models() {
    let home = Home::with_files().await;
    home.add(&Owner::new("user-7").unwrap(), "file-1", "pears").await;
    let listed = home.run(&["index", "list"]).await.ok();
    let lines: Vec<_> = listed.lines().collect();
    let folder = |name: &str| home.path(name).display().to_string();
    assert!(lines[0].starts_with(&format!("{}  1 file  1 passages  2", folder("notes"))), "{listed}");
    assert!(lines[1].starts_with(&format!("{}  1 file  ", folder("notes-of-others"))), "{listed}");
    assert!(lines[2].starts_with(&folder("notes/deep")), "{listed}");
    assert!(lines[3].starts_with("uploads of user-7  1 file"), "{listed}");
    assert_eq!(lines[4], "embeddings of nomic-embed-text:latest: 3 passages");
    assert_eq!(lines[5], "embeddings of nomic-embed-text:latest: 1 passages, of user-7");
    assert!(lines[6].ends_with("index.db") && lines.len() == 7, "{listed}");
    assert!(!listed.contains("quetzalcoatl"));
    assert_eq!(home.keys().await.len(), 4);
}

#[tokio::test]
async fn dropped_folder_leaves_the_file_of_the_index_and_no_other_folder() {
    let home = Home::with_files().await;
    let notes = home.path("notes");
    let dropped = home.run(&["index", "drop", notes.to_str().unwrap()]).await;
    assert_eq!((dropped.code, dropped.stderr.as_str()), (Some(0), "Dropped 2 files from the index.\n"));
    assert_eq!(home.keys().await, [home.path("notes-of-others/c.md").to_str().unwrap()]);
    assert!(notes.join("a.md").exists(), "the files themselves stay");
    // One file, with a link on the way; and once more.
    let file = home.path("notes-of-others/c.md");
    home.run(&["index", "drop", file.to_str().unwrap()]).await.ok();
    assert!(!home.holds("quetzalcoatl"));
    let again = home.run(&["index", "drop", file.to_str().unwrap()]).await;
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stderr.contains("c.md: no file of it is indexed"), "{again:?}");
}

#[tokio::test]
async fn drop_without_folder_lists_and_asks_for_one() {
    let home = Home::with_files().await;
    let asked = home.run(&["index", "drop"]).await;
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(asked.stdout.contains("notes-of-others") && asked.stderr.contains("or give --all"), "{asked:?}");
    assert_eq!(home.keys().await.len(), 3);
    let dropped = home.run(&["index", "drop", "--all"]).await;
    assert_eq!(dropped.stderr, "Dropped 3 files from the index.\n");
    assert!(home.keys().await.is_empty() && !home.holds("quetzalcoatl"));
}

#[tokio::test]
async fn listing_nothing_makes_no_file() {
    let home = Home::new();
    for arguments in [&["index", "list"][..], &["index", "drop"], &["index", "drop", "--all"]] {
        let output = home.run(arguments).await;
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (Some(0), "Nothing is indexed.\n"),
            "{arguments:?}"
        );
    }
    assert!(home.keys().await.is_empty() && !home.index().exists());
}

#[tokio::test]
async fn removed_user_leaves_the_index() {
    let home = Home::with_files().await;
    let add = ["users", "add", "ann@example.org", "--password-stdin"];
    run_command(home.0.path(), &add, &format!("{PASSWORD}\n")).await.ok();
    let listed = home.run(&["users", "list", "--json"]).await.ok();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let id = Owner::new(listed[0]["id"].as_str().unwrap()).unwrap();
    home.add(&id, "file-1", "xylophone").await;
    assert_eq!(home.keys().await.len(), 4);
    home.run(&["users", "remove", "ann@example.org", "--yes"]).await.ok();
    assert_eq!(home.keys().await.len(), 3);
    assert!(!home.holds("xylophone"));
}

#[tokio::test]
async fn doctor_tells_the_size_of_the_index() {
    let size = async |home: &Home| {
        let report = home.run(&["doctor", "--json"]).await;
        let report: Value = serde_json::from_str(&report.stdout).unwrap();
        report["index_bytes"].as_u64()
    };
    assert_eq!(size(&Home::new()).await, None);
    assert!(size(&Home::with_files().await).await.is_some_and(|bytes| bytes > 4096));
}
