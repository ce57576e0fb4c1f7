//! The password of the database from a file: neither the environment nor the command line has it.

use serde_json::json;
use tempfile::TempDir;

use super::{echoing, turn};
use crate::support::http_server::{failed_start, serve_command};
use crate::support::mcp_client::Session;
use crate::support::postgres_server::PostgresServer;

const PASSWORD: &str = "p%40ss w/o:rd?#";

/// A server with a database of a user who needs this password over a socket of its own folder; the URL without it.
fn database(server: &PostgresServer) -> String {
    server.run("postgres", &format!("CREATE ROLE ann LOGIN PASSWORD '{PASSWORD}'"));
    server.new_database("chats");
    server.run("postgres", "ALTER DATABASE chats OWNER TO ann");
    let rules = server.run("postgres", "SHOW hba_file");
    let text = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("local chats ann scram-sha-256\n{text}")).unwrap();
    let loaded = || server.run("postgres", "SELECT pg_conf_load_time()");
    let before = loaded();
    server.run("postgres", "SELECT pg_reload_conf()");
    while loaded() == before {}
    server.url("chats").replace("postgres@", "ann@")
}

fn written(home: &TempDir, text: impl AsRef<[u8]>) -> String {
    let file = home.path().join("password");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn password_of_file_opens_database() {
    let (fake, server, home) = (echoing().await, PostgresServer::start(), TempDir::new().unwrap());
    let url = database(&server);
    for ending in ["", "\n", "\r\n"] {
        let file = written(&home, format!("{PASSWORD}{ending}"));
        let mut session = Session::with(&[
            ("OLLAMA_HOST", &fake.url()),
            ("OLLAMA_MCP_DATABASE_URL", &url),
            ("OLLAMA_MCP_DATABASE_PASSWORD_FILE", &file),
        ]);
        let answer = session.call("converse", turn("a", "one")).await;
        assert_eq!(answer["content"][0]["text"], "re: one", "{ending:?}: {answer}");
    }
    let file = written(&home, "another");
    let mut session = Session::with(&[
        ("OLLAMA_HOST", &fake.url()),
        ("OLLAMA_MCP_DATABASE_URL", &url),
        ("OLLAMA_MCP_DATABASE_PASSWORD_FILE", &file),
    ]);
    let refused = session.call("get_conversation", json!({ "conversation_id": "a" })).await;
    assert_eq!(refused["isError"], true, "{refused}");
    assert!(!refused.to_string().contains("another"), "{refused}");
    assert_eq!(server.run("chats", "SELECT count(*) FROM messages"), "6", "three turns, and no fourth");
}

#[tokio::test]
async fn wrong_files_are_told_without_their_content() {
    let home = TempDir::new().unwrap();
    let directory = home.path().to_str().unwrap().to_owned();
    let file = |text: &[u8]| written(&home, text);
    let (url, with_password) =
        ("postgres://ann@127.0.0.1:1/chats", "postgres://ann:s3cret@127.0.0.1:1/chats");
    let name = "OLLAMA_MCP_DATABASE_PASSWORD_FILE";
    let check = async |url: &str, path: String, reason: &str| {
        let mut command = serve_command(&home);
        command.env(name, path);
        if !url.is_empty() {
            command.env("OLLAMA_MCP_DATABASE_URL", url);
        }
        let (_, stderr) = failed_start(command).await;
        assert!(stderr.contains(reason) && stderr.contains("OLLAMA_MCP_DATABASE"), "{reason}: {stderr}");
        assert!(!stderr.contains("s3cret") && stderr.lines().count() == 1, "{stderr}");
    };
    check(url, "/nowhere".to_owned(), "/nowhere (OLLAMA_MCP_DATABASE_PASSWORD_FILE) cannot be read").await;
    check(url, directory, "which Docker makes where the file to be mounted does not exist").await;
    check(url, file(b"\n"), "is empty").await;
    check(url, file(b"s3cret\xff"), "is no text").await;
    check(with_password, file(b"s3cret2\n"), "leave out one of them").await;
    check("", file(b"s3cret\n"), "OLLAMA_MCP_DATABASE_URL is not set").await;
}
