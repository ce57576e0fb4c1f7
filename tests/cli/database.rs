//! `migrate`, `export` and `import`.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::run;

fn data(home: &TempDir, name: &str) -> String {
    home.path().join(name).display().to_string()
}

/// A folder of the older service, with one chat that has two messages and one that has none.
fn chats(home: &TempDir) -> String {
    let folder = home.path().join("chats");
    std::fs::create_dir(&folder).unwrap();
    let chat = r#"{"created_at": "2025-01-02T03:04:05", "messages": [
        {"role": "user", "content": "hello", "timestamp": "2025-01-02T03:04:05"},
        {"role": "assistant", "content": "hi", "timestamp": "2025-01-02T03:04:06"}]}"#;
    std::fs::write(folder.join("first.json"), chat).unwrap();
    folder.display().to_string()
}

#[tokio::test]
async fn chats_are_imported_exported_and_imported_elsewhere() {
    let home = TempDir::new().unwrap();
    let (from, to, chats) = (data(&home, "from"), data(&home, "to"), chats(&home));
    let (from, to) = ([("OLLAMA_MCP_DATA_DIR", from.as_str())], [("OLLAMA_MCP_DATA_DIR", to.as_str())]);
    let imported = run(&["import", &chats], &from).await;
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    assert!(imported.stdout.contains("conversations.db: 1 conversation\n"), "{}", imported.stdout);

    let file = data(&home, "everything.jsonl");
    let exported = run(&["export", &file], &from).await;
    assert_eq!((exported.code, exported.stdout.as_str()), (Some(0), ""), "{}", exported.stderr);
    assert!(exported.stderr.contains("1 conversation"), "{}", exported.stderr);
    let again = run(&["export", &file], &from).await;
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("exists already"), "{}", again.stderr);

    for (is_new, line) in
        [(true, ": 1 conversation\n"), (false, ": nothing\nthere already, and not changed: 1 conversation\n")]
    {
        let imported = run(&["import", &file], &to).await;
        assert_eq!(imported.code, Some(0), "{}", imported.stderr);
        assert!(imported.stdout.ends_with(line), "{is_new}: {}", imported.stdout);
    }
    let piped = run(&["export"], &to).await;
    let last: Value = serde_json::from_str(piped.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&last["id"], &last["messages"][1]["content"]), (&"first".into(), &"hi".into()), "{last}");
    assert_eq!(piped.stdout, std::fs::read_to_string(&file).unwrap());
}

#[cfg(unix)]
#[tokio::test]
async fn export_is_readable_by_its_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = TempDir::new().unwrap();
    let (directory, file) = (data(&home, "data"), data(&home, "x.jsonl"));
    let ran = run(&["export", &file], &[("OLLAMA_MCP_DATA_DIR", &directory)]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!Path::new(&format!("{file}.part")).exists());
}

#[tokio::test]
async fn what_cannot_be_imported_is_named() {
    let home = TempDir::new().unwrap();
    let directory = data(&home, "data");
    let environment = [("OLLAMA_MCP_DATA_DIR", directory.as_str())];
    let folder = chats(&home);
    std::fs::write(home.path().join("chats/broken.json"), "{").unwrap();
    let ran = run(&["import", &folder, "--owner", "guest"], &environment).await;
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout.contains("1 conversation") && ran.stderr.contains("skipped: broken.json: it is no JSON"),
        "{}",
        ran.stderr
    );
    for (path, problem) in [("missing", "cannot be read"), ("-", "is no export of ollama-mcp")] {
        let ran = run(&["import", path], &environment).await;
        assert_eq!(ran.code, Some(1));
        assert!(ran.stderr.contains(problem), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn migrate_tells_the_formats() {
    let home = TempDir::new().unwrap();
    let directory = data(&home, "data");
    let environment = [("OLLAMA_MCP_DATA_DIR", directory.as_str())];
    for line in ["conversations.db: created, format 4\n", "conversations.db: has format 4 already\n"] {
        let ran = run(&["migrate"], &environment).await;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stdout.ends_with(line), "{}", ran.stdout);
    }
    let doctor = run(&["doctor", "--json"], &environment).await;
    let report: Value = serde_json::from_str(&doctor.stdout).unwrap();
    assert_eq!(report["database"]["format"], 4, "{report}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn everything_moves_to_postgres_by_commands() {
    use crate::support::postgres_server::PostgresServer;

    let (home, server) = (TempDir::new().unwrap(), PostgresServer::start());
    let (directory, chats, file) = (data(&home, "data"), chats(&home), data(&home, "x.jsonl"));
    let url = server.new_database("chats");
    let sqlite = [("OLLAMA_MCP_DATA_DIR", directory.as_str())];
    let postgres = [("OLLAMA_MCP_DATA_DIR", directory.as_str()), ("OLLAMA_MCP_DATABASE_URL", url.as_str())];
    let created = run(&["migrate"], &postgres).await;
    assert!(
        created.stdout.contains("database \"chats\": created, format 3"),
        "{}{}",
        created.stdout,
        created.stderr
    );
    for (arguments, environment) in [
        (["import", &chats], &sqlite[..]),
        (["export", &file], &sqlite[..]),
        (["import", &file], &postgres[..]),
    ] {
        let ran = run(&arguments, environment).await;
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
    }
    let moved = run(&["export"], &postgres).await;
    assert_eq!(moved.stdout, std::fs::read_to_string(&file).unwrap());
    let doctor = run(&["doctor"], &postgres).await;
    assert!(doctor.stdout.contains("database \"chats\": format 3"), "{}", doctor.stdout);
    assert!(
        doctor.stdout.contains("OLLAMA_MCP_DATABASE_URL") && !doctor.stdout.contains(&url),
        "{}",
        doctor.stdout
    );
}
