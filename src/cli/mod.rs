//! The command line: flags from the registry of settings, and one file for each subcommand.

mod chat;
mod completions;
mod confirm;
mod connect;
mod conversations;
mod database;
mod doctor;
mod flags;
mod handed_on;
mod healthcheck;
mod host_args;
mod index;
mod install;
mod keys;
mod known_names;
mod list_hosts;
mod manifest;
mod mistyped;
mod models;
mod output;
mod program;
mod remote;
mod serve;
mod service;
mod try_prompt;
mod try_url;
mod uninstall;
mod usage;
mod users;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use accounts::{AccountOptions, AccountService};
use clap::{ArgMatches, Command, FromArgMatches as _, Subcommand as _};

use crate::{app, telemetry};
use ::service::chat::schema_check;
use files::pdf;
use settings::{Loaded, ServeSources, SettingInfo, Settings, Sources};

pub use completions::completion_scripts;
pub use manifest::{Format, manifest, manifest_of_all};

/// The exit code of wrong usage and wrong settings.
const USAGE: u8 = 2;

/// Longer lines are hard to read, however wide the terminal is.
const MAX_WIDTH: usize = 120;

const EXAMPLES: &str = "\
Examples:
  ollama-mcp                                     serve MCP on stdin and stdout (what a host starts)
  ollama-mcp try \"Why is the sky blue?\"          ask a model the way a host would
  ollama-mcp chat                                talk to a model here
  ollama-mcp install --host vscode               set up a host, such as VS Code
  ollama-mcp serve                               serve HTTP: OpenAI's API, MCP over HTTP, the chat service
  ollama-mcp service install                     run that server after each login
  ollama-mcp connect codex                       what a client needs to use that server as its model
  ollama-mcp doctor                              check the setup, and say how to fix problems
  echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}' | ollama-mcp

Exit codes: 0 success, 1 failure, 2 wrong usage or settings.";

/// Shown if the server is started in a terminal, where it would wait silently.
const WAITING: &str = "\
ollama-mcp: waiting for MCP messages on stdin, one JSON-RPC message a line. An MCP host usually starts this program.
  to ask a model here:   ollama-mcp try \"Why is the sky blue?\"
  to set up a host:      ollama-mcp install --host NAME
  to check the setup:    ollama-mcp doctor
Ctrl+C stops it.
";

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Serve HTTP: a page to chat, the APIs of OpenAI, Anthropic and Ollama, and MCP
    Serve(serve::Arguments),
    /// Run "serve" at login, by the user's systemd or launchd
    Service(service::Arguments),
    /// Ask a model the way a host would: start the server, connect, stream the answer
    Try(try_prompt::Arguments),
    /// Talk to a model in the terminal, in a conversation that is stored
    Chat(chat::Arguments),
    /// List, search, show, export and delete stored conversations
    Conversations(conversations::Arguments),
    /// List what is indexed of files, and delete it
    Index(index::Arguments),
    /// List, pull, show and remove models
    Models(models::Arguments),
    /// Manage the users who sign in to "serve"
    Users(users::Arguments),
    /// Manage the keys that programs show to "serve"
    Keys(keys::Arguments),
    /// Bring the database to the format of this version, which the first use does as well
    Migrate,
    /// Write all that is stored to a file, to move it to another database or to keep it
    Export(database::ExportArguments),
    /// Take in an export, or a folder of chats of the older chat service
    Import(database::ImportArguments),
    /// Check the setup, and say how to fix problems
    Doctor(doctor::Arguments),
    /// Ask whether the HTTP server of these settings answers, for containers
    Healthcheck(healthcheck::Arguments),
    /// Add this server to a host's configuration
    Install(install::Arguments),
    /// Remove this server from a host's configuration
    Uninstall(uninstall::Arguments),
    /// List the hosts on this machine, and whether this server is installed in them
    ListHosts(list_hosts::Arguments),
    /// Print or write what a client needs to use the HTTP server as its model
    Connect(connect::Arguments),
    /// Show what the callers of the HTTP server have used
    Usage(usage::Arguments),
    /// Print the manifest of this server: tools, resources, prompts, settings
    Manifest(manifest::Arguments),
    /// Print the completion script of a shell
    Completions(completions::Arguments),
}

/// What a subcommand gets in addition to its own arguments.
struct Context {
    loaded: Loaded,
    /// The settings' flags as they were given, for a child process.
    flags: Flags,
}

