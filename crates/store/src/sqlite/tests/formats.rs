//! Files of older formats: what they hold is kept, however the migration ends.

use std::path::Path;

use types::ToolCall;

use super::*;

/// A file of format 1, as version 0.1 wrote it: `a` with two turns, and `gone`, which was deleted last.
fn format_1() -> (tempfile::TempDir, Sqlite, PathBuf) {
    let (home, store) = store();
    std::fs::create_dir(home.path().join("data")).unwrap();
    let path = home.path().join("data").join(FILE);
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.execute_batch(include_str!("../migrations/0001_conversations.sql")).unwrap();
    connection
        .execute_batch(
            r#"INSERT INTO conversations VALUES ('a', 'Be brief.', 1000, 4000), ('gone', NULL, 5000, 5000);
            INSERT INTO messages VALUES
                (1, 'a', 'user', 'one', NULL, NULL, '["a.txt"]', NULL, NULL, NULL, 1000),
                (2, 'a', 'assistant', 're: one', 'hm', '[["1","add","{}"]]', NULL, 'm', 40, 5, 2000),
                (5, 'a', 'user', 'two', NULL, NULL, NULL, NULL, NULL, NULL, 3000),
                (6, 'a', 'assistant', 're: two', NULL, NULL, NULL, 'm', NULL, NULL, 4000),
                (9, 'gone', 'user', 'secret', NULL, NULL, NULL, NULL, NULL, NULL, 5000);
            DELETE FROM conversations WHERE id = 'gone';
            PRAGMA user_version = 1;"#,
        )
        .unwrap();
    (home, store, path)
}

fn check_a(found: &Conversation) {
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let mut expected = [
        StoredMessage::text(Role::User, "one", at(1)),
        StoredMessage::text(Role::Assistant, "re: one", at(2)),
        StoredMessage::text(Role::User, "two", at(3)),
        StoredMessage::text(Role::Assistant, "re: two", at(4)),
    ];
    expected[0].attachments = vec!["a.txt".into()];
    expected[1].thinking = Some("hm".into());
    expected[1].tool_calls = vec![ToolCall { id: "1".into(), name: "add".into(), arguments: "{}".into() }];
    (expected[1].prompt_tokens, expected[1].completion_tokens) = (Some(40), Some(5));
    expected[1].model = Some("m".into());
    expected[3].model = Some("m".into());
    assert_eq!(found.messages, expected);
    assert_eq!((found.system.as_deref(), found.revision), (Some("Be brief."), 6));
    assert_eq!((found.created, found.updated), (at(1), at(4)));
}

fn format_of(path: &Path) -> i64 {
    migrations::format(&Connection::open(path).unwrap()).unwrap()
}

fn backup_of(path: &Path) -> PathBuf {
    path.with_file_name(format!("{FILE}.bak-1"))
}

#[tokio::test]
async fn conversations_of_format_1_become_the_local_owners() {
    let (_home, store, path) = format_1();
    let owner = Owner::local();
    check_a(&found(&store).await.unwrap());
    assert_eq!(store.list(&owner, None, 9).await.unwrap().items.len(), 1);
    assert_eq!(store.get(&Owner::new("ann").unwrap(), "a", None).await, Ok(None));
    assert_eq!(format_of(&path), migrations::NEWEST);
    // Numbers go on behind that of the deleted message.
    store.append(&owner, turn("a", Some(6), "three")).await.unwrap();
    assert_eq!(found(&store).await.unwrap().revision, 11);
    // No message is left without its conversation.
    assert!(store.delete(&owner, "a").await.unwrap());
    let left = |connection: &mut Connection| {
        let count =
            "SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM pragma_foreign_key_check)";
        Ok(connection.query_row(count, [], |row| row.get::<_, i64>(0))?)
    };
    assert_eq!(store.write(left).await, Ok(0));
}

#[tokio::test]
async fn file_that_a_newer_version_migrates_while_open_is_not_called_damaged() {
    let (_home, store, path) = format_1();
    check_a(&found(&store).await.unwrap());
    let newer = Connection::open(&path).unwrap();
    newer.execute_batch("ALTER TABLE conversations RENAME TO threads; PRAGMA user_version = 99").unwrap();
    let error = store.append(&Owner::local(), turn("b", None, "one")).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error:?}");
}

