//! `completions`: the completion script of a shell.

use std::process::ExitCode;

use clap::ValueEnum as _;
use clap_complete::{Generator as _, Shell};

use super::{command_for_people, output};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    output::print(&script(arguments.shell));
    ExitCode::SUCCESS
}

/// The script of each shell, with the name of the file that the shell looks for.
pub fn completion_scripts() -> Vec<(String, String)> {
    let shells = Shell::value_variants().iter();
    shells.map(|shell| (shell.file_name("ollama-mcp"), script(*shell))).collect()
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    // Into memory first: the generators panic if the output has no reader.
    clap_complete::generate(shell, &mut command_for_people(), "ollama-mcp", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    if shell == Shell::Bash {
        // clap_complete spells a program's name with a hyphen in two ways, so that nothing completes after a
        // subcommand: github.com/clap-rs/clap/issues/6421.
        script.replace("ollama__subcmd__mcp__", "ollama__mcp__")
    } else {
        script
    }
}
