//! `users`: who signs in to the HTTP server with a password.

use std::io::{self, IsTerminal as _, Read as _};
use std::process::ExitCode;

use accounts::{AccountError, AccountService, User};
use serde_json::{Value, json};
use store::{PassageIndex as _, SqliteIndex, StoreError};
use text::sanitize;
use types::Owner;

use super::confirm::confirms;
use super::{Context, USAGE, accounts_of, block_on, output};

const EXAMPLES: &str = "\
Examples:
  ollama-mcp users add ann@example.org --admin        asks for the password twice
  ollama-mcp users add bob@example.org --password-stdin < password.txt
  ollama-mcp users list
  ollama-mcp users disable bob@example.org            ends the sessions; the keys are not valid until \"enable\"

A running server learns of each change within 2 s.";

/// The longest line that is read as a password.
const MAX_PASSWORD: u64 = 4096;

/// Arguments of `users`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Add a user; the password is asked for
    Add {
        email: String,
        /// Let the user manage users, keys and models
        #[arg(long)]
        admin: bool,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// List the users
    List {
        /// Print one JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Set a new password; the user's sessions end
    Passwd {
        email: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// End a user's sessions, and make the keys invalid until \"enable\"
    Disable { email: String },
    /// Let a disabled user sign in again
    Enable { email: String },
    /// Remove a user with keys, conversations and files
    Remove {
        email: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, clap::Args)]
struct PasswordArgs {
    /// Read the password from stdin, up to the first line break
    #[arg(long)]
    password_stdin: bool,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let accounts = accounts_of(context)?;
    let index = SqliteIndex::new(context.loaded.settings.store.data_dir.clone());
    let done = block_on(perform(&accounts, &index, &arguments.command))?;
    Ok(finish(done))
}

/// The exit code of a command; an error goes to stderr.
pub(super) fn finish(done: Result<(), CommandError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(CommandError::Usage(text)) => {
            output::error(&text);
            ExitCode::from(USAGE)
        }
        Err(CommandError::Failed(text)) => {
            output::error(&text);
            ExitCode::FAILURE
        }
    }
}

/// Why a command did nothing.
pub(super) enum CommandError {
    Usage(String),
    Failed(String),
}

impl From<AccountError> for CommandError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::InvalidEmail(_)
            | AccountError::InvalidPassword(_)
            | AccountError::InvalidName(_) => Self::Usage(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

async fn perform(
    accounts: &AccountService,
    index: &SqliteIndex,
    command: &Command,
) -> Result<(), CommandError> {
    match command {
        Command::Add { email, admin, password } => {
            if let Ok(user) = accounts.user(email).await {
                return Err(AccountError::EmailTaken(user.email).into());
            }
            let user = accounts.add_user(email, &read_password(password)?, *admin).await?;
            let role = if user.is_admin { "administrator" } else { "user" };
            output::note(&format!("Added the {role} {}.\n", user.email));
        }
        Command::List { json } => list(&accounts.users().await?, *json)?,
        Command::Passwd { email, password } => {
            // Before the password is asked for.
            accounts.user(email).await?;
            let user = accounts.set_password(email, &read_password(password)?).await?;
            output::note(&format!("{} has a new password; earlier sessions have ended.\n", user.email));
        }
        Command::Disable { email } => {
            let user = accounts.set_disabled(email, true).await?;
            output::note(&format!("{} is disabled; sessions have ended.\n", user.email));
        }
        Command::Enable { email } => {
            let user = accounts.set_disabled(email, false).await?;
            output::note(&format!("{} can sign in again.\n", user.email));
        }
        Command::Remove { email, yes } => {
            let user = accounts.user(email).await?;
            let what = "with keys, conversations and files";
            let confirmed = || confirms(&format!("Remove {} {what}?", user.email));
            let unasked = |problem| CommandError::Usage(format!("removing {} {what}: {problem}", user.email));
            if !yes && !confirmed().map_err(unasked)? {
                return Err(CommandError::Failed("nothing was removed".to_owned()));
            }
            let user = accounts.remove_user(email).await?;
            output::note(&format!("Removed {} with keys, conversations and files.\n", user.email));
            forget(index, &user).await?;
        }
    }
    Ok(())
}

/// Removes from the index what the user's files held. PostgreSQL does so itself.
async fn forget(index: &SqliteIndex, user: &User) -> Result<(), CommandError> {
    let Some(owner) = Owner::new(&user.id).filter(|_| index.exists()) else { return Ok(()) };
    let forgotten = async {
        if index.clear(Some(&owner)).await? > 0 {
            index.compact().await?;
        }
        Ok(())
    };
    forgotten.await.map_err(|error: StoreError| {
        let next = "\"ollama-mcp index drop --all\" deletes it";
        CommandError::Failed(format!("the index still holds texts of the user's files: {error}; {next}"))
    })
}

/// A password that is not shown: asked for twice in a terminal, or the first line of stdin.
fn read_password(arguments: &PasswordArgs) -> Result<String, CommandError> {
    if arguments.password_stdin {
        let mut text = String::new();
        let read = io::stdin().lock().take(MAX_PASSWORD).read_to_string(&mut text);
        read.map_err(|error| CommandError::Failed(format!("stdin holds no password: {error}")))?;
        return match text.lines().next() {
            Some(line) if !line.is_empty() => Ok(line.to_owned()),
            _ => Err(CommandError::Usage("stdin holds no password".to_owned())),
        };
    }
    if !io::stdin().is_terminal() {
        let text = "the password is asked for in a terminal; to read it from stdin, give --password-stdin";
        return Err(CommandError::Usage(text.to_owned()));
    }
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt)
            .map_err(|error| CommandError::Failed(format!("the password cannot be read: {error}")))
    };
    let password = ask("Password: ")?;
    match ask("The same again: ")? == password {
        true => Ok(password),
        false => Err(CommandError::Usage("the two passwords differ".to_owned())),
    }
}

fn list(users: &[User], as_json: bool) -> Result<(), CommandError> {
    if as_json {
        let users: Vec<_> = users.iter().map(report).collect();
        return output::json(&users).map_err(|error| CommandError::Failed(error.to_string()));
    }
    if users.is_empty() {
        output::note("There are no users. \"ollama-mcp users add EMAIL --admin\" adds the first one.\n");
    }
    for user in users {
        let role = if user.is_admin { "  administrator" } else { "" };
        let disabled = if user.is_disabled { "  disabled" } else { "" };
        output::line(&format!("{}  {}{role}{disabled}", sanitize::line(&user.email), user.id));
    }
    Ok(())
}

fn report(user: &User) -> Value {
    let User { id, email, is_admin, is_disabled, created_ms } = user;
    json!({ "id": id, "email": email, "admin": is_admin, "disabled": is_disabled, "created_ms": created_ms })
}
