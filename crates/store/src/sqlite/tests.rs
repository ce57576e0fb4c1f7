//! What SQLite adds to the contract: a file that is replaced, full or busy, or that does not exist.

use std::time::{Duration, UNIX_EPOCH};

use types::Role;

use super::*;
use crate::contract::{Stores, check_all_stores};
use crate::{Store, StoredMessage};

mod formats;

fn turn(id: &str, after: Option<i64>, text: &str) -> Turn {
    let message = |role, text: &str| StoredMessage::text(role, text, UNIX_EPOCH + Duration::from_secs(1));
    let messages = vec![message(Role::User, text), message(Role::Assistant, &format!("re: {text}"))];
    Turn { id: id.into(), after, replaces: 0, system: None, messages }
}

fn store() -> (tempfile::TempDir, Sqlite) {
    let home = tempfile::tempdir().unwrap();
    let store = Sqlite::new(Some(home.path().join("data")));
    (home, store)
}

/// The local owner's conversation `a`.
async fn found(store: &Sqlite) -> Option<Conversation> {
    store.get(&Owner::local(), "a", None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    let home = tempfile::tempdir().unwrap();
    check_all_stores(async |name| {
        let open = || Store::sqlite(Some(home.path().join(name)));
        Stores { here: open(), elsewhere: open() }
    })
    .await;
}

#[tokio::test]
async fn moved_file_gets_no_more_turns() {
    let (home, store) = store();
    let owner = Owner::local();
    store.append(&owner, turn("a", None, "one")).await.unwrap();
    std::fs::rename(home.path().join("data"), home.path().join("moved")).unwrap();
    assert_eq!(found(&store).await, None);
    store.append(&owner, turn("b", None, "one")).await.unwrap();
    assert!(home.path().join("data").join(FILE).exists());
}

#[tokio::test]
async fn full_file_keeps_what_it_has() {
    let (_home, store) = store();
    let owner = Owner::local();
    store.append(&owner, turn("a", None, "one")).await.unwrap();
    let pages: i64 = store
        .write(|connection| {
            let pages = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            connection.pragma_update(None, "max_page_count", pages)?;
            Ok(pages)
        })
        .await
        .unwrap();
    assert!(pages > 0);
    let seen = found(&store).await.unwrap().revision;
    let large = turn("a", Some(seen), &"x".repeat(100_000));
    assert!(matches!(store.append(&owner, large).await, Err(StoreError::Full { .. })));
    assert_eq!(found(&store).await.unwrap().total, 2);
    store.append(&owner, turn("a", Some(seen), "small")).await.unwrap();
}

#[tokio::test]
async fn missing_data_directory_is_reported() {
    let store = Sqlite::new(None);
    assert_eq!(store.get(&Owner::local(), "a", None).await, Err(StoreError::NoDirectory));
    assert_eq!(store.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn busy_file_is_reported_and_used_later() {
    let (home, store) = store();
    let owner = Owner::local();
    store.append(&owner, turn("a", None, "one")).await.unwrap();
    let seen = found(&store).await.unwrap().revision;
    let timeout = Duration::from_millis(20);
    store.write(move |connection| Ok(connection.busy_timeout(timeout)?)).await.unwrap();
    let other = Connection::open(home.path().join("data").join(FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let next = turn("a", Some(seen), "two");
    assert!(matches!(store.append(&owner, next.clone()).await, Err(StoreError::Busy { .. })));
    assert_eq!(found(&store).await.unwrap().total, 2, "reading continues");
    other.execute_batch("ROLLBACK").unwrap();
    store.append(&owner, next).await.unwrap();
}

#[tokio::test]
async fn turn_locks_leave_no_file_and_no_name() {
    let (home, store) = store();
    let folder = home.path().join("data/turns");
    let files = || std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name());
    let lock = store.try_lock(&Owner::new("ann").unwrap(), "diary").await.unwrap();
    assert!(matches!(lock, TryLock::Locked(_)));
    let names: Vec<_> = files().map(|name| name.into_string().unwrap()).collect();
    assert!(names.len() == 1 && !names[0].contains("ann") && !names[0].contains("diary"), "{names:?}");
    drop(lock);
    assert_eq!(files().count(), 0);
}

#[tokio::test]
async fn role_that_is_never_written_is_damage() {
    let (_home, store) = store();
    store.append(&Owner::local(), turn("a", None, "one")).await.unwrap();
    store.write(|connection| Ok(connection.execute("UPDATE messages SET role = 'x'", [])?)).await.unwrap();
    let failure = store.get(&Owner::local(), "a", None).await.unwrap_err();
    assert!(matches!(&failure, StoreError::Damaged { .. }), "{failure}");
}
