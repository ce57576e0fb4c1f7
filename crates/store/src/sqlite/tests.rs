//! The store by itself: turns, pages, a file that is replaced, one that is full.

use super::*;
use crate::StoredMessage;

fn said(role: &str, content: &str, created_ms: i64) -> StoredMessage {
    StoredMessage { role: role.into(), content: content.into(), created_ms, ..StoredMessage::default() }
}

fn turn(id: &str, after: Option<i64>, text: &str, at: i64) -> Turn {
    let mut reply = said("assistant", &format!("re: {text}"), at + 1);
    reply.model = Some("m".into());
    reply.completion_tokens = Some(7);
    reply.attachments = vec!["a.txt".into()];
    Turn { id: id.into(), after, system: None, messages: vec![said("user", text, at), reply] }
}

fn store() -> (tempfile::TempDir, Sqlite) {
    let home = tempfile::tempdir().unwrap();
    let store = Sqlite::new(Some(home.path().join("data")));
    (home, store)
}

#[tokio::test]
async fn turn_is_read_as_written() {
    let (_home, store) = store();
    assert_eq!(store.get("a", None).await.unwrap(), None);
    let first = turn("a", None, "one", 1000);
    store.append(first.clone()).await.unwrap();
    let found = store.get("a", None).await.unwrap().unwrap();
    assert_eq!(found.messages, first.messages);
    assert_eq!((found.total, found.model.as_deref()), (2, Some("m")));
    store.append(turn("a", Some(found.revision), "two", 2000)).await.unwrap();
    let end = store.get("a", Some(1)).await.unwrap().unwrap();
    assert_eq!((end.total, end.messages[0].content.as_str()), (4, "re: two"));
}

#[tokio::test]
async fn turn_for_outdated_state_is_refused() {
    let (_home, store) = store();
    store.append(turn("a", None, "one", 1000)).await.unwrap();
    let seen = store.get("a", None).await.unwrap().unwrap().revision;
    assert_eq!(store.append(turn("a", None, "new?", 1)).await, Err(StoreError::Changed));
    store.append(turn("a", Some(seen), "two", 2000)).await.unwrap();
    assert_eq!(store.append(turn("a", Some(seen), "late", 3000)).await, Err(StoreError::Changed));
    assert!(store.delete("a").await.unwrap());
    assert!(!store.delete("a").await.unwrap());
    assert_eq!(store.append(turn("a", Some(seen), "gone", 4000)).await, Err(StoreError::Changed));
    // A conversation that was made anew is another one, though it has as many messages.
    store.append(turn("a", None, "again", 5000)).await.unwrap();
    assert_eq!(store.append(turn("a", Some(seen), "gone", 6000)).await, Err(StoreError::Changed));
    assert_eq!(store.get("a", None).await.unwrap().unwrap().total, 2);
}

#[tokio::test]
async fn pages_list_each_once_newest_first() {
    let (_home, store) = store();
    for number in 0..7 {
        // Some at the same time.
        store.append(turn(&format!("c{number}"), None, "x", number / 2)).await.unwrap();
    }
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = store.list(before.take(), 3).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(Place { updated_ms: last.updated_ms, id: last.id.clone() });
        all.extend(page.into_iter().map(|summary| summary.id));
    }
    assert_eq!(all, ["c6", "c5", "c4", "c3", "c2", "c1", "c0"]);
}

#[tokio::test]
async fn moved_file_gets_no_more_turns() {
    let (home, store) = store();
    store.append(turn("a", None, "one", 1)).await.unwrap();
    std::fs::rename(home.path().join("data"), home.path().join("moved")).unwrap();
    assert_eq!(store.get("a", None).await.unwrap(), None);
    store.append(turn("b", None, "one", 1)).await.unwrap();
    assert!(home.path().join("data").join(FILE).exists());
}

#[tokio::test]
async fn full_disk_keeps_stored_turns() {
    let (_home, store) = store();
    store.append(turn("a", None, "one", 1)).await.unwrap();
    let pages: i64 = store
        .write(|connection| {
            let pages = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            connection.pragma_update(None, "max_page_count", pages)?;
            Ok(pages)
        })
        .await
        .unwrap();
    assert!(pages > 0);
    let seen = store.get("a", None).await.unwrap().unwrap().revision;
    let large = turn("a", Some(seen), &"x".repeat(100_000), 2);
    assert!(matches!(store.append(large).await, Err(StoreError::Full { .. })));
    assert_eq!(store.get("a", None).await.unwrap().unwrap().total, 2);
    store.append(turn("a", Some(seen), "small", 3)).await.unwrap();
}

#[tokio::test]
async fn missing_directory_is_an_error() {
    assert_eq!(Sqlite::new(None).get("a", None).await, Err(StoreError::NoDirectory));
}

#[tokio::test]
async fn busy_file_is_an_error_and_usable_afterwards() {
    let (home, store) = store();
    store.append(turn("a", None, "one", 1)).await.unwrap();
    let seen = store.get("a", None).await.unwrap().unwrap().revision;
    let impatient = std::time::Duration::from_millis(20);
    store.write(move |connection| Ok(connection.busy_timeout(impatient)?)).await.unwrap();
    let other = Connection::open(home.path().join("data").join(FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let next = turn("a", Some(seen), "two", 2);
    assert!(matches!(store.append(next.clone()).await, Err(StoreError::Busy { .. })));
    assert_eq!(store.get("a", None).await.unwrap().unwrap().total, 2, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    store.append(next).await.unwrap();
}

#[tokio::test]
async fn tail_of_conversation_is_bounded_in_bytes() {
    let (_home, store) = store();
    let mut revision = None;
    for number in 0..5 {
        store.append(turn("a", revision, &"x".repeat(1000), number * 10)).await.unwrap();
        revision = store.get("a", None).await.unwrap().map(|found| found.revision);
    }
    let end = |last, max_bytes| {
        let store = store.clone();
        async move { store.get_end("a", last, max_bytes).await.unwrap().unwrap() }
    };
    let found = end(None, 3500).await;
    assert_eq!((found.messages.len(), found.total), (3, 10));
    assert_eq!(found.messages[2].content, format!("re: {}", "x".repeat(1000)));
    assert_eq!(end(Some(2), 3500).await.messages.len(), 2);
    assert_eq!(end(None, 1).await.messages.len(), 1, "one at least");
    assert_eq!(end(None, usize::MAX).await.messages.len(), 10);
}

#[tokio::test]
async fn conversation_lock_is_exclusive() {
    let (home, store) = store();
    let other = Sqlite::new(Some(home.path().join("data")));
    let first = store.try_lock("a").await.unwrap().unwrap();
    assert!(other.try_lock("a").await.unwrap().is_none());
    assert!(other.try_lock("b").await.unwrap().is_some(), "another conversation is free");
    drop(first);
    let second = other.try_lock("a").await.unwrap().unwrap();
    assert!(store.try_lock("a").await.unwrap().is_none());
    drop(second);
    assert_eq!(
        std::fs::read_dir(home.path().join("data/turns")).unwrap().count(),
        0,
        "nothing is left behind"
    );
    assert!(store.get("a", None).await.unwrap().is_none());
}
