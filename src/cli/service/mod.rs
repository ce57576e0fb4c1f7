//! `service`: runs the HTTP server at login, by the user's systemd or launchd.

mod definition;
mod manager;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::{Context, flags, handed_on, output, program};
use crate::running_server::RunningServer;
use definition::{Definition, MARK, NAME, redacted};
use manager::{Failure, Manager, Run, State, run_program};

/// A longer file is none of ours.
const MAX_BYTES: u64 = 1 << 20;

/// How long a service that was started may take until it listens.
const START_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

/// Directories of the user that a login shell may move, and that a service would not see.
const MOVED: [&str; 2] = ["XDG_CONFIG_HOME", "XDG_DATA_HOME"];

const EXAMPLES: &str = "\
Examples:
  ollama-mcp service install                     run \"ollama-mcp serve\" now and after each login
  ollama-mcp service install --listen 5000       with this setting
  ollama-mcp service install --print             show the file, and change nothing
  ollama-mcp service status                      whether it runs, and where
  ollama-mcp service uninstall                   end it, and remove the file

On Linux it is a unit of the user's systemd, on macOS a launchd agent.";

/// Arguments of `service`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Run the HTTP server now and after each login, with the settings given here
    #[command(after_help = flags::MORE)]
    Install {
        /// Print the file that would be written, and change nothing
        #[arg(long, visible_alias = "dry-run")]
        print: bool,
        /// Replace a file that differs
        #[arg(long)]
        force: bool,
    },
    /// End the HTTP server, and do not run it at login any more
    Uninstall {
        /// Remove the file even if "install" has not written it
        #[arg(long)]
        force: bool,
    },
    /// Show whether the service is installed and runs
    Status,
}

impl Arguments {
    /// Whether it needs no settings, so that wrong ones do not prevent it.
    pub(super) fn needs_no_settings(&self) -> bool {
        matches!(self.action, Action::Uninstall { .. })
    }
}

/// Where the service is, or would be.
struct Service<'a> {
    manager: Manager,
    home: PathBuf,
    file: PathBuf,
    run: Run<'a>,
}

/// `context` is there but for `uninstall`.
pub(super) fn run(context: Option<&Context>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(manager) = Manager::of_system() else {
        output::error(&not_supported()?);
        return Ok(ExitCode::FAILURE);
    };
    let home = platform::home_dir().context("the home directory of this user is not known")?;
    let config_home =
        std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let file = manager.file(&home, config_home.as_deref());
    let service = Service { manager, home, file, run: &run_program };
    match (&arguments.action, context) {
        (Action::Install { print, force }, Some(context)) => {
            let definition = definition(context)?;
            let text = manager.render(&definition, &service.home);
            if *print {
                output::print(&text);
                return Ok(ExitCode::SUCCESS);
            }
            service.install(&text, *force, context.loaded.settings.store.data_dir.as_deref())
        }
        (Action::Status, Some(context)) => {
            Ok(service.status(context.loaded.settings.store.data_dir.as_deref()))
        }
        (Action::Uninstall { force }, _) => service.uninstall(*force),
        (_, None) => Ok(ExitCode::FAILURE),
    }
}

/// What to do on a system whose services this program does not know.
fn not_supported() -> anyhow::Result<String> {
    let program = program::path()?;
    let by_hand = if cfg!(windows) {
        "In Task Scheduler, create a task with the trigger \"At log on\" that starts"
    } else {
        "Have the system start at login"
    };
    Ok(format!(
        "a service can be installed on Linux and macOS only. {by_hand}: \"{}\" serve",
        program.display()
    ))
}

/// This program with the settings given to this command. Secrets are left out, which is reported.
fn definition(context: &Context) -> anyhow::Result<Definition> {
    let program = program::path()?.into_os_string().into_string().ok();
    let program =
        program.context("the path of this program is not UTF-8, so a service's file cannot name it")?;
    let origins = || context.loaded.origins.iter();
    let mut environment = handed_on::variables(origins())?;
    let moved = MOVED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    environment.extend(moved.filter(|(_, directory)| Path::new(directory).is_absolute()));
    for secret in handed_on::secrets(origins()) {
        let setting = secret.setting;
        let instead = setting.key.map_or_else(
            || "docs/settings.md says which setting of config.toml takes its place".to_owned(),
            |key| format!("the service reads it from config.toml: {key} = \"...\""),
        );
        output::error(&format!("{} holds a secret and is not written; {instead}", setting.env));
    }
    Ok(Definition { program, environment })
}

