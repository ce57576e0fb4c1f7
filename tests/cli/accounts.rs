//! `users` and `keys`: without a server, and what they say.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::http_server::{CommandOutput, PASSWORD, run_command};

/// A home, and commands over its data.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    async fn run(&self, arguments: &[&str], stdin: &str) -> CommandOutput {
        run_command(self.0.path(), arguments, stdin).await
    }

    async fn add(&self, email: &str) -> CommandOutput {
        self.run(&["users", "add", email, "--password-stdin"], &format!("{PASSWORD}\n")).await
    }
}

#[tokio::test]
async fn users_are_added_listed_disabled_and_removed() {
    let home = Home::new();
    let empty = home.run(&["users", "list"], "").await;
    assert!(empty.stdout.is_empty() && empty.stderr.contains("users add EMAIL --admin"), "{empty:?}");
    let added = home.run(&["users", "add", "Ann@example.org", "--admin", "--password-stdin"], PASSWORD).await;
    assert_eq!(
        (added.stdout.as_str(), added.stderr.as_str()),
        ("", "Added the administrator ann@example.org.\n")
    );
    home.add("bob@example.org").await.ok();
    let listed = home.run(&["users", "list"], "").await.ok();
    let lines: Vec<_> = listed.lines().collect();
    assert!(
        lines[0].starts_with("ann@example.org  user-") && lines[0].ends_with("  administrator"),
        "{listed}"
    );
    assert!(lines[1].starts_with("bob@example.org  user-") && lines.len() == 2, "{listed}");
    home.run(&["users", "disable", "bob@example.org"], "").await.ok();
    let listed: Value = serde_json::from_str(&home.run(&["users", "list", "--json"], "").await.ok()).unwrap();
    assert_eq!(listed[1]["disabled"], true, "{listed}");
    assert!(listed[0].get("password").is_none() && !listed.to_string().contains("argon2"), "{listed}");
    home.run(&["users", "enable", "bob@example.org"], "").await.ok();
    home.run(&["users", "passwd", "bob@example.org", "--password-stdin"], "battery staple").await.ok();
    let asked = home.run(&["users", "remove", "bob@example.org"], "").await.failed(2);
    assert!(asked.contains("--yes"), "{asked}");
    home.run(&["users", "remove", "bob@example.org", "--yes"], "").await.ok();
    assert_eq!(home.run(&["users", "list"], "").await.ok().lines().count(), 1);
}

#[tokio::test]
async fn wrong_users_are_told_with_next_step() {
    let home = Home::new();
    home.add("ann@example.org").await.ok();
    let cases: &[(&[&str], &str, i32, &str)] = &[
        (
            &["users", "add", "ann@example.org", "--password-stdin"],
            PASSWORD,
            1,
            "there is a user ann@example.org already",
        ),
        (&["users", "add", "ann", "--password-stdin"], PASSWORD, 2, "is not an email address"),
        (&["users", "add", "bob@example.org", "--password-stdin"], "changeme", 2, "everybody guesses"),
        (&["users", "add", "bob@example.org", "--password-stdin"], "short", 2, "at least 8 characters"),
        (&["users", "add", "bob@example.org", "--password-stdin"], "", 2, "stdin holds no password"),
        (&["users", "add", "bob@example.org"], PASSWORD, 2, "give --password-stdin"),
        (&["users", "add", "bob@example.org", "--password", "x"], "", 2, "--password"),
        (
            &["users", "disable", "anm@example.org"],
            "",
            1,
            "there is no user anm@example.org; did you mean ann@example.org?",
        ),
        (
            &["users", "passwd", "zoe@elsewhere.net", "--password-stdin"],
            PASSWORD,
            1,
            "there is no user zoe@elsewhere.net\n",
        ),
        (&["keys", "add", "bot", "--user", "anm@example.org"], "", 1, "did you mean ann@example.org?"),
        (
            &["keys", "add", "bot", "--user", "ann@example.org", "--scopes", "admin"],
            "",
            1,
            "may not have the scopes admin",
        ),
        (&["keys", "add", "bot", "--scopes", "chats"], "", 2, "models:read"),
        (&["keys", "add", "bot", "--rpm", "0"], "", 2, "--rpm"),
        (&["keys", "add", "bot", "--expires", "soon"], "", 2, "12h, 30d or 52w"),
        (&["keys", "revoke", "bot"], "", 1, "there is no valid key \"bot\""),
    ];
    for (arguments, stdin, code, reason) in cases {
        let stderr = home.run(arguments, stdin).await.failed(*code);
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
        assert!(!stderr.contains(PASSWORD), "{arguments:?}: {stderr}");
    }
}

#[tokio::test]
async fn key_is_printed_once_and_alone() {
    let home = Home::new();
    home.add("ann@example.org").await.ok();
    let made = home.run(&["keys", "add", "editor", "--user", "ann@example.org"], "").await;
    let key = made.stdout.trim().to_owned();
    assert!(key.starts_with("omk_") && key.len() == 52 && made.stdout.lines().count() == 1, "{made:?}");
    assert!(!made.stderr.contains(&key) && made.stderr.contains("shown only now"), "{made:?}");
    let limits = [
        "--models",
        "a,b",
        "--rpm",
        "5",
        "--tokens-per-day",
        "1000",
        "--concurrency",
        "2",
        "--priority",
        "-1",
    ];
    let bot = [&["keys", "add", "bot", "--expires", "30d", "--scopes", "chat,embed"], &limits[..]].concat();
    home.run(&bot, "").await.ok();
    let listed = home.run(&["keys", "list"], "").await.ok();
    let (editor, bot) = listed.trim_end().split_once('\n').unwrap();
    assert!(editor.contains(&key[..12]) && editor.ends_with("of ann@example.org"), "{listed}");
    let limited =
        "bot  chat,embed  models a,b  5 requests a minute  1000 tokens a day  2 at a time  priority -1";
    assert!(bot.contains(limited) && bot.ends_with("expires in 29 days"), "{listed}");
    let json = home.run(&["keys", "list", "--json"], "").await.ok();
    assert!(!listed.contains(&key) && !json.contains(&key), "{listed}");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json[0]["user"], &json[1]["requests_per_minute"]), (&"ann@example.org".into(), &5.into()));
    let revoked = home.run(&["keys", "revoke", &key[..12]], "").await;
    assert!(revoked.stderr.starts_with("Revoked the key editor ("), "{revoked:?}");
    assert!(home.run(&["keys", "list"], "").await.ok().lines().next().unwrap().ends_with("revoked"));
}

#[cfg(unix)]
#[tokio::test]
async fn stored_hashes_are_in_a_file_of_the_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new();
    home.add("ann@example.org").await.ok();
    let key = home.run(&["keys", "add", "bot"], "").await.ok();
    let data = home.0.path().join("data");
    for path in [data.clone(), data.join("conversations.db")] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
    for entry in std::fs::read_dir(&data).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(PASSWORD) && !text.contains(key.trim()));
    }
}
