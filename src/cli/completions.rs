//! `completions`: the completion script of a shell.

use std::process::ExitCode;

use clap_complete::Shell;

use super::{command_for_people, output};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    // Into memory first: the generators panic if the output has no reader.
    clap_complete::generate(arguments.shell, &mut command_for_people(), "ollama-mcp", &mut script);
    let mut script = String::from_utf8(script)?;
    if arguments.shell == Shell::Bash {
        // clap_complete spells a program's name with a hyphen in two ways, so that nothing completes after a
        // subcommand: github.com/clap-rs/clap/issues/6421.
        script = script.replace("ollama__subcmd__mcp__", "ollama__mcp__");
    }
    output::print(&script);
    Ok(ExitCode::SUCCESS)
}
