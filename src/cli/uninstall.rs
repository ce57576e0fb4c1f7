//! `uninstall`: removes this server from a host's file.

use std::process::ExitCode;

use super::host_args::{HostArgs, apply, refused, resolve_targets};
use super::{USAGE, output};
use hosts::{Environment, Host};

/// Arguments of `uninstall`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    host_args: HostArgs,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let args = &arguments.host_args;
    if let Some(host) = Host::of(args.host()).filter(|host| !host.has_file()) {
        output::error(&format!(
            "{} has no configuration file: remove the server in its settings",
            host.title
        ));
        return Ok(ExitCode::from(USAGE));
    }
    let environment = Environment::of_process()?;
    let mut failed = false;
    let targets = match resolve_targets(args.host(), args.scope.into(), &environment) {
        Ok(targets) => targets,
        Err(error) => return Ok(refused(&error)),
    };
    if targets.is_empty() {
        output::error("no host was found on this machine, so there is nothing to remove.");
    }
    let words = format!("{} is no longer in", args.name);
    for target in targets {
        let plan = || target.uninstall(&args.name, args.force);
        if let Err(error) = apply(&args.edit(&target, &words, false), plan) {
            output::error(&error.to_string());
            failed = true;
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
