//! The common arguments of `install` and `uninstall`: which entry of which file; and applying a change.

use std::path::Path;
use std::process::ExitCode;

use clap::builder::NonEmptyStringValueParser;

use super::known_names::{KnownNames, name_parser};
use super::{USAGE, output};
use hosts::{self, Change, Environment, HOSTS, Host, HostsError, Scope, Target};
use settings::registry::SETTINGS;

/// The name for every host found on this machine.
const ALL: &str = "all";

/// How often to try again if another program has changed the file in the meantime.
const MAX_ATTEMPTS: u32 = 5;

/// Which entry of which file.
#[derive(Debug, clap::Args)]
pub(super) struct HostArgs {
    /// The same as --host
    #[arg(
        value_name = "HOST",
        value_parser = name_parser::<HostName>(),
        required_unless_present = "host",
        conflicts_with = "host",
        hide_possible_values = true
    )]
    named: Option<String>,
    /// The host; `all` for every host found on this machine
    #[arg(long, value_name = "HOST", value_parser = name_parser::<HostName>())]
    host: Option<String>,
    /// Which file: yours, or the project's
    #[arg(long, value_enum, default_value = "user")]
    pub(super) scope: ScopeArgument,
    /// The name of the server in the host
    #[arg(long, default_value = hosts::DEFAULT_NAME, value_parser = NonEmptyStringValueParser::new())]
    pub(super) name: String,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Replace or remove an entry even if it is another server's
    #[arg(long)]
    pub(super) force: bool,
}

impl HostArgs {
    /// The host that was named, or [`ALL`].
    pub(super) fn host(&self) -> &str {
        self.host.as_deref().or(self.named.as_deref()).unwrap_or_default()
    }
}

impl HostArgs {
    /// An edit of a host's file.
    pub(super) fn edit<'a>(&'a self, target: &'a Target, done: &'a str, creates: bool) -> Edit<'a> {
        let (title, file) = (target.host.title, &*target.file);
        Edit { title, file, name: &self.name, dry_run: self.dry_run, done, creates }
    }
}

/// `--scope`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum ScopeArgument {
    /// Your own file, for all projects
    User,
    /// The file of the project in the current directory; VS Code calls it the workspace
    #[value(alias = "workspace")]
    Project,
}

impl From<ScopeArgument> for Scope {
    fn from(scope: ScopeArgument) -> Self {
        match scope {
            ScopeArgument::User => Self::User,
            ScopeArgument::Project => Self::Project,
        }
    }
}

/// The parser of `--host`.
#[derive(Debug, Clone)]
struct HostName;

impl KnownNames for HostName {
    fn names() -> Vec<&'static str> {
        HOSTS.iter().map(|host| host.id).chain([ALL]).collect()
    }

    fn meant_by(given: &str) -> Vec<&'static str> {
        Host::meant_by(given)
    }
}

/// The files to change. For `all`: those of each installed host.
pub(super) fn resolve_targets(
    name: &str,
    scope: Scope,
    environment: &Environment,
) -> Result<Vec<Target>, HostsError> {
    match Host::of(name) {
        Some(host) => Target::of(host, scope, environment),
        None => {
            let found = HOSTS.iter().filter(|host| host.has_file() && environment.has(host));
            let mut targets: Vec<Target> = Vec::new();
            for target in found.filter_map(|host| Target::of(host, scope, environment).ok()).flatten() {
                // Editions of one program share a project's file.
                if !targets.iter().any(|known| known.file == target.file) {
                    targets.push(target);
                }
            }
            Ok(targets)
        }
    }
}

/// Whether a variable is a setting that is not secret.
pub(super) fn is_public(variable: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.env == variable && !setting.is_secret())
}

/// Reports an error, and returns the exit code: what the host does not have or take is wrong usage.
pub(super) fn refused(error: &HostsError) -> ExitCode {
    output::error(&error.to_string());
    match error {
        HostsError::NoProjectFile { .. }
        | HostsError::NoRemote { .. }
        | HostsError::NoKeyVariable { .. }
        | HostsError::KeyInProject { .. } => ExitCode::from(USAGE),
        _ => ExitCode::FAILURE,
    }
}

/// An edit of a file, for its report.
pub(super) struct Edit<'a> {
    /// The program whose file it is.
    pub(super) title: &'a str,
    pub(super) file: &'a Path,
    /// What is put in or removed.
    pub(super) name: &'a str,
    pub(super) dry_run: bool,
    /// The beginning of the report of success, as in "ollama is now in FILE".
    pub(super) done: &'a str,
    /// Whether the file is made where there is none.
    pub(super) creates: bool,
}

/// Shows a change (with `--dry-run`), or makes and reports it; returns whether it was made.
pub(super) fn apply(
    edit: &Edit<'_>,
    plan: impl Fn() -> Result<Option<Change>, HostsError>,
) -> Result<bool, HostsError> {
    let (title, file) = (edit.title, edit.file.display());
    if edit.dry_run {
        match plan()?.filter(Change::is_needed) {
            Some(change) => output::print(&change.diff(is_public)),
            None => output::line(&format!("{title}: nothing to change in {file}")),
        }
        return Ok(false);
    }
    let mut attempt = 1;
    let (change, backup) = loop {
        let lock = hosts::lock(edit.file, edit.creates)?;
        let Some(change) = plan()? else {
            output::line(&format!("{title}: {} is not in {file}", edit.name));
            return Ok(false);
        };
        if !change.is_needed() {
            output::line(&format!("{title}: nothing to change in {file}"));
            return Ok(false);
        }
        match change.write(&lock) {
            Ok(backup) => break (change, backup),
            Err(HostsError::Changed { .. }) if attempt < MAX_ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    };
    output::line(&format!("{title}: {} {file}", edit.done));
    if let Some((what, variables)) = change.foreign() {
        output::line(&format!("  the previous entry {what}"));
        if !variables.is_empty() {
            let variables = variables.join(", ");
            output::line(&format!("  its variables were not kept: {variables}"));
        }
    }
    if let Some(backup) = backup {
        output::line(&format!("  backup: {}", backup.display()));
    }
    Ok(true)
}
