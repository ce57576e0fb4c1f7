//! The index: only what changed is read and embedded again, and what is gone is gone from it.

use serde_json::json;

use super::Library;

#[tokio::test]
async fn only_changed_file_is_embedded_again() {
    let mut library = Library::embedding().await;
    library.write("sea.md", "The sea is wide.\n");
    library.write("money.md", "The budget is small.\n");
    assert_eq!(library.found("ocean").await[0], "sea.md");
    let first = library.embedded().len();
    library.restart();
    assert_eq!(library.found("ocean").await[0], "sea.md");
    assert_eq!(library.embedded().len(), first + 1, "the query alone");
    library.write("money.md", "The money is spent on a ship for the ocean, the ocean, the ocean.\n");
    assert_eq!(library.found("ocean").await[0], "money.md");
    let embedded = library.embedded();
    let again: Vec<_> = embedded[first + 1..].iter().filter(|text| text.contains("document")).collect();
    assert_eq!(again.len(), 1, "{again:?}");
    assert!(again[0].contains("spent on a ship"), "{again:?}");
}

#[tokio::test]
async fn file_that_is_gone_is_gone_from_the_index() {
    let mut library = Library::start().await;
    library.write("a.md", "The password of the club is swordfish.\n");
    library.write("b.md", "Nothing else.\n");
    assert_eq!(library.found("swordfish").await, ["a.md"]);
    library.remove("a.md");
    assert!(library.found("swordfish").await.is_empty());
    let index = std::fs::read(library.place.path().join("data/index.db")).unwrap();
    assert!(!String::from_utf8_lossy(&index).contains("swordfish"), "its text is still on the disk");
}

#[tokio::test]
async fn renamed_and_touched_files_keep_their_place() {
    let mut library = Library::embedding().await;
    library.write("a.md", "The sea is wide.\n");
    library.found("ocean").await;
    let before = library.embedded().len();
    let path = library.place.path().join("files/a.md");
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(60)).unwrap();
    assert_eq!(library.found("ocean").await, ["a.md"]);
    assert_eq!(library.embedded().len(), before + 1, "the query alone");
}

#[tokio::test]
async fn index_is_private_and_can_be_switched_off() {
    use std::os::unix::fs::PermissionsExt as _;

    let mut library = Library::start().await;
    library.write("a.md", "The sea is wide.\n");
    library.found("sea").await;
    let file = library.place.path().join("data/index.db");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for setting in [("OLLAMA_MCP_INDEX", "false"), ("OLLAMA_MCP_READ_ONLY", "true")] {
        let mut library = Library::with(&[setting], false).await;
        library.write("a.md", "The sea is wide.\n");
        assert_eq!(library.found("sea").await, ["a.md"]);
        assert!(!library.place.path().join("data/index.db").exists(), "{setting:?}");
    }
}

#[tokio::test]
async fn index_that_cannot_be_kept_is_made_for_the_call() {
    let mut library = Library::start().await;
    library.write("a.md", "The sea is wide.\n");
    // A folder where the file belongs.
    std::fs::create_dir(library.place.path().join("data/index.db")).unwrap();
    let result = library.find("sea").await;
    let structured = &result["structuredContent"];
    assert_eq!(structured["places"][0]["file"], "a.md", "{result:#}");
    assert!(structured["warnings"].to_string().contains("for this call alone"), "{structured}");
}

#[tokio::test]
async fn named_file_is_searched_alone() {
    let mut library = Library::start().await;
    library.write("a.md", "The sea is wide.\n");
    library.write("b.md", "The sea is deep.\n");
    library.found("sea").await;
    let one = json!({ "files": ["b.md"], "query": "sea" });
    let result = library.session.call("find_in_files", one).await;
    let places = result["structuredContent"]["places"].as_array().unwrap();
    assert_eq!(places.len(), 1, "{result:#}");
    assert_eq!(places[0]["file"], "b.md");
}

#[tokio::test]
async fn index_keeps_files_of_a_process_with_other_directories() {
    let mut library = Library::embedding().await;
    library.write("a.md", "The sea is wide.\n");
    library.found("ocean").await;
    let before = library.embedded().len();
    let other = tempfile::TempDir::new().unwrap();
    std::fs::write(other.path().join("b.md"), "The sea is deep.\n").unwrap();
    let allowed = other.path().to_str().unwrap().to_owned();
    let elsewhere = [("OLLAMA_MCP_ALLOWED_DIRS", allowed.as_str())];
    library.session = Library::session(&library.fake, &library.place, &elsewhere);
    assert_eq!(library.found("ocean").await, ["b.md"]);
    library.restart();
    assert_eq!(library.found("ocean").await, ["a.md"]);
    assert_eq!(library.embedded().len(), before + 3, "two queries and the other file");
}
