//! The command line: flags from the settings' registry, and one file for each subcommand.

mod completions;
mod doctor;
mod install;
mod list_hosts;
mod manifest;
mod output;
mod program;
mod targets;
mod try_prompt;
mod uninstall;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, FromArgMatches as _, Subcommand as _};

use crate::files::pdf;
use crate::settings::registry::{ENTRIES, Entry, Kind};
use crate::settings::{Loaded, Settings, Sources};
use crate::{app, telemetry};

pub use manifest::{Format, manifest, manifest_of_all};

/// Exit code of wrong usage and wrong settings.
const USAGE: u8 = 2;

/// The directories after `--`.
const DIRECTORIES: &str = "directories";

const EXAMPLES: &str = "\
Examples:
  ollama-mcp                                     serve MCP on stdin and stdout (what a host starts)
  ollama-mcp try \"Why is the sky blue?\"          the whole path once, as a host would go it
  ollama-mcp install --host vscode               set up a host, such as VS Code
  ollama-mcp doctor                              is all well, and if not, what to do
  echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}' | ollama-mcp

Exit codes: 0 well, 1 failed, 2 wrong usage or settings.";

/// For someone who starts the server in a terminal, where it looks as if nothing happened.
const WAITING: &str = "\
ollama-mcp: waiting for MCP messages on stdin, one JSON-RPC message a line. An MCP host usually starts this program.
  to ask a model here:   ollama-mcp try \"Why is the sky blue?\"
  to set up a host:      ollama-mcp install --host NAME
  to check the setup:    ollama-mcp doctor
Ctrl+C stops it.
";

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Ask a model through the whole path: start the server, shake hands, stream the answer
    Try(try_prompt::Arguments),
    /// Check the model server and the settings, and say what to do
    Doctor(doctor::Arguments),
    /// Put this server into a host's configuration
    Install(install::Arguments),
    /// Take this server out of a host's configuration
    Uninstall(uninstall::Arguments),
    /// List the hosts found here, and whether this server is in them
    ListHosts(list_hosts::Arguments),
    /// Print the manifest of this server: tools, resources, prompts, settings
    Manifest(manifest::Arguments),
    /// Print the completions of a shell, for its own file of them
    Completions(completions::Arguments),
}

/// What a subcommand gets beside its own arguments.
struct Context {
    loaded: Loaded,
    /// The settings' flags as they were given, for a child process.
    flags: Flags,
}

