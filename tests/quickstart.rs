//! The newcomer's command, `scripts/quickstart.sh`: the real script and program, with stand-ins for cargo, Ollama and Python.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::PATIENCE;
use crate::support::process::{BINARY, command_of};

/// The programs of the system that the script uses. No Ollama and no Python is among them.
const SYSTEM: [&str; 22] = [
    "awk", "bash", "cat", "cc", "cksum", "cp", "cut", "df", "dirname", "env", "grep", "kill", "mkdir",
    "mktemp", "mv", "nohup", "readlink", "rm", "sed", "sleep", "tail", "tr",
];

/// Builds nothing: it puts the program that is tested in place, and notes that it was asked to.
const CARGO: &str = r#"
case $1 in
  --version) echo "cargo 1.95.0 (stand-in)" ;;
  build)
    echo "$*" >>"$STAND_INS/built"
    while [[ $# -gt 0 ]]; do
      if [[ $1 == --target-dir ]]; then target=$2; fi
      shift
    done
    mkdir -p "$target/quickstart" && cp "$BINARY" "$target/quickstart/ollama-mcp.$$" &&
      mv "$target/quickstart/ollama-mcp.$$" "$target/quickstart/ollama-mcp"
    ;;
esac
"#;

/// Nobody answers, until a stand-in of Ollama was started.
const CURL: &str = r#"
[[ -e $STAND_INS/serving ]] || exit 7
case ${!#} in
  */api/version) echo '{"version":"0.33.0"}' ;;
  */api/tags) echo '{"models":[{"name":"gemma3:270m"}]}' ;;
esac
"#;

const OLLAMA: &str = r#"
: >"$STAND_INS/serving"
echo $$ >"$STAND_INS/server.pid"
exec sleep 60
"#;

/// Makes environments that hold itself, and serves at an address that is given to it.
const PYTHON: &str = r#"
case "$*" in
  "-m venv"*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip"*) [[ -z ${PIP_FAILS:-} ]] || { echo "Could not resolve host"; exit 1; } ;;
  *quickstart-server.py*)
    echo "$THROW_AWAY"
    echo $$ >"$STAND_INS/server.pid"
    exec sleep 60
    ;;
esac
"#;

