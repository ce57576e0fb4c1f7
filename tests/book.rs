//! The commands on the task pages of the book (`docs/README.md`), as a reader runs them, one after another.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::process::{BINARY, command_of};

/// Pages whose commands need more than a model server, with what runs them in the CI.
const IN_CI: [(&str, &str); 3] =
    [("deploy.md", ".ci/deploy.sh"), ("scale.md", ".ci/scale.sh"), ("team.md", ".ci/book.sh")];

/// Reference pages whose commands need a server that runs.
const OVER_A_SERVER: [&str; 1] = ["limits.md"];

/// Pages whose commands are run by other tests, or by no test, and why.
const ELSEWHERE: [(&str, &str); 10] = [
    ("accounts.md", "tests/http/documents.rs"),
    ("files.md", "tests/http/documents.rs"),
    ("http.md", "tests/http/documents.rs"),
    ("connect.md", "generated, as tests/cli/connect.rs prints it; the clients' own programs are not here"),
    ("anthropic-api.md", "variables of Claude Code, which is not here"),
    ("ollama-host.md", "Ollama's own program, which is not here; tests/clients has its libraries"),
    ("packaging.md", "packing, as the CI does, and folders of the reader's shell"),
    ("page.md", "opens a browser; tests/page does"),
    ("performance.md", "benchmarks, which take minutes"),
    ("quality.md", "a benchmark with a model of its own"),
];

/// The pages of the table of tasks.
fn task_pages() -> Vec<String> {
    let book = read("docs/README.md");
    let (_, tasks) = book.split_once("\n## Tasks\n").unwrap();
    let (tasks, _) = tasks.split_once("\n## ").unwrap();
    let links = tasks.split("](").skip(1).map(|link| link.split_once(')').unwrap().0.to_owned());
    links.collect()
}

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}")).replace("\r\n", "\n")
}

/// Runs a page over the fake's world; its stdout, if every command ends well.
async fn run(page: &str, needs_server: bool) -> String {
    let fake = FakeOllama::start().await.with_defaults();
    fake.replay("pull_success_stream");
    let vectors = serde_json::json!({ "model": "m", "embeddings": [[0.5, 1.0], [0.25, 2.0]] });
    fake.on("POST", "/api/embed", Answer::json(200, vectors));
    let home = TempDir::new().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut shell = command_of("bash", &home);
    shell
        .current_dir(home.path())
        .arg(root.join("tests/book/run.sh"))
        .arg(root.join("docs").join(page))
        .arg(BINARY);
    if needs_server {
        shell.env("BOOK_SERVER", "yes");
    }
    shell.env("OLLAMA_HOST", fake.url()).stdin(Stdio::null());
    let ran = timeout(Duration::from_secs(120), shell.output()).await.expect("it ends").unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{page}:\n{stdout}\n{stderr}");
    assert!(!stdout.contains("\"error\":{"), "{page}: {stdout}");
    stdout.into_owned()
}

#[test]
fn every_page_is_run_somewhere() {
    let pages = task_pages();
    assert!(pages.len() >= 7, "{pages:?}");
    let ci = read(".ci/run");
    for (page, script) in IN_CI {
        assert!(pages.iter().any(|listed| listed == page), "{page} is no page of the book");
        assert!(ci.contains(script), ".ci/run does not call {script}, which runs {page}");
        assert!(read(script).contains(page), "{script} does not run {page}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_a_page_works() {
    for page in task_pages() {
        if IN_CI.iter().all(|(other, _)| *other != page) {
            let stdout = run(&page, false).await;
            assert!(stdout.contains("block 1\n"), "{page}: {stdout}");
        }
    }
    for page in OVER_A_SERVER {
        run(page, true).await;
    }
}

/// A new page with commands has to be run, or to say why it is not.
#[test]
fn every_page_with_commands_is_known() {
    let mut known: Vec<String> = task_pages();
    known.extend(
        OVER_A_SERVER.iter().chain(ELSEWHERE.iter().map(|(page, _)| page)).map(|&page| page.to_owned()),
    );
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            let has_commands = read(&format!("docs/{name}")).contains("\n```sh\n");
            assert!(!has_commands || known.contains(&name), "nothing runs the commands of docs/{name}");
        }
    }
}
