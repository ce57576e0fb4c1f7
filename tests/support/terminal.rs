//! A terminal: what a program shows on one differs from what it writes into a pipe.

use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::mcp_client::PATIENCE;
use super::process::command_of;

/// Runs a line of a shell on a terminal of its own, in an empty home; returns what the terminal showed. The program under
/// test is `$BINARY`, and the terminal's input ends at once.
pub async fn on_terminal(line: &str, home: &TempDir, environment: &[(&str, &str)]) -> String {
    typed_on_terminal("", line, home, environment).await
}

/// The same with keys that are typed.
pub async fn typed_on_terminal(
    keys: &str,
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
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(keys.as_bytes()).await.unwrap();
    }
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
    String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
}