impl Service<'_> {
    fn install(&self, text: &str, force: bool, data_dir: Option<&Path>) -> anyhow::Result<ExitCode> {
        let file = self.file.display();
        let mut is_changed = true;
        match self.read()? {
            Some(found) if found == text => {
                is_changed = false;
                output::line(&format!("{file} is up to date"));
            }
            Some(found) if !force => {
                output::print(&self.difference(&found, text));
                output::error(&format!("{file} differs and was not changed; --force replaces it"));
                return Ok(ExitCode::FAILURE);
            }
            _ => {
                let written = self.file.parent().map_or(Ok(()), fs::create_dir_all);
                written
                    .and_then(|()| fs::write(&self.file, text))
                    .with_context(|| format!("{file} cannot be written"))?;
                output::line(&format!("{file} was written"));
            }
        }
        if let Err(Failure::NoManager(why) | Failure::Refused(why)) = self.manager.reload(self.run) {
            output::line(&format!(
                "It was not started, as the service manager of this user does not answer ({why}). Where it runs:\n  {}",
                self.manager.start_commands(&self.file)
            ));
            return Ok(ExitCode::SUCCESS);
        }
        let before = data_dir.and_then(RunningServer::find);
        if let Some(other) = before.as_ref().filter(|_| self.manager.state(self.run) != State::Running) {
            output::error(&format!(
                "a server that was started in another way runs at http://{}. End it, and then: {}",
                other.address,
                self.manager.start_commands(&self.file)
            ));
            return Ok(ExitCode::FAILURE);
        }
        if let Err(Failure::NoManager(why) | Failure::Refused(why)) =
            self.manager.start(&self.file, is_changed, self.run)
        {
            output::error(&format!(
                "{NAME} was not started: {why}. The log: {}",
                self.manager.logs(&self.home)
            ));
            return Ok(ExitCode::FAILURE);
        }
        Ok(self.report_start(data_dir))
    }

    /// Waits until the service listens, and reports it.
    fn report_start(&self, data_dir: Option<&Path>) -> ExitCode {
        let since = Instant::now();
        // One that ends and is started again runs now and then.
        let mut not_running = None;
        let server = loop {
            let found = data_dir.and_then(RunningServer::find);
            if found.is_some() || since.elapsed() > START_WITHIN {
                break found;
            }
            if let State::Not(state) = self.manager.state(self.run) {
                // Not "activating" and its like.
                let has_ended = matches!(state.as_str(), "failed" | "inactive" | "not loaded");
                not_running = Some(state);
                if has_ended {
                    break None;
                }
            }
            sleep(POLL);
        };
        let logs = self.manager.logs(&self.home);
        let Some(server) = server else {
            let state = not_running.unwrap_or_else(|| "running".to_owned());
            output::error(&format!(
                "{NAME} was started, but does not listen (state: {state}). Its log says why: {logs}"
            ));
            return ExitCode::FAILURE;
        };
        output::line(&format!("{NAME} runs at http://{}, now and after each login", server.address));
        output::line(&format!("  its log: {logs}"));
        if let Some(note) = self.manager.note() {
            output::line(&format!("  {note}"));
        }
        ExitCode::SUCCESS
    }

    fn uninstall(&self, force: bool) -> anyhow::Result<ExitCode> {
        let file = self.file.display();
        let Some(found) = self.read()? else {
            output::line(&format!("no service is installed: {file} does not exist"));
            return Ok(ExitCode::SUCCESS);
        };
        if !found.contains(MARK) && !force {
            output::error(&format!(
                "{file} was not written by \"ollama-mcp service install\"; --force removes it anyway"
            ));
            return Ok(ExitCode::FAILURE);
        }
        match self.manager.stop(self.run) {
            Ok(()) => output::line(&format!("{NAME} does not run any more")),
            Err(Failure::NoManager(why) | Failure::Refused(why)) => {
                output::error(&format!("{NAME} was not ended: {why}"));
            }
        }
        if let Some(link) = self.manager.leftovers(&self.file) {
            // It leads to the file that goes.
            let _ = fs::remove_file(link);
        }
        fs::remove_file(&self.file).with_context(|| format!("{file} cannot be removed"))?;
        let _ = self.manager.reload(self.run);
        output::line(&format!("{file} was removed; settings and stored data are kept"));
        if let Some(own) = self.manager.additions(&self.file).filter(|folder| folder.exists()) {
            output::line(&format!("  {} has settings of your own and is kept", own.display()));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn status(&self, data_dir: Option<&Path>) -> ExitCode {
        let installed = self.file.exists();
        let state = self.manager.state(self.run);
        let is = match &state {
            _ if !installed => "not installed: ollama-mcp service install".to_owned(),
            State::Running => "runs".to_owned(),
            State::Not(state) => state.clone(),
            State::NoManager(why) => format!("not known: {why}"),
        };
        output::line(&format!("service  {is}"));
        output::line(&format!("file     {}", self.file.display()));
        match data_dir.and_then(RunningServer::find) {
            Some(server) if state == State::Running => {
                output::line(&format!("server   http://{}", server.address));
            }
            Some(server) => output::line(&format!("server   another one runs: http://{}", server.address)),
            None => output::line("server   none runs over this data directory"),
        }
        output::line(&format!("log      {}", self.manager.logs(&self.home)));
        if installed && state == State::Running { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// The text of the file; `None` if there is none.
    fn read(&self) -> anyhow::Result<Option<String>> {
        match platform::read_regular(&self.file, MAX_BYTES) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", self.file.display())),
        }
    }

    /// What a replacement of the file would change.
    fn difference(&self, found: &str, text: &str) -> String {
        let (found, text) = (redacted(found, is_setting), redacted(text, is_setting));
        let file = self.file.display().to_string();
        let diff =
            similar::TextDiff::from_lines(&found, &text).unified_diff().header(&file, &file).to_string();
        if diff.is_empty() { format!("{file}: only a value that is not shown would change\n") } else { diff }
    }
}

/// Whether the value of a variable may be shown.
fn is_setting(variable: &str) -> bool {
    MOVED.contains(&variable)
        || settings::registry::all().any(|setting| setting.env == variable && !setting.is_secret())
}

#[cfg(test)]
mod tests;
