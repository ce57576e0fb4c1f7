//! `list-hosts`: the hosts on this machine, and whether this server is installed in them.

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::output;
use hosts::{DetectedHost, Entry, Environment, HOSTS, Host, detect_hosts};
use text::sanitize;

/// Arguments of `list-hosts`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print one JSON array, for programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process()?;
    let detected = detect_hosts(&environment);
    let without_file = || HOSTS.iter().filter(|host| !host.has_file());
    if arguments.json {
        let others = without_file().map(|host| report_without_file(host, environment.has(host)));
        let hosts: Vec<_> = detected.iter().map(report).chain(others).collect();
        output::json(&hosts)?;
    } else {
        detected.iter().for_each(write);
        without_file().for_each(|host| write_without_file(host, environment.has(host)));
    }
    Ok(ExitCode::SUCCESS)
}

/// A host as JSON. Variables of an entry are named without their values.
pub(super) fn report(detected: &DetectedHost) -> Map<String, Value> {
    let target = &detected.target;
    let installed = detected.entries.as_ref().map(|entries| {
        let entries = entries.iter().map(|(name, entry)| match entry {
            Entry::Program(program) => {
                json!({ "name": name, "command": program.command, "variables": entry.variables() })
            }
            Entry::Remote(_) => json!({ "name": name, "url": entry.shown() }),
        });
        entries.collect::<Vec<_>>()
    });
    let mut report = Map::from_iter([
        ("host".to_owned(), target.host.id.into()),
        ("title".to_owned(), target.host.title.into()),
        ("scope".to_owned(), target.scope.as_str().into()),
        ("file".to_owned(), json!(target.file)),
        ("found".to_owned(), detected.found.into()),
    ]);
    match installed {
        Ok(installed) => report.insert("installed".to_owned(), installed.into()),
        Err(error) => report.insert("problem".to_owned(), error.to_string().into()),
    };
    report
}

/// A host without a file, so that it is unknown whether this server is installed in it.
fn report_without_file(host: &Host, found: bool) -> Map<String, Value> {
    Map::from_iter([
        ("host".to_owned(), host.id.into()),
        ("title".to_owned(), host.title.into()),
        ("scope".to_owned(), "user".into()),
        ("file".to_owned(), Value::Null),
        ("found".to_owned(), found.into()),
    ])
}

fn write_without_file(host: &Host, found: bool) {
    let found = if found { "" } else { " (not found here)" };
    output::line(&format!("{} [{}, user]{found}", host.title, host.id));
    output::line(&format!("  no file: \"ollama-mcp install --host {}\" prints what to paste", host.id));
}

fn write(detected: &DetectedHost) {
    let target = &detected.target;
    let found = if detected.found { "" } else { " (not found here)" };
    output::line(&format!("{} [{}, {}]{found}", target.host.title, target.host.id, target.scope.as_str()));
    output::line(&format!("  {}", sanitize::line(&target.file.display().to_string())));
    match &detected.entries {
        Ok(entries) => {
            if entries.is_empty() && detected.found {
                output::line("  not installed");
            }
            for (name, entry) in entries {
                let shown = sanitize::name(name);
                match entry.foreign(name) {
                    None => output::line(&format!("  has {shown}: {}", sanitize::line(&entry.shown()))),
                    Some(what) => output::line(&format!("  the entry {shown} {}", sanitize::line(&what))),
                }
            }
        }
        Err(error) => output::line(&format!("  {}", sanitize::line(&error.to_string()))),
    }
}
