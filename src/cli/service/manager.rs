//! What runs services at login: systemd on Linux, launchd on macOS.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::definition::{Definition, NAME};

/// launchd ends a service after `bootout` has returned, and refuses to start it anew before.
const ENDING: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(200);

/// The manager of this system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    Systemd,
    Launchd {
        /// The user's number, which names the domain of the agent.
        user: u32,
    },
}

/// Runs a program with arguments; tests replace it.
pub(super) type Run<'a> = &'a dyn Fn(&str, &[&str]) -> io::Result<Output>;

/// Why a service was not started or ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The manager does not run here, or not for this user.
    NoManager(String),
    /// It refused.
    Refused(String),
}

/// What the manager says of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Running,
    /// In the manager's own word, such as `failed`.
    Not(String),
    NoManager(String),
}

/// Runs a program of the system, without input.
pub(super) fn run_program(program: &str, arguments: &[&str]) -> io::Result<Output> {
    Command::new(program).args(arguments).stdin(Stdio::null()).output()
}

impl Manager {
    /// The manager of the system that this program was built for; `None` where none is supported.
    pub(super) fn of_system() -> Option<Self> {
        match std::env::consts::OS {
            "linux" => Some(Self::Systemd),
            "macos" => platform::user_id().map(|user| Self::Launchd { user }),
            _ => None,
        }
    }

    /// The file that describes the service; `config_home` is that of XDG, which only systemd has.
    pub(super) fn file(self, home: &Path, config_home: Option<&Path>) -> PathBuf {
        match self {
            Self::Systemd => {
                let config = config_home.map_or_else(|| home.join(".config"), Path::to_path_buf);
                config.join("systemd/user").join(self.unit())
            }
            Self::Launchd { .. } => home.join("Library/LaunchAgents").join(self.unit()),
        }
    }

    /// The name of that file, by which users know the service.
    pub(super) fn unit(self) -> String {
        match self {
            Self::Systemd => format!("{NAME}.service"),
            Self::Launchd { .. } => format!("{NAME}.plist"),
        }
    }

    /// The text of that file.
    pub(super) fn render(self, definition: &Definition, home: &Path) -> String {
        match self {
            Self::Systemd => definition.systemd_unit(),
            Self::Launchd { .. } => definition.launchd_agent(&log(home)),
        }
    }

    /// The command that shows the log.
    pub(super) fn logs(self, home: &Path) -> String {
        match self {
            Self::Systemd => format!("journalctl --user -u {NAME}"),
            Self::Launchd { .. } => format!("tail -f {}", shell_word(&log(home))),
        }
    }

    /// What a user types to start the service of a file that is there.
    pub(super) fn start_commands(self, file: &Path) -> String {
        match self {
            Self::Systemd => {
                format!("systemctl --user daemon-reload && systemctl --user enable --now {NAME}")
            }
            Self::Launchd { .. } => {
                format!("launchctl bootstrap {} {}", self.domain(), shell_word(&file.display().to_string()))
            }
        }
    }

