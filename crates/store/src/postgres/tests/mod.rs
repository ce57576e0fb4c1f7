//! What PostgreSQL adds to the contract: a server that is away, silent, of another version, or in use by others.

#[allow(unreachable_pub, reason = "the integration tests include the file, too")]
pub(crate) mod server;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use types::{Owner, Role};

use super::*;
use crate::contract::index::document;
use crate::contract::{Indexes, Stores, check_all_indexes, check_all_stores};
use crate::{ConversationStore, Store, StoredMessage, TryLock, Turn};
use server::PostgresServer;

fn turn(id: &str, after: Option<i64>, text: &str) -> Turn {
    let message = |role, text: &str| StoredMessage::text(role, text, UNIX_EPOCH + Duration::from_secs(1));
    let messages = vec![message(Role::User, text), message(Role::Assistant, &format!("re: {text}"))];
    Turn { id: id.into(), after, replaces: 0, system: None, messages }
}

fn server() -> (PostgresServer, Postgres) {
    let server = PostgresServer::start();
    let store = Postgres::new(&server.new_database("chats"), None, "here").unwrap();
    (server, store)
}

/// The messages of the local owner's conversation `a`.
async fn count(store: &Postgres) -> Result<usize, StoreError> {
    Ok(store.get(&Owner::local(), "a", None).await?.map_or(0, |found| found.total))
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_contract() {
    let server = PostgresServer::start();
    check_all_stores(async |name| {
        let url = server.new_database(name);
        let open = |instance| Store::postgres(&url, instance).unwrap();
        Stores { here: open("here"), elsewhere: open("elsewhere") }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_is_away_is_reported_soon_and_used_when_it_is_back() {
    let (mut server, store) = server();
    let owner = Owner::local();
    store.append(&owner, turn("a", None, "one")).await.unwrap();
    let seen = store.get(&owner, "a", None).await.unwrap().unwrap().revision;
    server.stop();
    let started = Instant::now();
    for result in [count(&store).await.map(drop), store.append(&owner, turn("a", Some(seen), "lost?")).await]
    {
        assert!(matches!(result, Err(StoreError::Unreachable { .. })), "{result:?}");
    }
    assert!(matches!(store.try_lock(&owner, "a").await, Err(StoreError::Unreachable { .. })));
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    server.resume();
    assert_eq!(count(&store).await, Ok(2));
    store.append(&owner, turn("a", Some(seen), "two")).await.unwrap();
    assert!(matches!(store.try_lock(&owner, "a").await, Ok(TryLock::Locked(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_of_the_server_fails_no_call() {
    let (mut server, store) = server();
    let owner = Owner::local();
    store.append(&owner, turn("a", None, "one")).await.unwrap();
    let seen = store.get(&owner, "a", None).await.unwrap().unwrap().revision;
    server.stop();
    let second = store.append(&owner, turn("a", Some(seen), "two"));
    let second = tokio::spawn(second);
    server.resume();
    assert_eq!(second.await.unwrap(), Ok(()));
    assert_eq!(count(&store).await, Ok(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_server_is_given_up_in_bounded_time() {
    let (server, store) = server();
    store.append(&Owner::local(), turn("a", None, "one")).await.unwrap();
    server.signal_all("STOP");
    let started = Instant::now();
    let read = count(&store).await;
    server.signal_all("CONT");
    assert!(matches!(read, Err(StoreError::Unreachable { .. })), "{read:?}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(count(&store).await, Ok(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn lock_names_the_other_instance_and_is_taken_again_after_a_lost_connection() {
    let (server, store) = server();
    let owner = Owner::local();
    let url = server.url("chats");
    let elsewhere = Postgres::new(&url, None, "gpu-2").unwrap();
    let lock = elsewhere.try_lock(&owner, "a").await.unwrap();
    match store.try_lock(&owner, "a").await.unwrap() {
        TryLock::Held { instance } => assert_eq!(instance.as_deref(), Some("gpu-2")),
        locked @ TryLock::Locked(_) => panic!("{locked:?}"),
    }
    // Another process of the same instance is waited for, and not named.
    let twin = Postgres::new(&url, None, "gpu-2").unwrap();
    assert!(matches!(twin.try_lock(&owner, "a").await, Ok(TryLock::Held { instance: None })));
    // The process lives, and its connection ends: a killed one is in the tests of the program.
    let holder = "SELECT string_agg(pid::text, ' ') FROM pg_locks WHERE locktype = 'advisory'";
    let before = server.run("chats", holder);
    server.run("chats", &format!("SELECT pg_terminate_backend({before})"));
    let until = Instant::now() + Duration::from_secs(10);
    while [before.as_str(), ""].contains(&server.run("chats", holder).as_str()) {
        assert!(Instant::now() < until, "the lock is not taken again");
    }
    assert!(matches!(store.try_lock(&owner, "a").await, Ok(TryLock::Held { instance: Some(_) })));
    drop(lock);
    while !matches!(store.try_lock(&owner, "a").await, Ok(TryLock::Locked(_))) {
        assert!(Instant::now() < until, "the lock stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_that_ends_while_turns_begin_and_end_leaves_no_lock() {
    let (server, store) = server();
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
    let connections_end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                           WHERE pid <> pg_backend_pid() AND datname = 'chats'";
    for _ in 0..20 {
        let ended = Arc::new(AtomicBool::new(false));
        let turns: Vec<_> = (0..24)
            .map(|number| {
                let (store, ended) = (store.clone(), Arc::clone(&ended));
                tokio::spawn(async move {
                    // Two turns for each conversation, so that one begins as the other ends, at different times.
                    let (owner, id) = (Owner::local(), format!("chat-{}", number / 2));
                    while !ended.load(Ordering::Relaxed) {
                        let turn = store.try_lock(&owner, &id).await;
                        tokio::time::sleep(Duration::from_micros(500 * number)).await;
                        drop(turn);
                    }
                })
            })
            .collect();
        tokio::task::block_in_place(|| server.run("chats", connections_end));
        ended.store(true, Ordering::Relaxed);
        for turn in turns {
            turn.await.unwrap();
        }
        let until = Instant::now() + Duration::from_secs(20);
        while server.run("chats", locks) != "0" {
            assert!(Instant::now() < until, "a lock stays though no turn runs");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn newer_tables_are_refused_also_while_connected() {
    let (server, store) = server();
    store.append(&Owner::local(), turn("a", None, "one")).await.unwrap();
    server.run("chats", "UPDATE ollama_mcp_format SET format = 99; ALTER TABLE messages RENAME TO texts");
    let late = Postgres::new(&server.url("chats"), None, "late").unwrap();
    // The first error tells that the tables changed; from then on it is known.
    let _ = count(&store).await;
    for store in [store, late] {
        let error = count(&store).await.unwrap_err();
        assert!(matches!(error, StoreError::NewerDatabase { found: 99, .. }), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_create_the_tables_of_one_database() {
    let (server, _) = server();
    let url = server.url("chats");
    let stores = (0..6).map(|_| Postgres::new(&url, None, "here").unwrap());
    let opened = stores.map(|store| tokio::spawn(async move { count(&store).await }));
    for found in join_all(opened).await {
        assert_eq!(found.unwrap(), Ok(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_what_is_wrong_and_no_password() {
    let server = PostgresServer::start();
    let missing = Postgres::new(&server.url("missing"), None, "here").unwrap();
    let error = count(&missing).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("database \"missing\" does not exist"), "{error}");

    let url = server.new_database("foreign");
    server.run("foreign", "CREATE TABLE users (name TEXT)");
    let error = count(&Postgres::new(&url, None, "here").unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("tables of another program"), "{error}");
    assert_eq!(server.run("foreign", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");

    server.run(
        "postgres",
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0",
    );
    let error =
        count(&Postgres::new(&server.url("latin"), None, "here").unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("its encoding is LATIN1"), "{error}");

    let secret = "postgres://ann:s3cret@127.0.0.1:1/chats?sslmode=disable";
    let error = count(&Postgres::new(secret, None, "here").unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1") && !error.contains("s3cret") && !error.contains("ann:"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_quote_nothing_that_is_stored() {
    let (_server, store) = server();
    let sql = "SELECT CAST($1 AS BIGINT)";
    let error = store.query(Statement::new(sql, ["s3cret".into()])).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
    assert!(error.to_string().contains("SQLSTATE 22P02") && !error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn character_that_postgres_lacks_loses_no_turn() {
    let (_server, store) = server();
    store.append(&Owner::local(), turn("a", None, "a\0b")).await.unwrap();
    let found = store.get(&Owner::local(), "a", None).await.unwrap().unwrap();
    assert_eq!(found.messages[0].content, "a\u{fffd}b");
}

/// A table or a column that only one of the databases has would be found by whoever uses the other one. The index has a file
/// of its own where the database is SQLite.
#[tokio::test(flavor = "multi_thread")]
async fn tables_are_those_of_sqlite() {
    let (server, store) = server();
    assert_eq!(count(&store).await, Ok(0));
    let columns = "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN '!' ELSE '' END
                   FROM information_schema.columns
                   WHERE table_schema = 'public' AND table_name NOT IN
                     ('ollama_mcp_format', 'indexed_documents', 'passages', 'embeddings') ORDER BY 1";
    let ours: Vec<_> = server.run("chats", columns).lines().map(ToOwned::to_owned).collect();
    let home = tempfile::tempdir().unwrap();
    let sqlite = crate::Sqlite::new(Some(home.path().to_owned()));
    sqlite.get(&Owner::local(), "a", None).await.unwrap();
    let columns = "SELECT t.name || '.' || c.name || CASE WHEN c.\"notnull\" OR c.pk THEN '!' ELSE '' END
                   FROM sqlite_schema t JOIN pragma_table_info(t.name) c
                   WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'";
    let rows = Database::query(&sqlite, Statement::new(columns, [])).await.unwrap();
    let mut theirs: Vec<_> = rows.iter().map(|row| row.text(0).unwrap()).collect();
    theirs.sort();
    let mut sorted = ours;
    sorted.sort();
    assert_eq!(sorted, theirs);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_moves_between_both_databases() {
    use crate::transfer::tests::everything_moves;

    let (server, home) = (PostgresServer::start(), tempfile::tempdir().unwrap());
    let postgres = |name| Store::postgres(&server.new_database(name), "here").unwrap();
    let sqlite = |name| Store::sqlite(Some(home.path().join(name)));
    everything_moves(&sqlite("a"), &postgres("a"), &home.path().join("to")).await;
    everything_moves(&postgres("b"), &sqlite("b"), &home.path().join("from")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn index_of_uploads_keeps_the_contract() {
    let server = PostgresServer::start();
    check_all_indexes(async |name| {
        let url = server.new_database(name);
        let open = |instance| Store::postgres(&url, instance).unwrap();
        let (here, elsewhere) = (open("here"), open("elsewhere"));
        Indexes {
            here: here.passage_index().unwrap(),
            elsewhere: elsewhere.passage_index().unwrap(),
            uploads: Some(here.uploads()),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passages_go_with_their_upload() {
    let server = PostgresServer::start();
    let store = Store::postgres(&server.new_database("chats"), "here").unwrap();
    let (index, owner) = (store.passage_index().unwrap(), Owner::local());
    let put = index.put(&owner, document("a", &["apples"]));
    assert_eq!(put.await, Err(StoreError::Changed), "there is no such upload");
    let indexes = Indexes { here: Arc::clone(&index), elsewhere: index, uploads: Some(store.uploads()) };
    let id = indexes.put_document(&owner, document("a", &["apples\0", "pears"])).await;
    indexes.here.put_embeddings(&owner, "m", vec![(id << 20, vec![1.0])]).await.unwrap();
    let hits = indexes.here.search_words(&owner, vec![id], "apples", 9).await.unwrap();
    assert_eq!(hits.len(), 1);
    assert!(store.uploads().delete(&owner, "a").await.unwrap());
    let left = "SELECT (SELECT count(*) FROM indexed_documents) + (SELECT count(*) FROM passages)
                       + (SELECT count(*) FROM embeddings)";
    assert_eq!(server.run("chats", left), "0");
}
