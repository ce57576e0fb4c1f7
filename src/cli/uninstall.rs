//! `uninstall`: takes this server out of a host's file.

use std::process::ExitCode;

use super::targets::{Which, carry_out, chosen, refused};
use super::{USAGE, output};
use crate::hosts::{Host, HostsError, Machine, Target};

/// Arguments of `uninstall`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(host) = Host::of(&arguments.which.host).filter(|host| !host.has_file()) {
        output::error(&format!("{} has no file to take it out of: remove it in its settings", host.title));
        return Ok(ExitCode::from(USAGE));
    }
    let machine = Machine::of_process()?;
    let mut failed = false;
    let targets = match chosen(&arguments.which.host, arguments.which.scope.into(), &machine) {
        Ok(targets) => targets,
        Err(error) => return Ok(refused(&error)),
    };
    for target in targets {
        if let Err(error) = uninstall(&target, arguments) {
            output::error(&error.to_string());
            failed = true;
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn uninstall(target: &Target, arguments: &Arguments) -> Result<(), HostsError> {
    match target.uninstall(&arguments.which.name)? {
        Some(change) => carry_out(
            &change,
            arguments.dry_run,
            target,
            &format!("{} is no longer in", arguments.which.name),
        ),
        None => {
            let (title, name, file) = (target.host.title, &arguments.which.name, target.file.display());
            output::line(&format!("{title}: {name} is not in {file}"));
            Ok(())
        }
    }
}
