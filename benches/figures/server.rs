//! The program under measurement, as a host runs it: a child process and two pipes.
//!
//! Reads and writes block, so that no runtime of the measuring side adds to the figures.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::common::process::{self, Usage};

/// A running server.
pub(crate) struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next_id: u64,
}

impl Server {
    /// Starts `binary` with these settings; nothing else of the environment reaches it.
    pub(crate) fn start(binary: &Path, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(binary)
            .env_clear()
            // Nobody's config file has a say.
            .env("OLLAMA_MCP_CONFIG_DIR", env!("CARGO_TARGET_TMPDIR"))
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", binary.display()));
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::with_capacity(1 << 16, output), next_id: 0 }
    }

    /// The handshake of 2025-11-25.
    pub(crate) fn initialize(&mut self) {
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": { "name": "figures", "version": "1" },
        });
        let answer = self.ask("initialize", &params);
        assert!(answer.contains("\"serverInfo\""), "{answer}");
        self.write("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
    }

    /// Starts, and shakes hands.
    pub(crate) fn ready(binary: &Path, settings: &[(&str, &str)]) -> Self {
        let mut server = Self::start(binary, settings);
        server.initialize();
        server
    }

    /// Sends a request and reads one line, its answer.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> String {
        self.send(method, params);
        self.read()
    }

    /// Asks for a reply, and gives the line of the answer.
    pub(crate) fn chat(&mut self, prompt: &str) -> String {
        let answer = self.ask("tools/call", &chat(prompt));
        assert_completed(&answer);
        answer
    }

    /// Sends a request.
    pub(crate) fn send(&mut self, method: &str, params: &Value) {
        self.next_id += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params });
        self.write(&format!("{request}\n"));
    }

    /// Reads one line.
    pub(crate) fn read(&mut self) -> String {
        let mut line = String::new();
        let length = self.output.read_line(&mut line).unwrap();
        assert!(length > 0, "the server has closed its output");
        line
    }

    /// What it holds; `None` where the system does not report it.
    pub(crate) fn memory(&self) -> Option<Usage> {
        process::usage(self.child.id())
    }

    fn write(&mut self, line: &str) {
        self.input.write_all(line.as_bytes()).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Params of a chat call.
pub(crate) fn chat(prompt: &str) -> Value {
    json!({ "name": "chat_completion", "arguments": { "model": "bench", "prompt": prompt } })
}

/// Stops the measurement at a call that failed.
pub(crate) fn assert_completed(answer: &str) {
    let end = answer.char_indices().nth(500).map_or(answer.len(), |(at, _)| at);
    assert!(answer.contains("\"status\":\"completed\""), "not answered: {}", &answer[..end]);
}
