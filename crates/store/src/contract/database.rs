//! Checks of [`Database`], which the tables rely on. They use the tables of accounts.

use futures_util::future::join_all;

use super::Stores;
use crate::StoreError;
use crate::database::{Database, Statement, Value};
use std::sync::Arc;

const ADD: &str = "INSERT INTO secrets (name, value) VALUES ($1, $2)";
const COUNT: &str = "SELECT count(*) FROM secrets";

fn add(name: &str) -> Statement {
    Statement::new(ADD, [name.into(), Value::Bytes(vec![1])])
}

async fn count(database: &Arc<dyn Database>) -> i64 {
    database.query(Statement::new(COUNT, [])).await.unwrap()[0].int(0).unwrap()
}

pub(super) async fn values_come_back_as_written(stores: Stores) {
    let (here, elsewhere) = (stores.here.database(), stores.elsewhere.database());
    for (name, bytes) in
        [("empty", vec![]), ("all", (0..=255).collect()), ("日本 \u{1} 'x'", vec![0; 100_000])]
    {
        here.write(vec![Statement::new(ADD, [name.into(), Value::Bytes(bytes.clone())])]).await.unwrap();
        let sql = "SELECT name, value FROM secrets WHERE name = $1";
        let rows = elsewhere.query(Statement::new(sql, [name.into()])).await.unwrap();
        assert_eq!((rows[0].text(0).unwrap(), rows[0].bytes(1).unwrap()), (name.to_owned(), bytes));
    }
    let put =
        "INSERT INTO uploads (id, owner, name, filename, media_type, purpose, bytes, created_ms, expires_ms)
               VALUES ($1, 'o', 'n', $1, 't', 'p', $2, $3, $4)";
    for (id, expires) in [("a", None), ("b", Some(5_i64))] {
        let values = [id.into(), i64::MAX.into(), i64::MIN.into(), expires.into()];
        here.write(vec![Statement::new(put, values)]).await.unwrap();
        let sql = "SELECT bytes, created_ms, expires_ms FROM uploads WHERE id = $1";
        let rows = elsewhere.query(Statement::new(sql, [id.into()])).await.unwrap();
        assert_eq!((rows[0].int(0), rows[0].int(1)), (Ok(i64::MAX), Ok(i64::MIN)));
        assert_eq!(rows[0].optional_int(2), Ok(expires));
        assert!(rows[0].text(0).is_err(), "an integer is no text");
    }
}

/// The databases have different types for these.
pub(super) async fn computed_values_are_integers(stores: Stores) {
    let database = stores.here.database();
    let put = "INSERT INTO usage (day, owner, key_id, model, requests, prompt_tokens, completion_tokens, generation_ms)
               VALUES ($1, 'o', '', 'm', $2, 0, 0, 0)";
    for (day, requests) in [("1", 70_000_i64), ("2", -5), ("3", 12_345_678_901)] {
        database.write(vec![Statement::new(put, [day.into(), requests.into()])]).await.unwrap();
    }
    let sql = "SELECT sum(requests), coalesce(sum(prompt_tokens), 0), count(*), EXISTS (SELECT 1 FROM usage),
                      CASE WHEN max(requests) > $1 THEN 1 ELSE 0 END, max(day), sum(requests) - $1
               FROM usage";
    let rows = database.query(Statement::new(sql, [10_i64.into()])).await.unwrap();
    let ints: Vec<_> = (0..5).map(|column| rows[0].int(column).unwrap()).collect();
    assert_eq!(ints, [12_345_748_896, 0, 3, 1, 1]);
    assert_eq!((rows[0].text(5).unwrap(), rows[0].int(6).unwrap()), ("3".to_owned(), 12_345_748_886));
    let none = "SELECT sum(requests) FROM usage WHERE day = 'none'";
    assert_eq!(database.query(Statement::new(none, [])).await.unwrap()[0].optional_int(0), Ok(None));
}

pub(super) async fn unmet_count_of_changes_writes_nothing(stores: Stores) {
    let database = stores.here.database();
    let missing = "UPDATE secrets SET value = $1 WHERE name = 'missing'";
    let missing = || Statement::new(missing, [Value::Bytes(vec![2])]);
    let failed = database.write(vec![add("a"), missing().must_change(1), add("b")]).await;
    assert_eq!(failed.map(drop), Err(StoreError::Changed));
    assert_eq!(count(&database).await, 0);
    let done = database.write(vec![add("a").must_change(1), missing(), add("b")]).await.unwrap();
    assert_eq!(done.iter().map(|done| done.changed).collect::<Vec<_>>(), [1, 0, 1]);
    assert_eq!(count(&stores.elsewhere.database()).await, 2);
}

pub(super) async fn broken_key_writes_nothing(stores: Stores) {
    let database = stores.here.database();
    let failed = database.write(vec![add("a"), add("b"), add("a"), add("c")]).await;
    assert_eq!(failed.map(drop), Err(StoreError::Changed));
    let key = "INSERT INTO sessions (id, kind, owner, user_id, created_ms, expires_ms) VALUES ('s', 'k', 'o', 'nobody', 1, 1)";
    assert_eq!(
        database.write(vec![add("a"), Statement::new(key, [])]).await.map(drop),
        Err(StoreError::Changed)
    );
    assert_eq!(count(&database).await, 0);
    // The connection is still good.
    database.write(vec![add("a")]).await.unwrap();
    let existing = "INSERT INTO secrets (name, value) VALUES ('a', $1) ON CONFLICT (name) DO NOTHING";
    let done = database.write(vec![Statement::new(existing, [Value::Bytes(vec![9])])]).await.unwrap();
    assert_eq!((done[0].changed, count(&database).await), (0, 1));
}

