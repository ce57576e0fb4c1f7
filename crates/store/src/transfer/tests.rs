//! Everything that is stored moves to another database, and nothing that is there is changed.

use std::io::Cursor as Bytes;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;
use types::Owner;

use super::tables::{LEFT_OUT, TABLES};
use super::*;
use crate::database::{Statement, Value};
use crate::{Store, Turn};

fn store(home: &TempDir, name: &str) -> Store {
    Store::sqlite(Some(home.path().join(name)))
}

fn text(role: Role, text: &str, second: u64) -> StoredMessage {
    StoredMessage::text(role, text, UNIX_EPOCH + Duration::from_secs(second))
}

async fn run(store: &Store, sql: &'static str) {
    store.database().write(vec![Statement::new(sql, [])]).await.unwrap();
}

/// One of everything, with an upload's bytes in `uploads`.
pub(crate) async fn fill(store: &Store, uploads: &Path) {
    for sql in [
        "INSERT INTO users (id, email, password_hash, is_admin, is_disabled, created_ms)
         VALUES ('user-1', 'ann@example.org', '$argon2id$x', 1, 0, 5)",
        "INSERT INTO api_keys (id, name, prefix, hash, owner, user_id, scopes, models, requests_per_minute, priority,
                               created_ms, is_disabled)
         VALUES ('k1', 'batch', 'omk_ab', 'ff', 'user-1', 'user-1', 'chat files', '[\"m\"]', 5, 1, 6, 0)",
        "INSERT INTO sessions (id, kind, owner, user_id, created_ms, expires_ms)
         VALUES ('s', 'token', 'user-1', 'user-1', 1, 2)",
        "INSERT INTO uploads (id, owner, name, filename, media_type, purpose, bytes, created_ms)
         VALUES ('file-1', 'user-1', 'a b.txt', 'x_a b.txt', 'text/plain', 'user_data', 5, 7)",
        "INSERT INTO uploads (id, owner, name, filename, media_type, purpose, bytes, created_ms)
         VALUES ('file-lost', 'user-1', 'l', 'l', 'text/plain', 'user_data', 5, 7)",
        "INSERT INTO usage (day, owner, key_id, model, requests, prompt_tokens, completion_tokens, generation_ms)
         VALUES ('2026-01-02', 'user-1', '', 'm', 3, 40, 5, 600)",
        "INSERT INTO answers (id, owner, kind, model, request, answer, created_ms)
         VALUES ('a1', 'user-1', 'chat.completion', 'm', '{}', '{}', 8)",
    ] {
        run(store, sql).await;
    }
    let secret =
        Statement::new("INSERT INTO secrets (name, value) VALUES ('jwt', $1)", [Value::Bytes(vec![1; 32])]);
    store.database().write(vec![secret]).await.unwrap();
    std::fs::create_dir_all(uploads).unwrap();
    std::fs::write(uploads.join("file-1"), b"h\0llo").unwrap();
    let mut reply = text(Role::Assistant, "re: hello", 2);
    reply.thinking = Some("hm".into());
    reply.tool_calls = vec![ToolCall { id: "c".into(), name: "add".into(), arguments: "{}".into() }];
    (reply.model, reply.prompt_tokens) = (Some("m".into()), Some(3));
    let mut question = text(Role::User, "hello \u{1} 日本", 1);
    question.attachments = vec!["a.txt".into()];
    for owner in ["local", "user-1"] {
        let messages = vec![question.clone(), reply.clone()];
        let turn =
            Turn { id: "notes".into(), after: None, replaces: 0, system: Some("Be brief.".into()), messages };
        let owner = Owner::new(owner).unwrap();
        store.conversations().append(&owner, turn).await.unwrap();
        assert!(store.conversation_index().set_title(&owner, "notes", Some("Greetings")).await.unwrap());
    }
}

