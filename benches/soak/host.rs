//! The host: a process of the server, its pipes, and the calls that wait for an answer.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::common::process::{self, Usage};
use crate::{PATIENCE, short};

/// Waits for an answer; none is a finding.
pub(crate) async fn in_time(answer: oneshot::Receiver<Value>) -> Value {
    tokio::time::timeout(PATIENCE, answer).await.expect("an answer in time").expect("the server answers")
}

#[derive(Default)]
struct Calls {
    waiting: HashMap<i64, oneshot::Sender<Value>>,
    cancelled: HashSet<i64>,
}

pub(crate) struct Host {
    child: tokio::sync::Mutex<Child>,
    process: u32,
    input: tokio::sync::Mutex<Option<ChildStdin>>,
    calls: Arc<Mutex<Calls>>,
    answered_though_cancelled: Arc<AtomicUsize>,
    next_id: AtomicUsize,
    reader: tokio::sync::Mutex<JoinHandle<()>>,
    /// A file that calls may attach.
    pub(crate) file: String,
    _home: tempfile::TempDir,
}

impl Host {
    pub(crate) fn start(binary: &Path, ollama: &str) -> Self {
        let mut command = Command::new(binary);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("OLLAMA_"))
        {
            command.env_remove(name);
        }
        let home = tempfile::TempDir::new().unwrap();
        let file = home.path().join("notes.txt");
        std::fs::write(&file, "Some notes.\n".repeat(100)).unwrap();
        command
            .env("OLLAMA_HOST", ollama)
            .env("OLLAMA_MCP_CONFIG_DIR", home.path())
            .env("OLLAMA_MCP_DATA_DIR", home.path().join("data"))
            .arg("--allow-dir")
            .arg(home.path())
            .args(["--max-concurrent=32", "--call-deadline=300ms", "--idle-timeout=10s"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let calls = Arc::new(Mutex::new(Calls::default()));
        let answered_though_cancelled = Arc::new(AtomicUsize::new(0));
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = tokio::spawn(read(output, Arc::clone(&calls), Arc::clone(&answered_though_cancelled)));
        Self {
            process: child.id().unwrap(),
            input: tokio::sync::Mutex::new(child.stdin.take()),
            child: tokio::sync::Mutex::new(child),
            calls,
            answered_though_cancelled,
            next_id: AtomicUsize::new(1),
            reader: tokio::sync::Mutex::new(reader),
            file: file.to_str().unwrap().to_owned(),
            _home: home,
        }
    }

    /// Sends a request; its answer comes through the channel.
    pub(crate) async fn request(&self, method: &str, params: Value) -> (i64, oneshot::Receiver<Value>) {
        let id = self.next_id.fetch_add(1, Ordering::SeqCst) as i64;
        let (sender, receiver) = oneshot::channel();
        self.calls.lock().unwrap().waiting.insert(id, sender);
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        (id, receiver)
    }

    /// Cancels a request. What was answered before that was written counts as answered.
    pub(crate) async fn cancel(&self, id: i64) {
        {
            let mut calls = self.calls.lock().unwrap();
            calls.waiting.remove(&id).expect("a call that is cancelled stalls, so it is not answered before");
            calls.cancelled.insert(id);
        }
        let params = json!({ "requestId": id });
        self.send(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params })).await;
    }

    pub(crate) fn cancelled(&self) -> usize {
        self.calls.lock().unwrap().cancelled.len()
    }

    pub(crate) fn answered_though_cancelled(&self) -> usize {
        self.answered_though_cancelled.load(Ordering::SeqCst)
    }

    pub(crate) fn unanswered(&self) -> usize {
        self.calls.lock().unwrap().waiting.len()
    }

    /// What the process holds once all that was asked is answered.
    pub(crate) async fn usage(&self) -> Usage {
        let (_, answer) = self.request("tools/list", json!({})).await;
        in_time(answer).await;
        process::usage(self.process).expect("a system with /proc")
    }

    /// Ends the input, and waits for exit code 0.
    pub(crate) async fn finish(&self) -> Duration {
        let started = Instant::now();
        drop(self.input.lock().await.take());
        let status = tokio::time::timeout(PATIENCE, async { self.child.lock().await.wait().await });
        let status = status.await.expect("the process ends").unwrap();
        let took = started.elapsed();
        assert!(status.success(), "{status}");
        (&mut *self.reader.lock().await).await.unwrap();
        took
    }

    async fn send(&self, message: Value) {
        let mut input = self.input.lock().await;
        let input = input.as_mut().expect("the input is open");
        input.write_all(format!("{message}\n").as_bytes()).await.expect("the server reads");
    }
}

/// Hands answers to who waits for them.
async fn read(mut output: BufReader<ChildStdout>, calls: Arc<Mutex<Calls>>, cancelled: Arc<AtomicUsize>) {
    let mut line = String::new();
    while output.read_line(&mut line).await.unwrap() > 0 {
        let message: Value = serde_json::from_str(&line).expect("nothing but JSON on stdout");
        line.clear();
        if message.get("method").is_some() {
            continue;
        }
        let id = message["id"].as_i64().unwrap_or_else(|| panic!("no id: {}", short(&message)));
        let mut calls = calls.lock().unwrap();
        match calls.waiting.remove(&id) {
            Some(caller) => {
                let _ = caller.send(message);
            }
            None if calls.cancelled.contains(&id) => {
                cancelled.fetch_add(1, Ordering::SeqCst);
            }
            None => panic!("answered twice, or never asked: {}", short(&message)),
        }
    }
}
