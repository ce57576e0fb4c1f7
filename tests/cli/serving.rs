//! A running `ollama-mcp serve`.

use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

use crate::support::mcp_client::PATIENCE;
use crate::support::process::command;

/// It ends when this is dropped.
pub(super) struct Serving {
    pub(super) url: String,
    _child: Child,
    home: TempDir,
}

impl Serving {
    /// Starts it on a free port and waits until it listens.
    pub(super) async fn start(arguments: &[&str], ollama: &str) -> Self {
        let home = TempDir::new().unwrap();
        let mut command = command(&home);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments).env("OLLAMA_HOST", ollama);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = timeout(PATIENCE, lines.next_line()).await.expect("it starts").unwrap().unwrap();
        // Its later lines have a reader as long as it runs.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (_, url) = first.split_once(" on ").unwrap_or_else(|| panic!("{first}"));
        Self { url: url.to_owned(), _child: child, home }
    }

    /// Runs a command over the data of this server; returns its output without the line break.
    pub(super) async fn run(&self, arguments: &[&str]) -> String {
        let mut command = command(&self.home);
        let output = timeout(PATIENCE, command.args(arguments).output()).await.expect("it ends").unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(super) fn port(&self) -> &str {
        self.url.rsplit(':').next().unwrap()
    }
}
