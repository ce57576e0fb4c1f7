//! This server as hosts start it: first the program itself, then the entry of each host.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::process::Command;

use super::super::Context;
use super::super::list_hosts;
use super::super::try_prompt::server_command;
use super::finding::Section;
use super::remote;
use hosts::{
    DEFAULT_NAME, DetectedHost, Entry, Environment, Host, Scope, ServerEntry, Target, WORKSPACE, detect_hosts,
};
use mcp::client::{ClientError, Visit, visit};
use settings::registry::{OLLAMA_HOST, is_of_serve};
use settings::{Origin, SettingOrigin};

/// Servers start in milliseconds, and hosts wait longer than this.
const LIMIT: Duration = Duration::from_secs(5);

/// Starts the program, connects over stdio and lists its tools.
pub(super) async fn self_test(context: &Context) -> Section {
    let mut section = Section::new("Self-test over stdio");
    let visited = match server_command(context) {
        Ok(command) => visit(command, LIMIT).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match &visited {
        Ok(visited) => {
            section.ok(format!("it starts, connects and lists its tools: {}", describe_visit(visited)));
        }
        Err(error) => {
            let step = "run \"ollama-mcp --log=debug\" and type a line of examples/requests/list_tools.jsonl";
            section.error(error, Some(step.to_owned()));
        }
    }
    section.field("self_test", outcome(visited.as_ref().map_err(String::as_str)));
    section
}

/// Every installed host: whether this server is in its file, and whether the entry works.
pub(super) async fn check(origins: &[SettingOrigin]) -> Section {
    let mut section = Section::new("Hosts");
    let detected = match Environment::of_process() {
        Ok(environment) => detect_hosts(&environment),
        Err(error) => {
            section.warning(error.to_string(), None);
            return section;
        }
    };
    let checks = join_all(detected.iter().map(start_entries)).await;
    let mut reports = Vec::new();
    for (detected, checks) in detected.iter().zip(checks) {
        let mut json = list_hosts::report(detected);
        report(&mut section, detected, &checks, origins);
        let answers: Vec<_> = checks.iter().map(Check::to_json).collect();
        json.insert("answers".to_owned(), answers.into());
        reports.push(Value::Object(json));
    }
    if !detected.iter().any(|detected| detected.found) {
        section.info(
            "no host was found on this machine; \"ollama-mcp install --host NAME\" creates its file anyway",
        );
    }
    section.field("hosts", reports);
    section
}

/// What became of an entry. An error says why it does not work, without a next step.
enum Check {
    Program(Result<Visit, String>),
    Remote(remote::Check),
}

impl Check {
    fn to_json(&self) -> Value {
        match self {
            Self::Program(visited) => outcome(visited.as_ref().map_err(String::as_str)),
            Self::Remote(check) => check.to_json(),
        }
    }
}

async fn start_entries(detected: &DetectedHost) -> Vec<Check> {
    let entries = detected.entries.as_ref().map_or(&[][..], Vec::as_slice);
    join_all(entries.iter().map(async |(name, entry)| match entry {
        Entry::Program(program) => Check::Program(start(detected.target.host, program).await),
        Entry::Remote(entry) => Check::Remote(remote::check(&detected.target, name, entry).await),
    }))
    .await
}

/// Starts what the host would start, with the variables of the entry, and without those of this shell that a host may
/// not pass on.
async fn start(host: &Host, entry: &ServerEntry) -> Result<Visit, String> {
    if let Some(what) = entry.foreign() {
        return Err(format!("the entry {what}"));
    }
    let Some(program) = program(&entry.command) else {
        return Err(format!("{} does not exist, or is not on the PATH", entry.command));
    };
    let mut command = Command::new(program);
    // Only the host knows the values that it fills in. What it does not fill in is passed on as it is.
    let own = |text: &str| !text.contains("${") || (text.contains(WORKSPACE) && !host.fills_in_workspace);
    if entry.args.iter().all(|argument| own(argument)) {
        command.args(&entry.args);
    }
    let ours = std::env::vars_os().map(|(name, _)| name).filter(is_ours);
    ours.for_each(|name| {
        command.env_remove(name);
    });
    command.envs(entry.env.iter().filter(|(_, value)| own(value)).map(|(name, value)| (name, value)));
    visit(command, LIMIT).await.map_err(|error| match error {
        ClientError::Start(error) => format!("{} cannot be started: {error}", entry.command),
        other => format!("{} does not answer: {other}", entry.command),
    })
}

fn report(section: &mut Section, detected: &DetectedHost, checks: &[Check], origins: &[SettingOrigin]) {
    let title = detected.target.host.title;
    let file = detected.target.file.display();
    let entries = match &detected.entries {
        Ok(entries) => entries,
        Err(error) => {
            section.warning(format!("{title}: {error}"), None);
            return;
        }
    };
    if entries.is_empty() && detected.found {
        let install = install(&detected.target, DEFAULT_NAME);
        section.info(format!("{title}: not installed in {file}; add it with {install}"));
    }
    for ((name, entry), check) in entries.iter().zip(checks) {
        let place = format!("{title}, {name} ({})", detected.target.scope.as_str());
        let install = install(&detected.target, name);
        let (entry, check) = match (entry, check) {
            (Entry::Program(entry), Check::Program(check)) => (entry, check),
            (_, Check::Remote(check)) => {
                remote::report(section, &place, &install, check);
                continue;
            }
            // Made from the entries, in their order.
            (Entry::Remote(_), Check::Program(_)) => continue,
        };
        match check {
            Err(problem) if !entry.is_this_server() => {
                section.warning(
                    format!("{place}: {problem}"),
                    Some(format!("{install} --force replaces it; or choose another --name")),
                );
                continue;
            }
            Err(problem) if program(&entry.command).is_none() => section.error(
                format!("{place}: {problem}"),
                Some(format!("{install} writes this program's path into {file}")),
            ),
            // An installation preserves arguments and variables, even those that prevent the start.
            Err(problem) if !entry.args.is_empty() => section.error(
                format!("{place}: {problem}"),
                Some(format!(
                    "correct its args or env in {file}; {install} --force replaces the whole entry, args and env included"
                )),
            ),
            Err(problem) if !entry.env.is_empty() => {
                section.error(format!("{place}: {problem}"), Some(format!("correct its env in {file}")));
            }
            Err(problem) => section.error(
                format!("{place}: {problem}"),
                Some(format!("{install} writes this program's path into {file}")),
            ),
            Ok(Visit { unreachable: Some((problem, next_step)), .. }) => {
                // The server uses the address of the entry, not that of this shell.
                let has_address = entry.env.iter().any(|(name, _)| name == OLLAMA_HOST.env);
                let step = if has_address {
                    Some(format!("{install} --ollama-host URL writes another address into its entry"))
                } else {
                    next_step.clone()
                };
                section.error(format!("{place}: {} starts; {problem}", entry.command), step);
            }
            Ok(visited) => {
                section.ok(format!("{place}: {} answers, {}", entry.command, describe_visit(visited)));
                if version(visited).is_some_and(|version| version != env!("CARGO_PKG_VERSION")) {
                    section.warning(
                        format!("{place}: that is another version than this program"),
                        Some(format!("{install} writes this program's path into {file}")),
                    );
                }
            }
        }
        if !entry.command.contains(['/', '\\']) {
            section.warning(
                format!(
                    "{place}: {} is looked up on the PATH, which a host that starts from a menu may not have",
                    entry.command
                ),
                Some(format!("{install} writes the full path")),
            );
        }
        for variable in not_handed_on(entry, origins) {
            section.warning(
                format!(
                    "{place}: {variable} is set in this shell and not in its entry, so the host may not pass it on"
                ),
                Some(format!("{install} writes it (a secret only with --env {variable}=...)")),
            );
        }
    }
}

/// The command that repairs an entry.
fn install(target: &Target, name: &str) -> String {
    let mut command = format!("ollama-mcp install --host {}", target.host.id);
    if target.scope == Scope::Project {
        command.push_str(" --scope project");
    }
    if name != DEFAULT_NAME {
        command.push_str(&format!(" --name {name}"));
    }
    command
}

/// Settings of this shell that differ from the default and are not in the entry.
fn not_handed_on<'a>(entry: &ServerEntry, origins: &'a [SettingOrigin]) -> Vec<&'a str> {
    let set = origins.iter().filter(|origin| {
        origin.from == Origin::Environment
            && origin.value_shown.as_deref() != origin.setting.default()
            && is_ours(&OsString::from(origin.setting.env))
            && !is_of_serve(origin.setting)
    });
    let names = set.map(|origin| origin.setting.env);
    names.filter(|name| !entry.env.iter().any(|(known, _)| known == name)).collect()
}

