//! The real binary with `serve` on a free port: a process, the clients of it, and what it leaves.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::fake_ollama::FakeOllama;
use super::http_client::HttpClient;
use super::http_socket::HttpSocket;
use super::mcp_client::PATIENCE;
use super::process::{command, command_in};

/// Takes a free port of loopback.
pub const FREE_PORT: (&str, &str) = ("OLLAMA_MCP_SERVE_LISTEN", "127.0.0.1:0");

/// A running server with a home of its own; it is killed when dropped.
pub struct HttpServer {
    addresses: Vec<SocketAddr>,
    child: Child,
    stdout: Captured,
    stderr: Captured,
    home: TempDir,
    /// Requests of guests.
    client: HttpClient,
}

/// The password of users that tests add.
pub const PASSWORD: &str = "correct horse battery";

/// What a command wrote, and how it ended.
#[derive(Debug)]
pub struct CommandOutput {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl CommandOutput {
    /// What it wrote to stdout; it must have succeeded.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// What it wrote to stderr; it must have ended with this code, and written nothing to stdout.
    pub fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{self:?}");
        self.stderr
    }
}

/// Runs a command of the program over the data of a home.
pub async fn run_command(home: &Path, arguments: &[&str], stdin: &str) -> CommandOutput {
    let mut command = command_in(home);
    command.args(arguments).env("OLLAMA_MCP_DATA_DIR", data_dir(home));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that reads nothing may have ended.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes()).await;
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("a command ends").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    CommandOutput { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// How a server ended.
pub struct HttpServerEnd {
    /// Its exit code; `None` for a signal.
    pub code: Option<i32>,
    /// All it wrote to stdout and stderr.
    pub stdout: String,
    pub stderr: String,
    /// From the call that waited to the end.
    pub took: Duration,
}

impl HttpServer {
    /// Serves with the fake as Ollama.
    pub async fn start(fake: &FakeOllama) -> Self {
        Self::with(&[("OLLAMA_HOST", &fake.url())]).await
    }

    /// The same, with these variables too.
    pub async fn start_with(fake: &FakeOllama, environment: &[(&str, &str)]) -> Self {
        let url = fake.url();
        let environment = [&[("OLLAMA_HOST", url.as_str())], environment].concat();
        Self::with(&environment).await
    }

    /// Serves with these variables; a free port of loopback, unless one of them sets the address.
    pub async fn with(environment: &[(&str, &str)]) -> Self {
        let home = TempDir::new().unwrap();
        let mut command = serve_command(&home);
        command.envs(environment.iter().copied());
        Self::spawn(command, home).await
    }

    /// Serves by a command that a test has made from [`serve_command`].
    pub async fn spawn(mut command: Command, home: TempDir) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = Captured::new(child.stderr.take().unwrap());
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let Some(addresses) = addresses(&mut lines).await else {
            panic!("the server has not started: {}", stderr.whole().await);
        };
        let client = HttpClient::new(addresses[0]);
        let stdout = Captured::new(lines);
        Self { addresses, child, stdout, stderr, home, client }
    }

    /// Where it listens; the first of its addresses.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All addresses that its first lines name.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The address of a path, such as `http://127.0.0.1:40123/health`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// A client without a key.
    pub fn guest(&self) -> &HttpClient {
        &self.client
    }

    /// A client with the key of the user who runs the server.
    pub fn local(&self) -> HttpClient {
        self.client.clone().with_key(&self.key())
    }

    /// Runs a command of the program over the data of this server.
    pub async fn run(&self, arguments: &[&str], stdin: &str) -> CommandOutput {
        run_command(self.home.path(), arguments, stdin).await
    }

    /// Adds a user by the command line.
    pub async fn add_user(&self, email: &str, flags: &[&str]) {
        let arguments = [&["users", "add", email, "--password-stdin"], flags].concat();
        self.run(&arguments, PASSWORD).await.ok();
    }

    /// A client of a user who has signed in.
    pub async fn signed_in(&self, email: &str) -> HttpClient {
        let body = serde_json::json!({ "email": email, "password": PASSWORD });
        let session = self.client.post("/login", &body).await.ok();
        self.client.clone().with_key(session["access_token"].as_str().unwrap())
    }

    /// A client with a key that the command line makes; also the key.
    pub async fn with_key(&self, arguments: &[&str]) -> (HttpClient, String) {
        let arguments = [&["keys", "add"], arguments].concat();
        let key = self.run(&arguments, "").await.ok().trim().to_owned();
        (self.client.clone().with_key(&key), key)
    }

    /// The key of the user who runs the server.
    pub fn key(&self) -> String {
        std::fs::read_to_string(self.data_dir().join("local.key")).unwrap()
    }

    /// A connection on which a test writes and reads bytes.
    pub async fn socket(&self) -> HttpSocket {
        HttpSocket::connect(self.address()).await
    }

    pub fn data_dir(&self) -> PathBuf {
        data_dir(self.home.path())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("the server runs")
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.stderr.so_far()
    }

    /// What it has written to stdout after the lines with its addresses.
    pub fn output(&self) -> String {
        self.stdout.so_far()
    }

    /// The files and sockets that it has open.
    #[cfg(target_os = "linux")]
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.id())).unwrap().count()
    }

    /// Waits until it has no more than `count` files and sockets open.
    #[cfg(target_os = "linux")]
    pub async fn descriptors_are_at_most(&self, count: usize) {
        let what = format!("the server has at most {count} descriptors");
        super::process::until(&what, || self.descriptors() <= count).await;
    }

    /// It answers a request on a new connection.
    pub async fn still_serves(&self) {
        let answer = HttpClient::new(self.address()).get("/health/live").await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        let sent = std::process::Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.unwrap().success());
    }

    /// Sends SIGTERM and waits for the end.
    pub async fn stop(self) -> HttpServerEnd {
        self.signal("TERM");
        self.ended().await
    }

    /// Waits for the process to end by itself.
    pub async fn ended(mut self) -> HttpServerEnd {
        let started = Instant::now();
        let status = timeout(PATIENCE, self.child.wait()).await.expect("the server ends").unwrap();
        let took = started.elapsed();
        let (stdout, stderr) = (self.stdout.whole().await, self.stderr.whole().await);
        HttpServerEnd { code: status.code(), stdout, stderr, took }
    }
}

