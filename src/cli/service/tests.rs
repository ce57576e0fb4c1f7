//! Both managers on any system, with a stand-in for their programs.

use std::cell::RefCell;
use std::io;
use std::process::Output;

use tempfile::TempDir;

use super::*;

/// The programs of a manager: records the calls, and answers them.
struct Programs {
    calls: RefCell<Vec<String>>,
    /// What a call with this beginning gets: whether it succeeds, and what it writes.
    answers: Vec<(&'static str, bool, &'static str)>,
}

impl Programs {
    fn new(answers: &[(&'static str, bool, &'static str)]) -> Self {
        Self { calls: RefCell::default(), answers: answers.to_vec() }
    }

    fn run(&self, program: &str, arguments: &[&str]) -> io::Result<Output> {
        let call = format!("{program} {}", arguments.join(" "));
        let answer = self.answers.iter().find(|(start, ..)| call.starts_with(start)).copied();
        self.calls.borrow_mut().push(call);
        let (_, well, text) = answer.unwrap_or(("", true, ""));
        // The status of another program: its type has no public constructor on every system.
        let status = std::process::Command::new(std::env::current_exe()?)
            .args(if well { ["--list"] } else { ["--no-such-flag"] })
            .output()?
            .status;
        Ok(Output { status, stdout: text.into(), stderr: Vec::new() })
    }
}

const AGENT: Manager = Manager::Launchd { user: 501 };

fn with<T>(manager: Manager, home: &TempDir, programs: &Programs, work: impl FnOnce(&Service<'_>) -> T) -> T {
    let home = home.path().to_path_buf();
    let file = manager.file(&home, None);
    let run = |program: &str, arguments: &[&str]| programs.run(program, arguments);
    work(&Service { manager, home, file, run: &run })
}

#[test]
fn files_are_where_each_manager_looks() {
    let home = Path::new("/home/ann");
    assert_eq!(AGENT.file(home, None), Path::new("/home/ann/Library/LaunchAgents/ollama-mcp.plist"));
    let unit = |config_home: Option<&str>| Manager::Systemd.file(home, config_home.map(Path::new));
    assert_eq!(unit(None), Path::new("/home/ann/.config/systemd/user/ollama-mcp.service"));
    assert_eq!(unit(Some("/etc/ann")), Path::new("/etc/ann/systemd/user/ollama-mcp.service"));
}

#[test]
fn launchd_agent_is_loaded_and_unloaded() {
    let home = TempDir::new().unwrap();
    let programs = Programs::new(&[("launchctl print gui/501/", false, "")]);
    with(AGENT, &home, &programs, |service| {
        service.install("<!-- x -->", false, None).unwrap();
        let file = service.file.display().to_string();
        let calls = programs.calls.borrow();
        let changes: Vec<_> = calls.iter().filter(|call| !call.starts_with("launchctl print")).collect();
        let expected = [
            "launchctl bootout gui/501/ollama-mcp",
            "launchctl enable gui/501/ollama-mcp",
            &format!("launchctl bootstrap gui/501 {file}"),
        ];
        assert_eq!(changes, expected.each_ref());
    });
    let file = AGENT.file(home.path(), None);
    fs::write(&file, MARK).unwrap();
    let programs = Programs::new(&[("launchctl print gui/501/", true, "\tstate = running\n")]);
    with(AGENT, &home, &programs, |service| {
        assert_eq!(service.manager.state(service.run), State::Running);
        service.uninstall(false).unwrap();
    });
    assert!(!file.exists());
    assert!(programs.calls.borrow().contains(&"launchctl bootout gui/501/ollama-mcp".to_owned()));
}

#[test]
fn agent_that_still_ends_is_loaded_once_it_has() {
    let home = TempDir::new().unwrap();
    let programs = Programs::new(&[("launchctl print", true, "state = running")]);
    let refusals = RefCell::new(2);
    let run = |program: &str, arguments: &[&str]| {
        let mut output = programs.run(program, arguments)?;
        if arguments.first() == Some(&"bootstrap") && *refusals.borrow() > 0 {
            *refusals.borrow_mut() -= 1;
            output.status = programs.run("fails", &[]).map(|_| failed())?;
        }
        Ok(output)
    };
    let file = AGENT.file(home.path(), None);
    assert_eq!(AGENT.start(&file, true, &run), Ok(()));
    assert_eq!(*refusals.borrow(), 0);
}

fn failed() -> std::process::ExitStatus {
    let program = std::env::current_exe().unwrap();
    std::process::Command::new(program).arg("--no-such-flag").output().unwrap().status
}

#[test]
fn unit_that_runs_is_started_anew_with_its_new_file() {
    let programs = Programs::new(&[("systemctl --user is-active", true, "active\n")]);
    let run = |program: &str, arguments: &[&str]| programs.run(program, arguments);
    Manager::Systemd.start(Path::new("/unit"), true, &run).unwrap();
    let calls = programs.calls.borrow();
    let expected =
        ["is-active", "enable", "restart"].map(|verb| format!("systemctl --user {verb} ollama-mcp.service"));
    assert_eq!(*calls, expected);
}

#[test]
fn service_that_runs_goes_on_where_nothing_has_changed() {
    for (manager, answer) in [
        (Manager::Systemd, ("systemctl --user is-active", true, "active\n")),
        (AGENT, ("launchctl print", true, "\tstate = running\n")),
    ] {
        let programs = Programs::new(&[answer]);
        let run = |program: &str, arguments: &[&str]| programs.run(program, arguments);
        manager.start(Path::new("/file"), false, &run).unwrap();
        let calls = programs.calls.borrow();
        let ends = |call: &String| call.contains("restart") || call.contains("bootout");
        assert!(!calls.iter().any(ends), "{calls:?}");
    }
}

#[test]
fn manager_that_refuses_is_quoted() {
    let programs = Programs::new(&[("systemctl --user enable", false, "Unit is masked.\n")]);
    let run = |program: &str, arguments: &[&str]| programs.run(program, arguments);
    let refused = Manager::Systemd.start(Path::new("/unit"), true, &run);
    assert_eq!(refused, Err(Failure::Refused("Unit is masked.".to_owned())));
}
