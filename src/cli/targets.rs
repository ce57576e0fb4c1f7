//! What `install` and `uninstall` have in common: which files, and how a change is shown and made.

use std::process::ExitCode;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};

use super::{USAGE, output};
use crate::hosts::{self, Change, HOSTS, Host, HostsError, Machine, Scope, Target};

/// Every host that was found.
const ALL: &str = "all";

/// Which entry of which file.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Which host; `all` for every one that is found here
    #[arg(long, value_name = "HOST", value_parser = host_names())]
    pub(super) host: String,
    /// Whose file
    #[arg(long, value_enum, default_value = "user")]
    pub(super) scope: ScopeArgument,
    /// The name of the server in the host
    #[arg(long, default_value = hosts::DEFAULT_NAME, value_parser = NonEmptyStringValueParser::new())]
    pub(super) name: String,
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

/// The names that `--host` takes.
fn host_names() -> PossibleValuesParser {
    PossibleValuesParser::new(HOSTS.iter().map(|host| host.id).chain([ALL]))
}

/// The files that were meant. For `all`: of each host that was found and has such a file.
pub(super) fn chosen(name: &str, scope: Scope, machine: &Machine) -> Result<Vec<Target>, HostsError> {
    match Host::of(name) {
        Some(host) => Ok(vec![Target::of(host, scope, machine)?]),
        None => {
            let found = HOSTS.iter().filter(|host| host.has_file() && machine.has(host));
            Ok(found.filter_map(|host| Target::of(host, scope, machine).ok()).collect())
        }
    }
}

/// Tells why there is no file, and gives the exit code: a scope that the host does not have is wrong usage.
pub(super) fn refused(error: &HostsError) -> ExitCode {
    output::error(&error.to_string());
    match error {
        HostsError::NoProjectFile { .. } => ExitCode::from(USAGE),
        _ => ExitCode::FAILURE,
    }
}

/// Shows a change, or makes it and tells of it. The words are those of what was done: "added to".
pub(super) fn carry_out(
    change: &Change,
    dry_run: bool,
    target: &Target,
    done: &str,
) -> Result<(), HostsError> {
    let (title, file) = (target.host.title, target.file.display());
    if !change.is_needed() {
        output::line(&format!("{title}: nothing to change in {file}"));
        return Ok(());
    }
    if dry_run {
        output::print(&change.diff());
        return Ok(());
    }
    let backup = change.write()?;
    output::line(&format!("{title}: {done} {file}"));
    if let Some(backup) = backup {
        output::line(&format!("  as it was before: {}", backup.display()));
    }
    Ok(())
}