/// Settings as they were given on the command line.
type Flags = Vec<(&'static SettingInfo, String)>;

/// Runs the program on this process's arguments.
pub fn main() -> ExitCode {
    let result = if std::env::args_os().len() <= 1 {
        // Most hosts start it so. The argument parser would take a tenth of the memory.
        with_settings(Vec::new(), Vec::new(), None)
    } else {
        let matches = match command().try_get_matches() {
            Ok(matches) => matches,
            Err(error) => mistyped::exit(&error, &command()),
        };
        match matches.subcommand_name() {
            // Without settings: all that they need is their input.
            Some(pdf::SUBCOMMAND) => pdf::serve(io::stdout()).map(|()| ExitCode::SUCCESS).map_err(Into::into),
            Some(schema_check::SUBCOMMAND) => {
                schema_check::serve(io::stdout()).map(|()| ExitCode::SUCCESS).map_err(Into::into)
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
    // Shells run this at start; a wrong setting must not break completion.
    if let Some(Subcommand::Completions(arguments)) = &subcommand {
        return Ok(completions::run(arguments));
    }
    if let Some(Subcommand::Service(arguments)) = &subcommand
        && arguments.needs_no_settings()
    {
        return service::run(None, arguments);
    }
    let mut flags = flags::given(matches);
    if let Some(Subcommand::Healthcheck(arguments)) = &subcommand {
        return Ok(healthcheck::run(flags, arguments));
    }
    if matches.subcommand_name() != Some("install") {
        // install resolves paths itself before it writes them into a host's file.
        flags::make_absolute(&mut flags);
    }
    let mut checked = flags.clone();
    if matches.subcommand_name() == Some("install") {
        checked.retain(|(setting, _)| !install::is_for_the_host(setting));
    }
    with_settings(flags, checked, subcommand)
}

/// Loads the settings from the `checked` flags, starts the log, and runs the subcommand.
fn with_settings(flags: Flags, checked: Flags, subcommand: Option<Subcommand>) -> anyhow::Result<ExitCode> {
    let serve = match subcommand {
        // The commands of the database, and of what is in it for callers, are for that of the server.
        Some(
            Subcommand::Serve(_)
            | Subcommand::Service(_)
            | Subcommand::Users(_)
            | Subcommand::Keys(_)
            | Subcommand::Usage(_)
            | Subcommand::Migrate
            | Subcommand::Export(_)
            | Subcommand::Import(_),
        ) => ServeSources::AllNames,
        Some(Subcommand::Doctor(_) | Subcommand::Connect(_)) => ServeSources::OwnNames,
        _ => ServeSources::Ignored,
    };
    let loaded = match Settings::load(&Sources { serve, ..Sources::of_process(checked) }) {
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
    // doctor shows them as findings.
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
        Some(Subcommand::Serve(arguments)) => serve::run(&context, &arguments),
        Some(Subcommand::Service(arguments)) => service::run(Some(&context), &arguments),
        Some(Subcommand::Chat(arguments)) => chat::run(&context, &arguments),
        Some(Subcommand::Conversations(arguments)) => conversations::run(&context, &arguments),
        Some(Subcommand::Index(arguments)) => index::run(&context, &arguments),
        Some(Subcommand::Models(arguments)) => models::run(&context, &arguments),
        Some(Subcommand::Users(arguments)) => users::run(&context, &arguments),
        Some(Subcommand::Keys(arguments)) => keys::run(&context, &arguments),
        Some(Subcommand::Migrate) => database::migrate(&context),
        Some(Subcommand::Export(arguments)) => database::export(&context, &arguments),
        Some(Subcommand::Import(arguments)) => database::import(&context, &arguments),
        Some(Subcommand::Doctor(arguments)) => doctor::run(&context, &arguments),
        Some(Subcommand::Install(arguments)) => install::run(&context, &arguments),
        Some(Subcommand::Uninstall(arguments)) => uninstall::run(&arguments),
        Some(Subcommand::ListHosts(arguments)) => list_hosts::run(&arguments),
        Some(Subcommand::Connect(arguments)) => connect::run(&context, &arguments),
        Some(Subcommand::Usage(arguments)) => usage::run(&context, &arguments),
        Some(Subcommand::Manifest(arguments)) => manifest::run(&arguments),
        Some(Subcommand::Completions(arguments)) => Ok(completions::run(&arguments)),
        // Both ran before the settings were read.
        Some(Subcommand::Healthcheck(arguments)) => Ok(healthcheck::run(context.flags, &arguments)),
    }
}

fn command() -> Command {
    let reader = Command::new(pdf::SUBCOMMAND)
        .hide(true)
        .about("Print the text of the PDF on stdin, for the server itself");
    let checker = Command::new(schema_check::SUBCOMMAND)
        .hide(true)
        .about("Check a reply against a JSON Schema, both on stdin, for the server itself");
    command_for_people().subcommand(reader).subcommand(checker)
}

/// The command line without the hidden subcommands, which only the server starts.
pub fn command_for_people() -> Command {
    let command = Command::new("ollama-mcp")
        .version(env!("CARGO_PKG_VERSION"))
        .about(env!("CARGO_PKG_DESCRIPTION"))
        .after_help(EXAMPLES)
        .max_term_width(MAX_WIDTH)
        .subcommand_required(false);
    flags::add_to(Subcommand::augment_subcommands(command))
}

/// The accounts of the database that the settings describe.
fn accounts_of(context: &Context) -> anyhow::Result<AccountService> {
    let store = app::store(&context.loaded.settings)?;
    Ok(AccountService::new(&store, AccountOptions::default()))
}

/// Runs a subcommand on one thread, so that messages are handled in the order in which they arrive.
fn block_on<F: Future>(work: F) -> anyhow::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let output = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(output)
}
