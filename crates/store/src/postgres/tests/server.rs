//! A PostgreSQL server for tests, on a socket in a temporary folder. It ends with the process that started it.
//!
//! The programs come from Debian's package `postgresql`, or from `PATH`. They refuse to run as root, so root runs them as
//! the user `postgres`.

#![allow(dead_code, reason = "not every test that includes this file uses all of it")]

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const USER: &str = "postgres";
/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct PostgresServer {
    home: TempDir,
    child: Option<Child>,
}

impl PostgresServer {
    /// # Panics
    /// There is no PostgreSQL here.
    pub fn start() -> Self {
        // Below /tmp: the path of a socket has at most 107 characters.
        let home = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        if is_root() {
            succeed(Command::new("chown").arg(USER).arg(home.path()));
        }
        // A language of its own, in whose order texts must not come.
        let locale = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "--encoding=UTF8"];
        let mut init = command("initdb");
        init.args(["--auth=trust", "--username", USER, "--no-sync", "--no-instructions"]).args(locale);
        succeed(init.arg("--pgdata").arg(home.path().join("data")));
        let mut server = Self { home, child: None };
        server.resume();
        server
    }

    /// Starts the server again.
    pub fn resume(&mut self) {
        let mut postgres = command("postgres");
        postgres.arg("-D").arg(self.home.path().join("data")).arg("-k").arg(self.home.path());
        postgres.args(["-h", "", "-F", "-c", "max_connections=200", "-c", "shared_buffers=16MB"]);
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // The signal at the parent's end comes at that of the thread: this one lasts as long as the process.
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            send.send(postgres.spawn()).unwrap();
            loop {
                std::thread::park();
            }
        });
        self.child = Some(receive.recv().unwrap().unwrap());
        let until = Instant::now() + PATIENCE;
        while !self.is_ready() {
            let log = || std::fs::read_to_string(self.log()).unwrap_or_default();
            assert!(Instant::now() < until, "PostgreSQL does not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops the server; connections are closed.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            signal("INT", child.id());
            child.wait().unwrap();
        }
    }

    /// Has the server's processes stand still, or go on, by the signals `STOP` and `CONT`.
    pub fn signal_all(&self, name: &str) {
        let postmaster = self.child.as_ref().unwrap().id();
        let mut pkill = Command::new("pkill");
        // Those without a child process are no error.
        let _ = pkill.args([&format!("-{name}"), "-P", &postmaster.to_string()]).status().unwrap();
        signal(name, postmaster);
    }

    /// What the server wrote to its log.
    pub fn log(&self) -> PathBuf {
        self.home.path().join("log")
    }

    /// The URL of a database, which need not exist.
    pub fn url(&self, database: &str) -> String {
        let folder = self.home.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://{USER}@{folder}/{database}")
    }

    /// Makes a database; its URL.
    pub fn new_database(&self, name: &str) -> String {
        self.run(USER, &format!("CREATE DATABASE \"{name}\""));
        self.url(name)
    }

    /// What a statement returns, as psql writes it.
    pub fn run(&self, database: &str, sql: &str) -> String {
        let mut psql = command("psql");
        psql.arg("-h").arg(self.home.path()).args(["-U", USER, "-d", database, "-X", "-q", "-A", "-t"]);
        let output = psql.args(["-v", "ON_ERROR_STOP=1", "-c", sql]).output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn is_ready(&self) -> bool {
        let mut ready = command("pg_isready");
        ready.arg("-q").arg("-h").arg(self.home.path()).status().unwrap().success()
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // At once, without a checkpoint.
            signal("QUIT", child.id());
            let _ = child.wait();
        }
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

fn signal(name: &str, id: u32) {
    succeed(Command::new("kill").args([&format!("-{name}"), &id.to_string()]));
}

/// A program of PostgreSQL, which ends with the thread that starts it.
fn command(program: &str) -> Command {
    let path = folder().join(program);
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]);
    }
    command.args(["--pdeathsig", "KILL", "--"]).arg(path).current_dir("/tmp");
    command
}

/// The folder of the newest version's programs.
fn folder() -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<_> = debian
        .filter_map(|version| {
            let version = version.ok()?;
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").exists())
        .collect();
    versions.sort();
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&in_path).find(|folder: &PathBuf| folder.join("initdb").exists());
    match versions.pop() {
        Some((_, folder)) => folder,
        None => in_path
            .unwrap_or_else(|| panic!("these tests need PostgreSQL's server: apt-get install -y postgresql")),
    }
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