/// A machine with some programs and nothing else.
struct Machine {
    folder: TempDir,
}

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Machine {
    fn new(stand_ins: &[(&str, &str)]) -> Self {
        let machine = Self { folder: TempDir::new().unwrap() };
        std::fs::create_dir(machine.path("bin")).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        for program in SYSTEM {
            let found =
                std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.exists());
            let found = found.unwrap_or_else(|| panic!("{program} is not on the PATH"));
            std::os::unix::fs::symlink(found, machine.path("bin").join(program)).unwrap();
        }
        for (name, script) in [("cargo", CARGO), ("curl", CURL)].iter().chain(stand_ins) {
            let file = machine.path("bin").join(name);
            let _ = std::fs::remove_file(&file);
            let bash = machine.path("bin").join("bash");
            std::fs::write(&file, format!("#!{}\n{script}", bash.display())).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, script: &Path) -> Command {
        let mut command = command_of(script, &self.folder);
        command
            .env("PATH", self.path("bin"))
            .env("STAND_INS", self.folder.path())
            .env("BINARY", BINARY)
            .env("CARGO_TARGET_DIR", self.path("target"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    async fn run(&self, environment: &[(&str, &str)]) -> Run {
        run(self.command(&script()).envs(environment.iter().copied())).await
    }

    fn built(&self) -> bool {
        self.path("built").exists()
    }

    /// Whether the server that the run started is gone.
    fn server_is_gone(&self) -> bool {
        let id = std::fs::read_to_string(self.path("server.pid")).expect("no server was started");
        let alive = std::process::Command::new("kill").args(["-0", id.trim()]).stderr(Stdio::null()).status();
        !alive.unwrap().success()
    }

    /// The folders of runs that are left.
    fn runs(&self) -> Vec<PathBuf> {
        let inside = std::fs::read_dir(self.path("target/quickstart")).unwrap();
        let paths = inside.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("run.")).collect()
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/quickstart.sh")
}

async fn run(command: &mut Command) -> Run {
    let output = timeout(6 * PATIENCE, command.output()).await.expect("the quickstart ends").unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Run {
    #[track_caller]
    fn succeeds_and_says(&self, expected: &[&str]) {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert!(self.stdout.contains("Three colours"), "no answer:\n{}\n{}", self.stdout, self.stderr);
        self.says(expected);
    }

    #[track_caller]
    fn fails_and_says(&self, expected: &[&str]) {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        self.says(expected);
    }

    #[track_caller]
    fn says(&self, expected: &[&str]) {
        for text in expected {
            assert!(self.stderr.contains(text), "{text:?} is not in\n{}", self.stderr);
        }
    }
}

#[tokio::test]
async fn works_from_any_folder_and_through_links() {
    let fake = FakeOllama::start().await.with_defaults();
    let machine = Machine::new(&[]);
    std::fs::write(machine.path("serving"), "").unwrap();
    std::fs::create_dir(machine.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(script(), machine.path("first")).unwrap();
    std::os::unix::fs::symlink("../first", machine.path("elsewhere/second")).unwrap();
    let mut command = machine.command(&machine.path("elsewhere/second"));
    let run = run(command.env("OLLAMA_HOST", fake.url()).env("CARGO_TARGET_DIR", "target")).await;
    run.succeeds_and_says(&[
        "the first run takes about 3 minutes",
        &format!("model server: the Ollama at {}", fake.url()),
        &format!("cargo install --locked --path {}", env!("CARGO_MANIFEST_DIR")),
        "ollama-mcp install --host vscode",
    ]);
    assert!(!run.stderr.contains("install Ollama"), "{}", run.stderr);
    assert!(machine.runs().is_empty(), "the folder of a run that succeeded is removed");
}

#[tokio::test]
async fn concurrent_runs_do_not_interfere() {
    let fake = FakeOllama::start().await.with_defaults();
    let machine = Machine::new(&[("python3", PYTHON)]);
    let environment = [("THROW_AWAY", fake.url())];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (first, second) = tokio::join!(machine.run(&environment), machine.run(&environment));
    for run in [first, second] {
        run.succeeds_and_says(&[&format!("throw-away model server at {}", fake.url())]);
    }
    assert!(machine.runs().is_empty());
}

#[tokio::test]
async fn without_ollama_installing_it_is_suggested() {
    let fake = FakeOllama::start().await.with_defaults();
    let machine = Machine::new(&[("python3", PYTHON)]);
    let run = machine.run(&[("THROW_AWAY", &fake.url())]).await;
    run.succeeds_and_says(&[
        "127 MB for the throw-away server",
        "install Ollama: https://ollama.com/download",
        "ollama pull",
    ]);
    assert!(machine.server_is_gone());
}

#[tokio::test]
async fn ollama_started_by_script_is_stopped_and_reported() {
    let fake = FakeOllama::start().await.with_defaults();
    let machine = Machine::new(&[("ollama", OLLAMA)]);
    let run = machine.run(&[("OLLAMA_HOST", &fake.url())]).await;
    run.succeeds_and_says(&["starting the installed Ollama", "ollama serve ", "is stopped again"]);
    assert!(machine.server_is_gone());
}

#[tokio::test]
async fn missing_tools_are_reported_before_build() {
    let old_rust = CARGO.replace("1.95.0", "1.80.0");
    let no_venv = PYTHON.replace("mkdir -p \"$3/bin\"", "false");
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case<'_>; 6] = [
        (&[], &[], "no Python 3.10 or newer"),
        (&[("python3", "exit 1")], &[], "no Python 3.10 or newer"),
        (&[("python3", &no_venv)], &[], "apt-get install python3-venv"),
        (&[("python3", PYTHON)], &[("PIP_FAILS", "yes")], "check the network"),
        (&[("cargo", &old_rust)], &[], "Rust 1.80 is too old"),
        (&[], &[("OLLAMA_HOST", "http://127.0.0.1:9")], "no Ollama answers at http://127.0.0.1:9"),
    ];
    for (stand_ins, environment, expected) in cases {
        let machine = Machine::new(stand_ins);
        machine.run(environment).await.fails_and_says(&[expected]);
        assert!(!machine.built(), "it was built before this was told: {expected}");
    }
}

#[tokio::test]
async fn long_build_shows_progress() {
    let fake = FakeOllama::start().await.with_defaults();
    let slow = r#"
[[ $1 == --version ]] || printf '   Compiling a v1.0.0\n    Building [==>    ] 3/7: a, b\r'
until [[ $1 == --version || -e $STAND_INS/go || ! -d $STAND_INS ]]; do sleep 0.1; done
"#;
    let machine = Machine::new(&[("cargo", &format!("{slow}{CARGO}"))]);
    std::fs::write(machine.path("serving"), "").unwrap();
    let mut child = machine.command(&script()).env("OLLAMA_HOST", fake.url()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    loop {
        let line = timeout(3 * PATIENCE, lines.next_line()).await.expect("progress comes").unwrap();
        if line.expect("the run goes on").starts_with("quickstart: building: 3 of 7, ") {
            break;
        }
    }
    std::fs::write(machine.path("go"), "").unwrap();
    let mut answer = String::new();
    child.stdout.take().unwrap().read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("Three colours"), "{answer}");
}

#[tokio::test]
async fn failed_build_shows_end_of_log() {
    let failing = CARGO.replace("mkdir -p", "echo 'error: linker not found'; exit 101; mkdir -p");
    let machine = Machine::new(&[("cargo", &failing)]);
    std::fs::write(machine.path("serving"), "").unwrap();
    let run = machine.run(&[("OLLAMA_HOST", "127.0.0.1:9")]).await;
    run.fails_and_says(&["error: linker not found", "the build stopped"]);
    assert_eq!(machine.runs().len(), 1, "the log of a failure is kept");
}

/// The quickstart's profile inherits them from the release profile, and one that is forgotten costs its build time unseen.
#[test]
fn no_package_is_optimized_for_the_quickstart() {
    let cargo = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let profiles = cargo.parse::<toml::Table>().unwrap()["profile"].clone();
    let quickstart = &profiles["quickstart"];
    for (package, _) in profiles["release"]["package"].as_table().unwrap() {
        let own = quickstart["package"].get(package).and_then(|settings| settings.get("opt-level"));
        assert_eq!(own, quickstart.get("opt-level"), "{package}");
    }
}