#[tokio::test]
async fn migrated_file_has_the_tables_of_a_new_one() {
    let (_home, old, _) = format_1();
    let (_new_home, new) = store();
    let schema = |store: Sqlite| async move {
        found(&store).await;
        let read = |connection: &mut Connection| {
            let mut statement = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY type, name")?;
            let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        };
        store.read(read).await.unwrap()
    };
    assert_eq!(schema(old).await, schema(new).await);
}

#[tokio::test]
async fn copy_of_the_old_file_is_private_and_goes_with_the_first_deletion() {
    let (_home, store, path) = format_1();
    let copy = backup_of(&path);
    assert!(store.files().contains(&copy));
    // What a killed process left is replaced.
    std::fs::write(path.with_file_name(format!("{FILE}.bak-1.tmp")), "half").unwrap();
    check_a(&found(&store).await.unwrap());
    assert_eq!(format_of(&copy), 1);
    let contents = "SELECT group_concat(content, '|') FROM (SELECT content FROM messages ORDER BY seq)";
    let copied = Connection::open(&copy).unwrap().query_row(contents, [], |row| row.get::<_, String>(0));
    assert_eq!(copied.unwrap(), "one|re: one|two|re: two");
    assert!(!platform::is_open_to_others(&copy));
    assert!(!path.with_file_name(format!("{FILE}.bak-1.tmp")).exists());
    // A deletion that finds nothing deletes nothing.
    assert!(!store.delete(&Owner::local(), "none").await.unwrap());
    assert!(copy.exists());
    assert!(store.delete(&Owner::local(), "a").await.unwrap());
    assert!(!copy.exists(), "it holds what was deleted");
}

#[tokio::test]
async fn new_file_needs_no_copy() {
    let (home, store) = store();
    store.append(&Owner::local(), turn("a", None, "one")).await.unwrap();
    assert!(!backup_of(&home.path().join("data").join(FILE)).exists());
}

#[tokio::test]
async fn failed_migration_leaves_the_old_file_and_is_tried_again() {
    let (_home, store, path) = format_1();
    let mut connection = Connection::open(&path).unwrap();
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    // The new tables do not fit.
    connection.pragma_update(None, "max_page_count", pages).unwrap();
    let failure = migrations::migrate(&mut connection, &path).unwrap_err();
    assert!(matches!(failure, StoreError::Full { .. }), "{failure}");
    drop(connection);
    assert_eq!(format_of(&path), 1);
    check_a(&found(&store).await.unwrap());
    assert_eq!(format_of(&path), migrations::NEWEST);
}

#[tokio::test]
async fn file_whose_copy_cannot_be_made_is_not_migrated() {
    let (_home, store, path) = format_1();
    // A directory in its place.
    std::fs::create_dir_all(backup_of(&path).join("x")).unwrap();
    // It can still be read.
    check_a(&found(&store).await.unwrap());
    let failure = store.append(&Owner::local(), turn("a", Some(6), "three")).await.unwrap_err();
    assert!(matches!(&failure, StoreError::Unusable { doing: "made", .. }), "{failure}");
    assert_eq!(format_of(&path), 1);
}