pub(super) async fn returned_rows_are_those_that_changed(stores: Stores) {
    let database = stores.here.database();
    database.write(vec![add("a"), add("b"), add("c")]).await.unwrap();
    let sql = "DELETE FROM secrets WHERE name < $1 RETURNING name";
    let done =
        database.write(vec![Statement::new(sql, ["c".into()]).must_change(2), Statement::new(COUNT, [])]);
    let done = done.await.unwrap();
    let mut names: Vec<_> = done[0].rows.iter().map(|row| row.text(0).unwrap()).collect();
    names.sort();
    assert_eq!((names, done[0].changed), (vec!["a".to_owned(), "b".to_owned()], 2));
    assert_eq!(done[1].rows[0].int(0), Ok(1), "a statement sees the ones before it");
}

pub(super) async fn many_statements_are_one_transaction(stores: Stores) {
    let database = stores.here.database();
    let names: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    let mut statements: Vec<_> = names.iter().map(|name| add(name)).collect();
    let sql = "SELECT count(*) FROM secrets WHERE name = $1";
    statements.extend(names.iter().map(|name| Statement::new(sql, [name.as_str().into()])));
    let done = database.write(statements.clone()).await.unwrap();
    assert!(done[100..].iter().all(|done| done.rows[0].int(0) == Ok(1)));
    database.write(vec![Statement::new("DELETE FROM secrets", []).must_change(100)]).await.unwrap();
    statements.push(add("5"));
    assert_eq!(database.write(statements).await.map(drop), Err(StoreError::Changed));
    assert_eq!(count(&database).await, 0);
    assert_eq!(database.write(vec![]).await.unwrap().len(), 0);
}

pub(super) async fn concurrent_increments_are_all_counted(stores: Stores) {
    let sql = "UPDATE revisions SET revision = revision + $1 WHERE name = 'accounts'";
    let writes = (0..20).map(|number| {
        let database = if number % 2 == 0 { stores.here.database() } else { stores.elsewhere.database() };
        tokio::spawn(database.write(vec![Statement::new(sql, [1_i64.into()]).must_change(1)]))
    });
    for written in join_all(writes).await {
        assert_eq!(written.unwrap().map(drop), Ok(()));
    }
    let rows = stores.here.database().query(Statement::new("SELECT revision FROM revisions", [])).await;
    assert_eq!(rows.unwrap()[0].int(0), Ok(20));
}

pub(super) async fn what_a_statement_reads_holds_until_the_commit(stores: Stores) {
    // As a quota does.
    let sql = "INSERT INTO secrets (name, value) SELECT $1, $2 WHERE (SELECT count(*) FROM secrets) < 3";
    let writes = (0..12).map(|number: i32| {
        let database = if number % 2 == 0 { stores.here.database() } else { stores.elsewhere.database() };
        let values = [number.to_string().into(), Value::Bytes(vec![])];
        tokio::spawn(database.write(vec![Statement::new(sql, values).must_change(1)]))
    });
    let written =
        join_all(writes).await.into_iter().filter(|written| written.as_ref().unwrap().is_ok()).count();
    assert_eq!((written, count(&stores.here.database()).await), (3, 3));
}

pub(super) async fn deleted_user_takes_keys_and_sessions_along(stores: Stores) {
    let database = stores.here.database();
    let statements = [
        "INSERT INTO users (id, email, password_hash, is_admin, is_disabled, created_ms) VALUES ('u', 'e', 'h', 0, 0, 1)",
        "INSERT INTO sessions (id, kind, owner, user_id, created_ms, expires_ms) VALUES ('s', 'k', 'u', 'u', 1, 1)",
        "INSERT INTO api_keys (id, name, prefix, hash, owner, user_id, scopes, priority, created_ms, is_disabled)
         VALUES ('k', 'n', 'p', 'h', 'u', 'u', 'chat', 0, 1, 0)",
    ];
    database.write(statements.map(|sql| Statement::new(sql, [])).into()).await.unwrap();
    database.write(vec![Statement::new("DELETE FROM users", []).must_change(1)]).await.unwrap();
    let left = "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM api_keys)";
    assert_eq!(database.query(Statement::new(left, [])).await.unwrap()[0].int(0), Ok(0));
}

pub(super) async fn dropped_write_is_whole(stores: Stores) {
    let database = stores.here.database();
    count(&database).await;
    // A caller who leaves at any moment leaves all of a write or nothing.
    for round in 0..20 {
        let statements = (0..5).map(|number| add(&format!("{round}.{number}"))).collect();
        let write = tokio::spawn(database.write(statements));
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        write.abort();
        let _ = write.await;
    }
    let sql = "SELECT count(*) FROM secrets GROUP BY substr(name, 1, length(name) - 2)";
    for row in database.query(Statement::new(sql, [])).await.unwrap() {
        assert_eq!(row.int(0), Ok(5));
    }
}