/// Settings as they were given on the command line.
type Flags = Vec<(&'static Entry, String)>;

/// Runs the program on this process's arguments.
pub fn main() -> ExitCode {
    let result = if std::env::args_os().len() <= 1 {
        // As most hosts start it: the parser of arguments would cost a tenth of the memory.
        with_settings(Vec::new(), Vec::new(), None)
    } else {
        let matches = command().get_matches();
        match matches.subcommand_name() {
            // It has no settings: what it needs is its input.
            Some(pdf::SUBCOMMAND) => {
                pdf::serve(io::stdin(), io::stdout()).map(|()| ExitCode::SUCCESS).map_err(Into::into)
            }
            _ => run(&matches),
        }
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            output::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let subcommand = matches.subcommand().map(|_| Subcommand::from_arg_matches(matches)).transpose()?;
    // A shell asks for them at each start: a wrong setting is no reason to leave it without.
    if let Some(Subcommand::Completions(arguments)) = &subcommand {
        return completions::run(arguments);
    }
    let flags = given_flags(matches);
    let mut checked = flags.clone();
    if matches.subcommand_name() == Some("install") {
        checked.retain(|(entry, _)| !install::is_for_the_host(entry));
    }
    with_settings(flags, checked, subcommand)
}

/// Loads the settings, starts the log, and does what was asked for. `checked` are the flags that this process takes.
fn with_settings(flags: Flags, checked: Flags, subcommand: Option<Subcommand>) -> anyhow::Result<ExitCode> {
    let loaded = match Settings::load(&Sources::of_process(checked)) {
        Ok(loaded) => loaded,
        Err(error) => {
            output::error(&error.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    if let Err(error) = telemetry::init(&loaded.settings.telemetry) {
        output::error(&error);
        return Ok(ExitCode::from(USAGE));
    }
    // doctor shows them among its findings.
    if !matches!(subcommand, Some(Subcommand::Doctor(_))) {
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
    }
    let context = Context { loaded, flags };
    match subcommand {
        None => {
            if io::stdin().is_terminal() {
                output::note(WAITING);
            }
            app::serve(&context.loaded.settings)
        }
        Some(Subcommand::Try(arguments)) => try_prompt::run(&context, &arguments),
        Some(Subcommand::Doctor(arguments)) => doctor::run(&context, &arguments),
        Some(Subcommand::Install(arguments)) => install::run(&context, &arguments),
        Some(Subcommand::Uninstall(arguments)) => uninstall::run(&arguments),
        Some(Subcommand::ListHosts(arguments)) => list_hosts::run(&arguments),
        Some(Subcommand::Manifest(arguments)) => manifest::run(&arguments),
        Some(Subcommand::Completions(arguments)) => completions::run(&arguments),
    }
}

fn command() -> Command {
    let reader = Command::new(pdf::SUBCOMMAND)
        .hide(true)
        .about("Print the text of the PDF on stdin, for the server itself");
    command_for_people().subcommand(reader)
}

/// Without what only the server itself starts.
fn command_for_people() -> Command {
    let mut command = Command::new("ollama-mcp")
        .version(env!("CARGO_PKG_VERSION"))
        .about(env!("CARGO_PKG_DESCRIPTION"))
        .after_help(EXAMPLES)
        .subcommand_required(false);
    for entry in ENTRIES {
        if let Some(flag) = entry.flag {
            command = command.arg(setting(entry, flag));
        }
    }
    if allowed_dirs().is_some() {
        command = command.arg(directories());
    }
    let lists = ENTRIES.into_iter().filter(|entry| adds_up(entry));
    let lists: Vec<_> = lists.filter_map(|entry| Some(setting(entry, entry.flag?))).collect();
    Subcommand::augment_subcommands(command).mut_subcommands(|subcommand| subcommand.args(&lists))
}

/// A setting as a flag. Its value is checked with all the others, not by the parser.
fn setting(entry: &'static Entry, flag: &'static str) -> Arg {
    let default = entry.default.map(|default| format!(" [default: {default}]")).unwrap_or_default();
    let arg = Arg::new(entry.env)
        .long(flag)
        .value_name(entry.value_name)
        .help(format!("{} [env: {}]{default}", entry.help.replace('`', ""), entry.env))
        .hide_short_help(false)
        .help_heading("Settings")
        .global(!adds_up(entry))
        .num_args(1);
    match entry.kind {
        Kind::Paths => arg.action(clap::ArgAction::Append),
        Kind::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => arg,
    }
}

/// Whether each of its flags adds something. Of a global flag clap keeps those on one side of the subcommand alone,
/// so these are flags of each.
fn adds_up(entry: &Entry) -> bool {
    entry.kind == Kind::Paths
}

/// The setting that the directories after `--` stand for.
fn allowed_dirs() -> Option<&'static Entry> {
    ENTRIES.into_iter().find(|entry| entry.env == "OLLAMA_MCP_ALLOWED_DIRS")
}

/// Directories that models may read, each an argument: hosts of bundles hand on a list in no other way.
fn directories() -> Arg {
    Arg::new(DIRECTORIES)
        .value_name("DIR")
        .help("Directories that models may read, beside those of --allow-dir")
        .num_args(0..)
        .last(true)
}

fn given_flags(matches: &ArgMatches) -> Vec<(&'static Entry, String)> {
    // A flag may stand before or after the subcommand; clap hands a global one down to the innermost.
    let innermost = matches.subcommand().map_or(matches, |(_, inner)| inner);
    let is_nested = matches.subcommand().is_some();
    let mut flags: Vec<_> = ENTRIES
        .into_iter()
        .filter(|entry| entry.flag.is_some())
        .flat_map(|entry| {
            let before = matches.get_many::<String>(entry.env).filter(|_| is_nested && adds_up(entry));
            let values = before.into_iter().chain(innermost.get_many(entry.env)).flatten();
            values.map(move |value| (entry, value.clone()))
        })
        .collect();
    if let Some(entry) = allowed_dirs() {
        // Each counts as one more of the setting's flags.
        let directories = matches.get_many::<String>(DIRECTORIES).into_iter().flatten();
        flags.extend(directories.map(|directory| (entry, directory.clone())));
    }
    flags
}

/// A runtime for a subcommand: one thread, so that what arrives in order is handled in order.
fn block_on<F: Future>(work: F) -> anyhow::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let output = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(output)
}