pub(crate) async fn exported(store: &Store, uploads: &Path) -> String {
    let mut out = Vec::new();
    store.export(Some(uploads), &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) async fn imported(store: &Store, lines: &str, uploads: &Path) -> Imported {
    store.import(&mut Bytes::new(lines), Some(uploads)).await.unwrap()
}

fn counts(counts: &Counts) -> Vec<(&str, usize)> {
    counts.iter().map(|(kind, count)| (kind.as_str(), *count)).collect()
}

/// What moves from one store to another, and again; used for both databases.
pub(crate) async fn everything_moves(from: &Store, to: &Store, home: &Path) {
    let (uploads, new_uploads) = (home.join("uploads"), home.join("new-uploads"));
    fill(from, &uploads).await;
    let lines = exported(from, &uploads).await;
    assert!(!lines.contains("file-lost"), "its bytes are missing");
    for kind in ["session", "secret", "jwt"] {
        assert!(!lines.contains(&format!("\"{kind}\"")), "{kind}");
    }
    let first = imported(to, &lines, &new_uploads).await;
    let all = [("answer", 1), ("conversation", 2), ("key", 1), ("upload", 1), ("usage", 1), ("user", 1)];
    assert_eq!((counts(&first.added), first.skipped.len()), (all.to_vec(), 0), "{first:?}");
    assert_eq!(std::fs::read(new_uploads.join("file-1")).unwrap(), b"h\0llo");
    // All of it is the same there.
    let mut again: Vec<_> = exported(to, &new_uploads).await.lines().map(sorted).collect();
    let mut before: Vec<_> = lines.lines().map(sorted).collect();
    again.sort();
    before.sort();
    assert_eq!(again, before);
    // A second time changes nothing.
    let second = imported(to, &lines, &new_uploads).await;
    assert_eq!((counts(&second.existing), second.added.len()), (all.to_vec(), 0));
    assert_eq!(exported(to, &new_uploads).await.lines().count(), lines.lines().count());
    let revision =
        to.database().query(Statement::new("SELECT revision FROM revisions WHERE name = 'accounts'", []));
    assert!(revision.await.unwrap()[0].int(0).unwrap() >= 2, "other processes learn of users and keys");
}

/// A line with its fields in one order.
fn sorted(line: &str) -> String {
    let fields: BTreeMap<String, Json> = serde_json::from_str(line).unwrap();
    serde_json::to_string(&fields).unwrap()
}

#[tokio::test]
async fn everything_moves_between_two_files() {
    let home = TempDir::new().unwrap();
    everything_moves(&store(&home, "from"), &store(&home, "to"), home.path()).await;
}

#[tokio::test]
async fn import_changes_nothing_that_is_there() {
    let home = TempDir::new().unwrap();
    let (from, to, uploads) = (store(&home, "from"), store(&home, "to"), home.path().join("uploads"));
    fill(&from, &uploads).await;
    // Ann has an account there, under another id, and a conversation.
    run(
        &to,
        "INSERT INTO users (id, email, password_hash, is_admin, is_disabled, created_ms)
         VALUES ('user-2', 'ann@example.org', 'hers', 0, 0, 9)",
    )
    .await;
    let other = Turn {
        id: "notes".into(),
        after: None,
        replaces: 0,
        system: None,
        messages: vec![text(Role::User, "mine", 9)],
    };
    let user_2 = Owner::new("user-2").unwrap();
    to.conversations().append(&user_2, other).await.unwrap();
    let done = imported(&to, &exported(&from, &uploads).await, &home.path().join("new")).await;
    assert_eq!(counts(&done.existing), [("conversation", 1), ("user", 1)], "{done:?}");
    assert!(done.notes[0].contains("ann@example.org has an account already"), "{done:?}");
    let users = to.database().query(Statement::new("SELECT id, password_hash FROM users", [])).await.unwrap();
    assert_eq!(
        (users.len(), users[0].text(0), users[0].text(1)),
        (1, Ok("user-2".into()), Ok("hers".into()))
    );
    let hers = to.conversations().get(&user_2, "notes", None).await.unwrap().unwrap();
    assert_eq!(hers.messages[0].content, "mine");
    let keys = to.database().query(Statement::new("SELECT owner, user_id FROM api_keys", [])).await.unwrap();
    assert_eq!((keys[0].text(0), keys[0].text(1)), (Ok("user-2".into()), Ok("user-2".into())));
}

#[tokio::test]
async fn lines_that_cannot_be_taken_are_named_without_quoting_them() {
    let home = TempDir::new().unwrap();
    let to = store(&home, "to");
    let lines = concat!(
        "{\"ollama_mcp_export\": 1, \"version\": \"0.2.0\"}\n",
        "s3cret\n",
        "{\"type\": \"recipe\"}\n\n",
        "{\"type\": \"user\", \"id\": \"u\"}\n",
        "{\"type\": \"key\", \"id\": [1]}\n",
        "{\"type\": \"upload\", \"id\": \"../x\", \"data\": \"\"}\n",
        "{\"type\": \"conversation\", \"owner\": \"a b\", \"id\": \"x\", \"messages\": []}\n",
        "{\"type\": \"conversation\", \"owner\": \"a\", \"id\": \"x\", \"messages\": [{\"role\": \"r\", \"content\": \"\", \"created_ms\": 1}]}\n",
    );
    let done = imported(&to, lines, home.path()).await;
    assert_eq!(
        done.skipped,
        [
            "line 2: it is no line of an export",
            "line 3: this version knows no \"recipe\"",
            "line 5: user: what it belongs to is not there, or a value is missing",
            "line 6: key: id is no text or number",
            "line 7: upload: its id is none",
            "line 8: the owner is no name of an owner",
            "line 9: the role \"r\" is not known",
        ]
    );
    let refused = to.import(&mut Bytes::new("[]\n"), None).await;
    assert!(matches!(refused, Err(TransferError::NoExport)), "{refused:?}");
    let newer = to.import(&mut Bytes::new("{\"ollama_mcp_export\": 9, \"version\": \"9\"}\n"), None).await;
    assert!(matches!(newer, Err(TransferError::Newer { found: 9 })), "{newer:?}");
}

#[tokio::test]
async fn every_table_is_moved_or_left_out_on_purpose() {
    let home = TempDir::new().unwrap();
    let sql = "SELECT t.name, group_concat(c.name) FROM sqlite_schema t JOIN pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' GROUP BY t.name";
    let store = store(&home, "a");
    store.database().write(vec![]).await.unwrap();
    for row in store.database().query(Statement::new(sql, [])).await.unwrap() {
        let (name, columns) = (row.text(0).unwrap(), row.text(1).unwrap());
        if LEFT_OUT.contains(&&*name) || ["conversations", "messages"].contains(&&*name) {
            continue;
        }
        let table = TABLES.iter().find(|table| table.name() == name);
        let table = table.unwrap_or_else(|| panic!("{name} is not exported: add it to TABLES or LEFT_OUT"));
        assert_eq!(columns, table.columns.join(","), "the columns of {name} in an export");
    }
}

#[tokio::test]
async fn chats_of_the_older_service_are_taken_in() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("chats");
    std::fs::create_dir(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write(
        "one-chat.json",
        r#"{"created_at": "2025-01-02T03:04:05.678901", "last_updated": "x", "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "one", "timestamp": "2025-01-02T03:04:05.678901"},
            {"role": "assistant", "content": [{"type": "text", "text": "re: one"}], "timestamp": "2025-01-02T04:04:06+01:00"},
            {"role": "narrator", "content": "x"}, {"role": "user"}]}"#,
    );
    write(
        "many.json",
        "\u{feff}{\"a b\": {\"messages\": [{\"role\": \"user\", \"content\": \"two\", \"timestamp\": 1700000000.5}]},
          \"empty\": {\"messages\": []}, \"odd\": 5}",
    );
    write("list.json", r#"[{"role": "human", "content": "three"}]"#);
    write("broken.json", "{");
    write("notes.txt", "not looked at");
    let (store, owner) = (store(&home, "to"), Owner::local());
    let done = store.import_chats(&owner, &folder).await.unwrap();
    assert_eq!(counts(&done.added), [("conversation", 3)], "{done:?}");
    assert_eq!(
        done.skipped,
        [
            "broken.json: it is no JSON",
            "many.json, chat \"empty\": it has no messages",
            "many.json, chat \"odd\": it is no list of messages",
            "many.json, chat \"odd\": it has no messages",
            "one-chat.json, chat \"one-chat\": message 4 has no role that is known",
            "one-chat.json, chat \"one-chat\": message 5 has no text",
        ]
    );
    assert_eq!(done.notes, ["many.json: the id \"a b\" became \"a_b\""]);
    let one = store.conversations().get(&owner, "one-chat", None).await.unwrap().unwrap();
    assert_eq!((one.system.as_deref(), one.total), (Some("Be brief."), 2));
    assert_eq!(one.messages[0].created, UNIX_EPOCH + Duration::from_millis(1_735_787_045_678));
    assert_eq!((one.messages[1].content.as_str(), one.updated > one.created), ("re: one", true));
    let many = store.conversations().get(&owner, "a_b", None).await.unwrap().unwrap();
    assert_eq!(many.created, UNIX_EPOCH + Duration::from_millis(1_700_000_000_500));
    let again = store.import_chats(&owner, &folder).await.unwrap();
    assert_eq!((counts(&again.existing), again.added.len()), (vec![("conversation", 3)], 0));
}
