//! `completions`: what a shell needs to complete this command line.

use std::process::ExitCode;

use clap_complete::Shell;

use super::{command, output};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    // Into memory first: the generators panic where the output has no reader.
    clap_complete::generate(arguments.shell, &mut command(), "ollama-mcp", &mut script);
    output::print(&String::from_utf8(script)?);
    Ok(ExitCode::SUCCESS)
}
