//! A terminal: what a program shows on one differs from what it writes into a pipe.

use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::mcp_client::PATIENCE;
use super::process::command_of;

/// Runs a line of a shell on a terminal of its own, in an empty home; returns what the terminal showed. The program under
/// test is `$BINARY`, and the terminal's input ends at once.
pub async fn on_terminal(line: &str, home: &TempDir, environment: &[(&str, &str)]) -> String {
    typed_on_terminal(&[], line, home, environment).await
}

/// The same with keys that are typed: each after a text that is shown after the one before. Keys that come before a line editor
/// has set up its terminal are lost.
pub async fn typed_on_terminal(
    keys: &[(&str, &str)],
    line: &str,
    home: &TempDir,
    environment: &[(&str, &str)],
) -> String {
    // The one program that opens a terminal and is on every system; there are two forms of it.
    let mut command = command_of("script", home);
    if cfg!(target_os = "linux") {
        command.args(["-qec", line, "/dev/null"]);
    } else {
        command.args(["-q", "/dev/null", "sh", "-c", line]);
    }
    command.envs(environment.iter().copied()).env("BINARY", super::process::BINARY).env("SHELL", "/bin/sh");
    command.current_dir(home.path()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command.stdin(if keys.is_empty() { Stdio::null() } else { Stdio::piped() });
    let mut child = command.spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take(), child.stdout.take().unwrap());
    let mut shown = Vec::new();
    let talk = async {
        let mut from = 0;
        for (after, keys) in keys {
            while !String::from_utf8_lossy(&shown[from..]).contains(after) {
                assert!(
                    stdout.read_buf(&mut shown).await.unwrap() > 0,
                    "it ended before {after:?} was shown"
                );
            }
            from = shown.len();
            stdin.as_mut().unwrap().write_all(keys.as_bytes()).await.unwrap();
        }
        drop(stdin.take());
        stdout.read_to_end(&mut shown).await.unwrap();
        child.wait().await.unwrap();
    };
    let ended = timeout(PATIENCE, talk).await;
    let shown = String::from_utf8_lossy(&shown).replace("\r\n", "\n");
    assert!(ended.is_ok(), "it does not end: {shown}");
    shown
}