fn is_ours(name: &OsString) -> bool {
    name.to_string_lossy().to_ascii_uppercase().starts_with("OLLAMA_")
}

/// The file of a program, which is a path or a name on the `PATH`.
fn program(command: &str) -> Option<PathBuf> {
    let path = Path::new(command);
    if path.components().count() > 1 {
        return path.is_file().then(|| path.to_path_buf());
    }
    let search = std::env::var_os("PATH")?;
    let name =
        format!("{}{}", command.trim_end_matches(std::env::consts::EXE_SUFFIX), std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&search).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

fn describe_visit(visited: &Visit) -> String {
    let version = version(visited).map(|version| format!("version {version}, ")).unwrap_or_default();
    let took = visited.took.as_secs_f64() * 1000.0;
    format!("{version}{} tools in {took:.0} ms", visited.tools.len())
}

fn version(visited: &Visit) -> Option<&str> {
    visited.introduction.as_ref().map(|server| server.version.as_str())
}

fn outcome(visited: Result<&Visit, &str>) -> Value {
    match visited {
        Ok(visited) => json!({
            "ok": visited.unreachable.is_none(),
            "problem": visited.unreachable.as_ref().map(|(problem, _)| problem),
            "version": version(visited),
            "tools": visited.tools.len(),
            "ms": visited.took.as_millis() as u64,
        }),
        Err(problem) => json!({ "ok": false, "problem": problem }),
    }
}