/// `serve` with an empty home, no variable of ours but a free port, and its data below that home.
pub fn serve_command(home: &TempDir) -> Command {
    let mut command = command(home);
    command.arg("serve").env(FREE_PORT.0, FREE_PORT.1).env("OLLAMA_MCP_DATA_DIR", data_dir(home.path()));
    command
}

/// Runs `serve` where it cannot start; its exit code and what it wrote to stderr.
pub async fn failed_start(mut command: Command) -> (Option<i32>, String) {
    let output = timeout(PATIENCE, command.stdin(Stdio::null()).output()).await;
    let output = output.expect("a server that cannot start ends").unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.stdout.is_empty(), "{:?} although it did not start", String::from_utf8(output.stdout));
    (output.status.code(), stderr)
}

fn data_dir(home: &Path) -> PathBuf {
    home.join("data")
}

/// The addresses of the first lines, as many as there are; `None` where it ended before.
async fn addresses(lines: &mut BufReader<ChildStdout>) -> Option<Vec<SocketAddr>> {
    let mut addresses = Vec::new();
    loop {
        let mut line = String::new();
        let read = timeout(PATIENCE, lines.read_line(&mut line)).await;
        if read.expect("the server says where it listens").unwrap() == 0 {
            return None;
        }
        let address = line.trim_end().rsplit_once(" on http://");
        let (_, address) = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        addresses.push(address.parse().unwrap());
        // All of them come in one write.
        if !lines.buffer().starts_with(b"and on ") {
            return Some(addresses);
        }
    }
}

/// What a process writes, while it does.
struct Captured {
    text: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Captured {
    fn new(mut from: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&text);
        let reader = tokio::spawn(async move {
            let mut piece = vec![0; 16 * 1024];
            while let Ok(read @ 1..) = from.read(&mut piece).await {
                kept.lock().unwrap().extend_from_slice(&piece[..read]);
            }
        });
        Self { text, reader }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    /// Waits for the end of it.
    async fn whole(mut self) -> String {
        timeout(PATIENCE, &mut self.reader).await.expect("the output ends").unwrap();
        self.so_far()
    }
}