    /// How long the service runs, where that is not from login to the end of the machine.
    pub(super) fn note(self) -> Option<&'static str> {
        match self {
            Self::Systemd => Some(
                "It ends when you sign out. To run it from the start of the machine on: loginctl enable-linger",
            ),
            Self::Launchd { .. } => None,
        }
    }

    /// Makes the manager read the file, where it has to be told.
    pub(super) fn reload(self, run: Run<'_>) -> Result<(), Failure> {
        match self {
            Self::Systemd => match run("systemctl", &["--user", "daemon-reload"]) {
                Ok(output) if output.status.success() => Ok(()),
                Ok(output) => Err(Failure::NoManager(words(&output))),
                Err(error) => Err(Failure::NoManager(format!("systemctl: {error}"))),
            },
            Self::Launchd { .. } => match run("launchctl", &["print", &self.domain()]) {
                Ok(output) if output.status.success() => Ok(()),
                Ok(output) => Err(Failure::NoManager(words(&output))),
                Err(error) => Err(Failure::NoManager(format!("launchctl: {error}"))),
            },
        }
    }

    /// Starts the service now and after each login; one that runs is started anew if its file `is_changed`.
    pub(super) fn start(self, file: &Path, is_changed: bool, run: Run<'_>) -> Result<(), Failure> {
        let runs = self.state(run) == State::Running;
        match self {
            Self::Systemd if runs => {
                done(run("systemctl", &["--user", "enable", &self.unit()]))?;
                if is_changed { done(run("systemctl", &["--user", "restart", &self.unit()])) } else { Ok(()) }
            }
            Self::Systemd => done(run("systemctl", &["--user", "enable", "--now", &self.unit()])),
            Self::Launchd { .. } if runs && !is_changed => Ok(()),
            Self::Launchd { .. } => {
                // One that was loaded before, with another file. Nothing is wrong if there was none.
                let _ = run("launchctl", &["bootout", &self.service()]);
                // A user may have disabled it, which outlives the file.
                let _ = run("launchctl", &["enable", &self.service()]);
                let (domain, file) = (self.domain(), file.display().to_string());
                let since = Instant::now();
                loop {
                    match done(run("launchctl", &["bootstrap", &domain, &file])) {
                        Err(_) if runs && since.elapsed() < ENDING => std::thread::sleep(POLL),
                        result => return result,
                    }
                }
            }
        }
    }

    /// Ends the service, now and at logins.
    pub(super) fn stop(self, run: Run<'_>) -> Result<(), Failure> {
        match self {
            Self::Systemd => done(run("systemctl", &["--user", "disable", "--now", &self.unit()])),
            Self::Launchd { .. } => match self.state(run) {
                State::Running => done(run("launchctl", &["bootout", &self.service()])),
                State::NoManager(why) => Err(Failure::NoManager(why)),
                State::Not(_) => {
                    let _ = run("launchctl", &["bootout", &self.service()]);
                    Ok(())
                }
            },
        }
    }

    /// Whether the service runs.
    pub(super) fn state(self, run: Run<'_>) -> State {
        let (program, arguments) = match self {
            Self::Systemd => ("systemctl", vec!["--user".to_owned(), "is-active".to_owned(), self.unit()]),
            Self::Launchd { .. } => ("launchctl", vec!["print".to_owned(), self.service()]),
        };
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let output = match run(program, &arguments) {
            Ok(output) => output,
            Err(error) => return State::NoManager(format!("{program}: {error}")),
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let word = match self {
            Self::Systemd => text.trim().to_owned(),
            Self::Launchd { .. } if output.status.success() => {
                let state = text.lines().find_map(|line| line.trim().strip_prefix("state = "));
                state.unwrap_or_default().to_owned()
            }
            Self::Launchd { .. } => "not loaded".to_owned(),
        };
        match word.as_str() {
            "active" | "running" => State::Running,
            "" => State::NoManager(words(&output)),
            _ => State::Not(word),
        }
    }

    /// What `enable` leaves beside the file, which goes with it even where the manager does not run.
    pub(super) fn leftovers(self, file: &Path) -> Option<PathBuf> {
        match self {
            Self::Systemd => Some(file.parent()?.join("default.target.wants").join(self.unit())),
            Self::Launchd { .. } => None,
        }
    }

    /// The user's own additions to the file.
    pub(super) fn additions(self, file: &Path) -> Option<PathBuf> {
        match self {
            Self::Systemd => Some(file.with_extension("service.d")),
            Self::Launchd { .. } => None,
        }
    }

    /// launchd's name of the user's session.
    fn domain(self) -> String {
        match self {
            Self::Systemd => String::new(),
            Self::Launchd { user } => format!("gui/{user}"),
        }
    }

    /// launchd's name of the service.
    fn service(self) -> String {
        format!("{}/{NAME}", self.domain())
    }
}

/// The log of the launchd agent.
fn log(home: &Path) -> String {
    home.join("Library/Logs").join(format!("{NAME}.log")).display().to_string()
}

fn done(output: io::Result<Output>) -> Result<(), Failure> {
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(Failure::Refused(words(&output))),
        Err(error) => Err(Failure::Refused(error.to_string())),
    }
}

/// What a program has reported, on one line.
fn words(output: &Output) -> String {
    let text = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let text = String::from_utf8_lossy(text);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() { output.status.to_string() } else { lines.join("; ") }
}

/// A path as a shell reads it.
fn shell_word(path: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-+".contains(character);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
