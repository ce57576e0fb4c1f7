//! A running `ollama-mcp serve`.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::process::{self, Usage};

/// A process that serves on a free port of loopback; it is killed when dropped.
pub(crate) struct Serve {
    child: Child,
    pub(crate) address: SocketAddr,
    data: PathBuf,
}

impl Serve {
    /// Starts `binary` over a model server, with its data in `data`; its first line is read.
    pub(crate) fn start(binary: &Path, ollama: &str, data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(binary)
            .arg("serve")
            .env_clear()
            // No config file of this machine is read.
            .env("OLLAMA_MCP_CONFIG_DIR", env!("CARGO_TARGET_TMPDIR"))
            .env("OLLAMA_MCP_DATA_DIR", data)
            .env("OLLAMA_MCP_SERVE_LISTEN", "127.0.0.1:0")
            .env("OLLAMA_HOST", ollama)
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", binary.display()));
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        // What it writes later must not fail.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let address = line.trim().rsplit_once("http://").unwrap().1.parse().unwrap();
        Self { child, address, data: data.to_owned() }
    }

    /// The key of the user who runs it.
    pub(crate) fn key(&self) -> String {
        std::fs::read_to_string(self.data.join("local.key")).unwrap()
    }

    /// Sends SIGTERM; how long it takes to end.
    pub(crate) fn end(mut self) -> Duration {
        let start = Instant::now();
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
        start.elapsed()
    }

    /// What it holds; `None` where the system does not report it.
    pub(crate) fn usage(&self) -> Option<Usage> {
        process::usage(self.child.id())
    }

    /// The processor time so far; `None` as of [`Serve::usage`].
    pub(crate) fn processor(&self) -> Option<Duration> {
        process::processor(self.child.id())
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
