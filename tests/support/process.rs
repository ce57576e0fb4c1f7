//! The real binary over real pipes.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::fake_ollama::FakeOllama;
use super::mcp_client::{Lines, PATIENCE};

/// A server process; it is killed when dropped.
pub struct Process {
    lines: Lines,
    child: Child,
    stderr: JoinHandle<String>,
    _home: TempDir,
}

/// How a process ended.
pub struct Ended {
    /// Its exit code; `None` for a signal.
    pub code: Option<i32>,
    /// The messages that nobody had read before.
    pub messages: Vec<Value>,
    /// All it wrote to stderr.
    pub stderr: String,
    /// From the call that waited to the end.
    pub took: Duration,
}

impl Deref for Process {
    type Target = Lines;
    fn deref(&self) -> &Lines {
        &self.lines
    }
}

impl DerefMut for Process {
    fn deref_mut(&mut self) -> &mut Lines {
        &mut self.lines
    }
}

/// Where the binary is.
pub const BINARY: &str = env!("CARGO_BIN_EXE_ollama-mcp");

/// The binary with nothing of this machine's settings: an empty home and no variable of ours.
pub fn command(home: &TempDir) -> Command {
    command_in(home.path())
}

/// The same, in a home by its path.
pub fn command_in(home: &Path) -> Command {
    program_in(BINARY, home)
}

/// The same, with another program in its place that runs the binary, or is a copy of it.
pub fn command_of(program: impl AsRef<std::ffi::OsStr>, home: &TempDir) -> Command {
    program_in(program, home.path())
}

fn program_in(program: impl AsRef<std::ffi::OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        let moves_files =
            ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "CODEX_HOME", "CLAUDE_CONFIG_DIR"].contains(&text.as_str());
        if text.starts_with("OLLAMA_") || text.ends_with("_PROXY") || moves_files {
            command.env_remove(&name);
        }
    }
    command.env("HOME", home).env("NO_COLOR", "1").kill_on_drop(true);
    command
}

impl Process {
    /// Serves with the fake as Ollama, and these flags.
    pub fn start(fake: &FakeOllama, flags: &[&str]) -> Self {
        Self::with(flags, &[("OLLAMA_HOST", &fake.url())])
    }

    /// Serves with these flags and variables.
    pub fn with(flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let home = TempDir::new().unwrap();
        let mut command = command(&home);
        command.args(flags).envs(environment.iter().copied());
        Self::spawn(command, home)
    }

    /// Serves by a command that a test has made.
    pub fn spawn(mut command: Command, home: TempDir) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = Lines::new(child.stdout.take().unwrap(), child.stdin.take().unwrap());
        Self::new(child, lines, home)
    }

    /// Serves on one socket for both directions, as Node's child processes do.
    #[cfg(unix)]
    pub fn on_socket(fake: &FakeOllama) -> Self {
        use std::os::fd::OwnedFd;
        use std::os::unix::net::UnixStream;

        let home = TempDir::new().unwrap();
        let socket = || {
            let (ours, theirs) = UnixStream::pair().unwrap();
            ours.set_nonblocking(true).unwrap();
            (tokio::net::UnixStream::from_std(ours).unwrap(), OwnedFd::from(theirs))
        };
        let ((to_server, stdin), (from_server, stdout)) = (socket(), socket());
        let mut command = command(&home);
        command.env("OLLAMA_HOST", fake.url()).stdin(stdin).stdout(stdout).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        Self::new(child, Lines::new(from_server, to_server), home)
    }

    fn new(mut child: Child, lines: Lines, home: TempDir) -> Self {
        let mut stderr = child.stderr.take().unwrap();
        let stderr = tokio::spawn(async move {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).await.unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self { lines, child, stderr, _home: home }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("the process runs")
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        let sent = std::process::Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.unwrap().success());
    }

    /// Closes the reader's end of stdout, and leaves stdin open.
    pub fn stop_reading(&mut self) {
        self.lines.stop_reading();
    }

    /// Ends the input and waits for the process to end by itself.
    pub async fn finish(mut self) -> Ended {
        let started = Instant::now();
        self.lines.end_input().await;
        self.wait(started).await
    }

    /// Waits for the process to end by itself, its input still open.
    pub async fn ended(self) -> Ended {
        self.wait(Instant::now()).await
    }

    async fn wait(mut self, started: Instant) -> Ended {
        let messages = self.lines.rest().await;
        let status = timeout(PATIENCE, self.child.wait()).await.expect("the process ends").unwrap();
        let took = started.elapsed();
        let stderr = timeout(PATIENCE, self.stderr).await.expect("stderr is closed").unwrap();
        Ended { code: status.code(), messages, stderr, took }
    }
}

impl Ended {
    /// The only message that was left; exit code 0.
    pub fn only(mut self) -> Value {
        assert_eq!(self.code, Some(0), "stderr: {}", self.stderr);
        assert_eq!(self.messages.len(), 1, "{:#?}", self.messages);
        self.messages.remove(0)
    }

    /// Panics unless it ended well and nothing was left unread.
    pub fn well(self) {
        assert_eq!((self.code, self.messages.as_slice()), (Some(0), &[][..]), "stderr: {}", self.stderr);
    }
}

/// The parent of a process that runs.
#[cfg(target_os = "linux")]
fn parent(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // After the name, which may hold anything: its state, its parent.
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
    let (state, parent) = (rest.next()?, rest.next()?.parse().ok()?);
    (state != "Z").then_some(parent)
}

/// Whether a process runs.
#[cfg(target_os = "linux")]
pub fn is_running(id: u32) -> bool {
    parent(id).is_some()
}

/// The processes that a process has started and that run.
#[cfg(target_os = "linux")]
pub fn children(of: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap();
    let ids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent(*id) == Some(of)).collect()
}

/// Waits until something is so.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + 3 * PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it is not so that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The most memory that a process ever had.
#[cfg(target_os = "linux")]
pub fn peak_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    // A process that has ended has no memory.
    let line = line.unwrap_or_else(|| panic!("the server is gone: {status}"));
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}
