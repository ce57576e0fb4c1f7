//! A file of version 0.1, migrated by a real process that is killed while it does so.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use super::contents;
use crate::support::process::Process;

const MESSAGES: i64 = 20_000;

/// Writes a file of format 1 with one long conversation.
fn write_format_1(file: &Path) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection
        .execute_batch(include_str!("../../crates/store/src/sqlite/migrations/0001_conversations.sql"))
        .unwrap();
    connection
        .execute_batch(&format!(
            "INSERT INTO conversations VALUES ('a', NULL, 1, 1);
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MESSAGES})
            INSERT INTO messages (conversation_id, role, content, created_ms)
                SELECT 'a', 'user', n || ' ' || hex(zeroblob(250)), 1 FROM numbers;
            PRAGMA user_version = 1;"
        ))
        .unwrap();
}

fn format_of(file: &Path) -> i64 {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_during_migration_loses_nothing() {
    let home = TempDir::new().unwrap();
    let old = home.path().join("old.db");
    write_format_1(&old);
    let mut found = Vec::new();
    // Killed while the copy is made, and at several moments after it was made, while the tables are.
    for (round, (sign, delay_ms)) in
        [(".bak-1.tmp", 0), (".bak-1", 0), (".bak-1", 10), (".bak-1", 40), (".bak-1", 160)]
            .into_iter()
            .enumerate()
    {
        let data = home.path().join(round.to_string());
        std::fs::create_dir(&data).unwrap();
        let file = data.join("conversations.db");
        std::fs::copy(&old, &file).unwrap();
        let start = || Process::with(&[], &[("OLLAMA_MCP_DATA_DIR", data.to_str().unwrap())]);
        let read = json!({
            "name": "get_conversation", "arguments": { "conversation_id": "a", "last": 1 },
        });
        let mut process = start();
        process.request("tools/call", read.clone()).await;
        let sign = data.join(format!("conversations.db{sign}"));
        while !sign.exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Not a wait for something: the moment is what is varied.
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        process.signal("KILL");
        drop(process);
        found.push(format_of(&file));
        let mut next = start();
        let answer = next.ask("tools/call", read).await;
        let structured = &answer["result"]["structuredContent"];
        assert_eq!(structured["total"], MESSAGES, "round {round}: {answer}");
        assert!(contents(&answer["result"])[0].starts_with(&format!("{MESSAGES} 00")));
        next.finish().await.well();
        assert_eq!(format_of(&file), 4);
        let connection = rusqlite::Connection::open(&file).unwrap();
        let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }
    assert!(found.contains(&1), "no process was killed before it had migrated the file: {found:?}");
}
