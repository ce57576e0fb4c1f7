//! `conversations`: what `chat` has stored, found again.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::fake_ollama::FakeOllama;
use crate::support::http_server::{CommandOutput, run_command};

/// A home with two conversations.
struct Home {
    home: TempDir,
    fake: FakeOllama,
}

impl Home {
    async fn new() -> Self {
        let home = Self { home: TempDir::new().unwrap(), fake: FakeOllama::start().await.with_defaults() };
        home.run(&["chat", "--conversation", "colours"], "Which colours are there?\nAnd now?\n/quit\n")
            .await
            .ok();
        let saved = format!("What is a ship?\n/save {}\n", home.file("ships.json"));
        home.run(&["chat", "--conversation", "ships"], &saved).await.ok();
        home
    }

    fn file(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    async fn run(&self, arguments: &[&str], stdin: &str) -> CommandOutput {
        let host = format!("--ollama-host={}", self.fake.url());
        let model = "--model=qwen2.5-coder:0.5b";
        run_command(self.home.path(), &[&[host.as_str(), model], arguments].concat(), stdin).await
    }
}

#[tokio::test]
async fn conversations_are_listed_searched_and_shown() {
    let home = Home::new().await;
    let listed = home.run(&["conversations", "list"], "").await.ok();
    let lines: Vec<_> = listed.lines().collect();
    assert!(
        lines[0].starts_with("ships  ") && lines[0].ends_with("  2 messages  What is a ship?"),
        "{listed}"
    );
    assert!(lines[1].ends_with("  4 messages  Which colours are there?") && lines.len() == 2, "{listed}");
    let found = home.run(&["conversations", "search", "COLOURS", "which", "--json"], "").await.ok();
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(
        (&found["conversations"][0]["id"], found["conversations"].as_array().unwrap().len()),
        (&"colours".into(), 1)
    );
    let nothing = home.run(&["conversations", "search", "elephant"], "").await;
    assert_eq!(
        (nothing.stdout.as_str(), nothing.stderr.as_str()),
        ("", "No conversation has all of these words.\n")
    );
    let shown = home.run(&["conversations", "show", "colours", "--last", "2"], "").await.ok();
    assert!(shown.starts_with("# Which colours are there?\n"), "{shown}");
    assert!(shown.contains("And now?") && shown.contains("## qwen2.5-coder:0.5b, "), "{shown}");
    assert!(!shown.contains("\n\nWhich colours are there?"), "only the newest: {shown}");
    let page = home.run(&["conversations", "list", "--limit", "1"], "").await;
    let before = page.stderr.trim().strip_prefix("There are more: --before ").unwrap().to_owned();
    let next = home.run(&["conversations", "list", "--before", &before], "").await.ok();
    assert!(next.starts_with("colours  ") && next.lines().count() == 1, "{next}");
    home.run(&["conversations", "show", "nothing"], "").await.failed(1);
}

#[tokio::test]
async fn conversation_becomes_a_private_file() {
    let home = Home::new().await;
    let saved: Value = serde_json::from_slice(&std::fs::read(home.file("ships.json")).unwrap()).unwrap();
    assert_eq!(
        (&saved["id"], &saved["messages"][0]["content"]),
        (&"ships".into(), &"What is a ship?".into())
    );
    assert_eq!(saved["messages"].as_array().unwrap().len(), 2);
    let path = home.file("colours.md");
    home.run(&["conversations", "export", "colours", &path], "").await.ok();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# Which colours are there?\n") && text.matches("## User, ").count() == 2,
        "{text}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(home.run(&["conversations", "export", "colours"], "").await.ok(), text);
    let refused = home.run(&["conversations", "export", "colours", &path], "").await.failed(1);
    assert!(refused.contains("exists already"), "{refused}");
    let other = home.file("nothing.md");
    home.run(&["conversations", "export", "nothing", &other], "").await.failed(1);
    assert!(!std::path::Path::new(&other).exists());
}

#[tokio::test]
async fn deletion_is_confirmed() {
    let home = Home::new().await;
    let asked = home.run(&["conversations", "delete", "ships"], "").await.failed(2);
    assert!(asked.contains("--yes"), "{asked}");
    let deleted = home.run(&["conversations", "delete", "--yes", "nothing", "ships"], "").await;
    let told = deleted.failed(1);
    assert!(told.contains("\"nothing\"") && told.contains("Deleted ships."), "{told}");
    assert_eq!(home.run(&["conversations", "list"], "").await.ok().lines().count(), 1);
}
