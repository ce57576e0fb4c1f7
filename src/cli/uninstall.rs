//! `uninstall`: removes this server from a host's file.

use std::process::ExitCode;

use super::targets::{Which, carry_out, chosen, refused};
use super::{USAGE, output};
use hosts::{Host, Machine};

/// Arguments of `uninstall`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let which = &arguments.which;
    if let Some(host) = Host::of(which.host()).filter(|host| !host.has_file()) {
        output::error(&format!(
            "{} has no configuration file: remove the server in its settings",
            host.title
        ));
        return Ok(ExitCode::from(USAGE));
    }
    let machine = Machine::of_process()?;
    let mut failed = false;
    let targets = match chosen(which.host(), which.scope.into(), &machine) {
        Ok(targets) => targets,
        Err(error) => return Ok(refused(&error)),
    };
    if targets.is_empty() {
        output::error("no host was found on this machine, so there is nothing to remove.");
    }
    let words = format!("{} is no longer in", which.name);
    for target in targets {
        let plan = || target.uninstall(&which.name, which.force);
        if let Err(error) = carry_out(which, &target, &words, false, plan) {
            output::error(&error.to_string());
            failed = true;
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
