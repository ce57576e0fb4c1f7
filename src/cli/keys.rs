//! `keys`: what programs show to the HTTP server.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use accounts::{AccountService, ApiKey, NewKey};
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};
use text::sanitize;
use types::{Limits, Scope};

use super::users::{CommandError, finish};
use super::{Context, accounts_of, block_on, output};

const EXAMPLES: &str = "\
Examples:
  ollama-mcp keys add editor                          prints the key, once and alone on stdout
  ollama-mcp keys add bot --models qwen3:8b --rpm 5 --tokens-per-day 100000 --expires 30d
  ollama-mcp keys add ann --user ann@example.org      shares the conversations of that user
  ollama-mcp keys add metrics --scopes metrics
  ollama-mcp keys list
  ollama-mcp keys revoke editor                       ends what it has open

Clients send it as \"Authorization: Bearer KEY\" or \"x-api-key: KEY\". A running server learns of each change within 2 s.";

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Arguments of `keys`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a key and print it; nothing can show it again
    Add(AddArgs),
    /// List the keys
    List {
        /// Print one JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key by its name, its id or its first characters
    Revoke { key: String },
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// What it is for
    name: String,
    /// The user whose key it is; by default it has conversations of its own
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// What it may do, with commas [default: chat,embed,models:read,conversations,files,mcp]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = scope_names())]
    scopes: Vec<String>,
    /// The only models that it may use, with commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    models: Vec<String>,
    /// Requests a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rpm: Option<u32>,
    /// Tokens of prompts and replies from midnight to midnight UTC
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    tokens_per_day: Option<u64>,
    /// Completions at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    concurrency: Option<u32>,
    /// The place in the queue: a higher number goes first
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    priority: i32,
    /// How long it is valid, such as 12h, 30d or 52w; by default until it is revoked
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    expires: Option<Duration>,
}

fn scope_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Scope::ALL.iter().map(|scope| scope.as_str()))
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a duration such as 12h, 30d or 52w, at most 10 years".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        "w" => 7 * 24 * 3600,
        _ => return Err(wrong()),
    };
    let seconds = number.checked_mul(seconds).filter(|seconds| (1..=10 * 366 * 24 * 3600).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let accounts = accounts_of(context)?;
    let done = block_on(perform(&accounts, &arguments.command))?;
    Ok(finish(done))
}

async fn perform(accounts: &AccountService, command: &Command) -> Result<(), CommandError> {
    match command {
        Command::Add(arguments) => {
            let (key, text) = accounts.add_key(new_key(arguments)).await?;
            output::line(&text);
            output::note(&format!(
                "Made the key {} ({}). It is shown only now; \"ollama-mcp keys revoke {}\" revokes it.\n",
                sanitize::line(&key.name),
                scopes(&key),
                key.id
            ));
        }
        Command::List { json } => {
            let mut keys = accounts.keys().await?;
            let users = accounts.users().await?;
            let email = |key: &ApiKey| {
                let user = users.iter().find(|user| Some(&user.id) == key.user_id.as_ref());
                user.map(|user| user.email.clone())
            };
            // The oldest first, as they were made.
            keys.reverse();
            if *json {
                let keys: Vec<_> = keys.iter().map(|key| report(key, email(key))).collect();
                return output::json(&keys).map_err(|error| CommandError::Failed(error.to_string()));
            }
            if keys.is_empty() {
                output::note("There are no keys. \"ollama-mcp keys add NAME\" makes one.\n");
            }
            keys.iter().for_each(|key| output::line(&line(key, email(key))));
        }
        Command::Revoke { key } => {
            let key = accounts.revoke_key(key, None).await?;
            output::note(&format!("Revoked the key {} ({}).\n", sanitize::line(&key.name), key.id));
        }
    }
    Ok(())
}

fn new_key(arguments: &AddArgs) -> NewKey {
    let AddArgs { name, user, scopes, models, rpm, tokens_per_day, concurrency, priority, expires } =
        arguments;
    let scopes: Vec<_> = scopes.iter().filter_map(|name| Scope::parse(name)).collect();
    NewKey {
        name: name.clone(),
        user: user.clone(),
        scopes: (!scopes.is_empty()).then_some(scopes),
        limits: Limits {
            models: (!models.is_empty()).then(|| models.clone()),
            requests_per_minute: *rpm,
            tokens_per_day: *tokens_per_day,
            concurrency: *concurrency,
            priority: *priority,
        },
        lifetime: *expires,
    }
}

fn scopes(key: &ApiKey) -> String {
    key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
}

/// One line of the list.
fn line(key: &ApiKey, email: Option<String>) -> String {
    let mut line = format!("{}  {}...  {}  {}", key.id, key.prefix, sanitize::line(&key.name), scopes(key));
    let mut add = |text: String| line.push_str(&format!("  {text}"));
    if let Some(email) = email {
        add(format!("of {}", sanitize::line(&email)));
    }
    let Limits { models, requests_per_minute, tokens_per_day, concurrency, priority } = &key.limits;
    if let Some(models) = models {
        add(format!("models {}", sanitize::line(&models.join(","))));
    }
    if let Some(limit) = requests_per_minute {
        add(format!("{limit} requests a minute"));
    }
    if let Some(limit) = tokens_per_day {
        add(format!("{limit} tokens a day"));
    }
    if let Some(limit) = concurrency {
        add(format!("{limit} at a time"));
    }
    if *priority != 0 {
        add(format!("priority {priority}"));
    }
    match key.expires_ms.map(|expires| expires - now_ms()) {
        _ if key.is_disabled => add("revoked".to_owned()),
        Some(..=0) => add("expired".to_owned()),
        Some(left) if left < DAY_MS => add("expires within a day".to_owned()),
        Some(left) => add(format!("expires in {} days", left / DAY_MS)),
        None => {}
    }
    line
}

fn report(key: &ApiKey, email: Option<String>) -> Value {
    let Limits { models, requests_per_minute, tokens_per_day, concurrency, priority } = &key.limits;
    json!({
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "owner": key.owner.as_str(),
        "user": email,
        "scopes": key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        "models": models,
        "requests_per_minute": requests_per_minute,
        "tokens_per_day": tokens_per_day,
        "concurrency": concurrency,
        "priority": priority,
        "created_ms": key.created_ms,
        "expires_ms": key.expires_ms,
        "revoked": key.is_disabled,
    })
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_have_a_unit() {
        assert_eq!(lifetime("30d"), Ok(Duration::from_secs(30 * 24 * 3600)));
        assert_eq!(lifetime("12h"), Ok(Duration::from_secs(12 * 3600)));
        for wrong in ["", "30", "d", "0d", "1y", "-1d", "99999w", "30 d", "1é"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