#[test]
fn file_of_format_1_that_cannot_be_written_is_read() {
    let (_home, _store, path) = format_1();
    let cause = || StoreError::Full { path: path.clone() };
    let mut connection = open::open_to_read(&path, cause()).unwrap();
    let mut get = |owner: &Owner| queries::get(&mut connection, owner, "a", None, usize::MAX).unwrap();
    check_a(&get(&Owner::local()).unwrap());
    assert_eq!(get(&Owner::new("ann").unwrap()), None);
    let page = queries::list(&mut connection, &Owner::local(), None, 9).unwrap();
    assert_eq!(page.items[0].first_words, "one");
    assert_eq!(format_of(&path), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_migrate_one_file() {
    let (home, _store, path) = format_1();
    let opened = (0..4).map(|_| {
        let store = Sqlite::new(Some(home.path().join("data")));
        tokio::spawn(async move { store.get(&Owner::local(), "a", None).await })
    });
    for found in futures_util::future::join_all(opened).await {
        check_a(&found.unwrap().unwrap().unwrap());
    }
    assert_eq!(format_of(&path), migrations::NEWEST);
}

#[tokio::test]
async fn file_of_a_newer_version_is_refused_untouched() {
    let (_home, store, path) = format_1();
    for format in [migrations::NEWEST + 1, -1] {
        Connection::open(&path).unwrap().pragma_update(None, "user_version", format).unwrap();
        let before = std::fs::read(&path).unwrap();
        let failure = store.get(&Owner::local(), "a", None).await.unwrap_err();
        assert_eq!(
            failure,
            StoreError::Newer { path: path.clone(), found: format, known: migrations::NEWEST }
        );
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

/// A file of format 2: a conversation of each of two owners, under one id.
fn format_2() -> (tempfile::TempDir, Sqlite, PathBuf) {
    let (home, store, path) = format_1();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(include_str!("../migrations/0002_owners.sql")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO conversations VALUES ('ann', 'a', NULL, 6000, 6000);
            INSERT INTO messages (owner, conversation_id, role, content, created_ms)
                VALUES ('ann', 'a', 'user', 'hers', 6000);
            PRAGMA user_version = 2;",
        )
        .unwrap();
    (home, store, path)
}

#[tokio::test]
async fn rows_of_format_2_are_kept_and_its_file_is_copied() {
    let (_home, store, path) = format_2();
    check_a(&found(&store).await.unwrap());
    let hers = store.get(&Owner::new("ann").unwrap(), "a", None).await.unwrap().unwrap();
    assert_eq!((hers.messages[0].content.as_str(), hers.revision), ("hers", 10));
    assert_eq!(format_of(&path), migrations::NEWEST);
    assert_eq!(format_of(&path.with_file_name(format!("{FILE}.bak-2"))), 2);
    assert!(!backup_of(&path).exists(), "there was no format 1");
    // The tables of format 3 are there.
    let sql = "INSERT INTO users (id, email, password_hash, is_admin, is_disabled, created_ms) VALUES ('u', 'e', 'h', 0, 0, 1)";
    store.write(move |connection| Ok(connection.execute(sql, [])?)).await.unwrap();
}

#[test]
fn file_of_format_2_that_cannot_be_written_is_read() {
    let (_home, _store, path) = format_2();
    let cause = StoreError::Full { path: path.clone() };
    let mut connection = open::open_to_read(&path, cause).unwrap();
    let mut get = |owner: &Owner| queries::get(&mut connection, owner, "a", None, usize::MAX).unwrap();
    check_a(&get(&Owner::local()).unwrap());
    assert_eq!(get(&Owner::new("ann").unwrap()).unwrap().total, 1);
    assert_eq!(format_of(&path), 2);
}

/// A file of format 3, with the conversation of format 1.
fn format_3() -> (tempfile::TempDir, Sqlite, PathBuf) {
    let (home, store, path) = format_2();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(include_str!("../migrations/0003_server.sql")).unwrap();
    connection.pragma_update(None, "user_version", 3).unwrap();
    (home, store, path)
}

#[tokio::test]
async fn conversations_of_format_3_can_have_titles() {
    let (home, store, path) = format_3();
    check_a(&found(&store).await.unwrap());
    let index = Store::sqlite(Some(home.path().join("data"))).conversation_index();
    assert_eq!(index.set_title(&Owner::local(), "a", Some("title")).await, Ok(true));
    assert_eq!(format_of(&path), migrations::NEWEST);
    assert_eq!(format_of(&path.with_file_name(format!("{FILE}.bak-3"))), 3);
}

#[test]
fn file_of_format_3_that_cannot_be_written_is_read() {
    for (_home, _store, path) in [format_1(), format_2(), format_3()] {
        let before = format_of(&path);
        let connection = open::open_to_read(&path, StoreError::Full { path: path.clone() }).unwrap();
        let title = "SELECT title FROM conversations WHERE owner = 'local' AND id = 'a'";
        let found = connection.query_row(title, [], |row| row.get::<_, Option<String>>(0));
        assert_eq!(found.unwrap(), None);
        assert_eq!(format_of(&path), before);
    }
}
