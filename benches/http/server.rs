//! The program under measurement, as a process.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::Client;

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it over a model server; its first line is read.
    pub(crate) fn start(binary: &Path, ollama: &str) -> Self {
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-http");
        let mut child = Command::new(binary)
            .arg("serve")
            .env_clear()
            // Nobody's config file has a say.
            .env("OLLAMA_MCP_CONFIG_DIR", env!("CARGO_TARGET_TMPDIR"))
            .env("OLLAMA_MCP_DATA_DIR", data)
            .env("OLLAMA_MCP_SERVE_LISTEN", "127.0.0.1:0")
            .env("OLLAMA_MCP_MAX_CONCURRENT", "1000")
            .env("OLLAMA_HOST", ollama)
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
        Self { child, address }
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
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

    /// What is resident, in bytes; `None` where the system does not tell.
    pub(crate) fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    }

    /// The processor time so far; `None` where the system does not tell.
    pub(crate) fn processor(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // Behind the name: the 12th and the 13th field, in hundredths of a second on every Linux of today.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
