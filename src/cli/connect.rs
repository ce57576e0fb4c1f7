//! `connect`: what a client needs to use a running server as its model.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::host_args::{Edit, apply, refused};
use super::known_names::{KnownNames, name_parser};
use super::remote::{RemoteArgs, ServerAddress};
use super::{Context, USAGE, block_on, output};
use hosts::{CLIENTS, Client, ClientKey, Connection, Environment, Form, Key, KeyUse};
use providers::openai::OpenAi;
use providers::{Provider as _, ProviderError, ServerConfig, Timeouts};
use settings::ServeSettings;
use text::{sanitize, similar};

const DEFAULT_URL: &str = "http://127.0.0.1:4891";
/// The name for the server's own default model.
const DEFAULT_MODEL: &str = "default";

/// Arguments of `connect`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The client; without one, all are listed
    #[arg(value_name = "CLIENT", value_parser = name_parser::<ClientName>(), hide_possible_values = true)]
    client: Option<String>,
    /// List the clients
    #[arg(long, conflicts_with = "client")]
    list: bool,
    /// The address of the server, if it is not the one of the settings
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    url: Option<String>,
    /// The environment variable that holds the key
    #[arg(long, value_name = "NAME", conflicts_with = "key_file", value_hint = clap::ValueHint::Other)]
    key_env: Option<String>,
    /// A file that holds the key
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    key_file: Option<PathBuf>,
    /// Write it into your own file of the client
    #[arg(long, conflicts_with = "remove")]
    write: bool,
    /// Take it out of that file again
    #[arg(long)]
    remove: bool,
    /// Also make the server the default of a client that has several
    #[arg(long, conflicts_with = "remove")]
    default: bool,
    /// Show what would change in the file, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Replace or remove settings even if they lead to another server
    #[arg(long)]
    force: bool,
}

/// The parser of CLIENT.
#[derive(Debug, Clone)]
struct ClientName;

impl KnownNames for ClientName {
    fn names() -> Vec<&'static str> {
        CLIENTS.iter().map(|client| client.id).collect()
    }

    fn meant_by(given: &str) -> Vec<&'static str> {
        Client::meant_by(given)
    }
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(client) = arguments.client.as_deref().and_then(Client::of) else {
        list();
        return Ok(ExitCode::SUCCESS);
    };
    let edits = arguments.write || arguments.remove || arguments.dry_run;
    if edits && !matches!(client.form, Form::File(_)) {
        output::error(&format!(
            "{} has no file that this program edits: leave out --write, --remove and --dry-run, and paste what is printed",
            client.title
        ));
        return Ok(ExitCode::from(USAGE));
    }
    if arguments.default && !client.has_default() {
        output::error(&format!("{} has no default to choose: leave out --default", client.title));
        return Ok(ExitCode::from(USAGE));
    }
    let target = match Target::of(context.loaded.settings.serve.as_ref(), arguments) {
        Ok(target) => target,
        Err(problem) => {
            output::error(&problem);
            return Ok(ExitCode::from(USAGE));
        }
    };
    let environment = Environment::of_process()?;
    if arguments.remove {
        return Ok(remove(client, &environment, &target, arguments));
    }
    let connection = block_on(connection(context, client, &target))??;
    if let Some(warning) = target.address.warning(connection.key.is_some()) {
        output::error(&warning);
    }
    if arguments.write || arguments.dry_run {
        return Ok(write(client, &environment, &connection, arguments));
    }
    print(client, &environment, &connection, arguments.default);
    Ok(ExitCode::SUCCESS)
}

fn list() {
    for client in CLIENTS {
        let how = if matches!(client.form, Form::File(_)) { ", --write" } else { "" };
        output::line(&format!("{} [{}]: {}{how}", client.title, client.id, client.dialect.describe()));
    }
    output::note(
        "\"ollama-mcp connect CLIENT\" prints what one needs; those with --write have a file that it can be written to.\n",
    );
}

/// The server, and its key.
struct Target {
    address: ServerAddress,
    key: Option<ClientKey>,
    remote: RemoteArgs,
}

impl Target {
    fn of(serve: Option<&ServeSettings>, arguments: &Arguments) -> Result<Self, String> {
        let usual = || {
            let address = serve.and_then(|serve| serve.listen.connectable());
            address.map(|address| format!("http://{address}"))
        };
        let url = match arguments.url.clone().or_else(usual) {
            Some(url) => url,
            // What leads to the usual address is removed without it.
            None if arguments.remove => DEFAULT_URL.to_owned(),
            None => {
                return Err("the server listens on a free port, which changes: name its address with --url"
                    .to_owned());
            }
        };
        let remote = RemoteArgs::new(Some(url), arguments.key_env.clone(), arguments.key_file.clone());
        let address = ServerAddress::parse(remote.url.as_deref().unwrap_or_default())?;
        let key = match (remote.key()?, &arguments.key_file) {
            (Some(Key::Variable(name)), _) => Some(ClientKey::Variable(name)),
            (Some(Key::Literal(_)), Some(path)) => Some(ClientKey::File(absolute(path)?)),
            _ => None,
        };
        Ok(Self { address, key, remote })
    }
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("--key-file {}: {error}", path.display()))
}

/// The server with the model that the client is to use, as the server lists it.
async fn connection(context: &Context, client: &Client, target: &Target) -> anyhow::Result<Connection> {
    let wanted = context.loaded.settings.chat.model.clone();
    let listed = listed(context, target).await?;
    let chats = |name: &&String| !name.contains("embed");
    let model = match (wanted, listed.iter().find(chats)) {
        (Some(wanted), _) => {
            if !listed.is_empty() && !listed.iter().any(|name| is_same_model(name, &wanted)) {
                let nearest = similar::nearest(&wanted, listed.iter().map(String::as_str));
                let meant = nearest.map(|name| format!("; did you mean {}?", sanitize::name(name)));
                output::error(&format!(
                    "the server has no model {wanted:?} yet{}",
                    meant.unwrap_or_default()
                ));
            }
            wanted
        }
        (None, Some(first)) => first.clone(),
        (None, None) => DEFAULT_MODEL.to_owned(),
    };
    let mut models: Vec<_> = listed.into_iter().filter(|name| chats(&name)).collect();
    if !models.iter().any(|name| is_same_model(name, &model)) {
        models.insert(0, model.clone());
    }
    if let (KeyUse::Kept { how }, Some(_)) = (client.key, &target.key) {
        output::error(how);
    }
    Ok(Connection { base: target.address.base().to_owned(), model, models, key: target.key.clone() })
}

/// The models that the server lists; none, with a note, where it does not answer.
async fn listed(context: &Context, target: &Target) -> anyhow::Result<Vec<String>> {
    let key = match target.remote.resolved_key() {
        Ok(key) => key,
        Err(problem) => {
            output::error(&format!("{problem}, so the server is not asked for its models"));
            return Ok(Vec::new());
        }
    };
    let has_key = key.is_some();
    let server = OpenAi::new(&ServerConfig {
        base_url: target.address.openai(),
        token: key,
        headers: Vec::new(),
        timeouts: Timeouts::from(&context.loaded.settings.provider),
    })?;
    let problem = match server.list_models().await {
        Ok(models) if models.is_empty() => "the server has no models yet".to_owned(),
        Ok(models) => return Ok(models.into_iter().map(|model| model.name).collect()),
        Err(ProviderError::Status { status: 401, .. }) if has_key => {
            "the server does not accept this key".to_owned()
        }
        Err(ProviderError::Status { status: 401, .. }) => {
            "the server needs a key: \"ollama-mcp keys add NAME\" makes one; give it with --key-env or --key-file".to_owned()
        }
        Err(ProviderError::Unreachable { .. }) => {
            format!("no server answers at {}; start it with \"ollama-mcp serve\"", target.address.base())
        }
        Err(error) => error.to_string(),
    };
    let model = if context.loaded.settings.chat.model.is_some() {
        ""
    } else {
        ". The model \"default\" stands for the one that it chooses"
    };
    output::error(&format!("{problem}{model}"));
    Ok(Vec::new())
}

/// A name without a tag means the tag `latest`.
fn is_same_model(listed: &str, name: &str) -> bool {
    listed == name || listed.strip_suffix(":latest") == Some(name)
}

/// Prints what to paste on stdout, and everything else on stderr.
fn print(client: &Client, environment: &Environment, connection: &Connection, chooses: bool) {
    output::print(&client.text(connection, chooses));
    match (&client.form, client.file(environment)) {
        (Form::Text { place, .. }, _) => output::note(&format!("for: {place}\n")),
        (Form::File(_), Some(file)) => {
            output::note(&format!("for: {}; --write puts it there\n", file.display()));
        }
        (Form::File(_), None) => {}
    }
    say_next(client, connection, chooses);
}

fn say_next(client: &Client, connection: &Connection, chooses: bool) {
    let next = client.next(connection, chooses);
    if !next.is_empty() {
        output::note(&format!("next: {next}\n"));
    }
    if let Some(ClientKey::Variable(name)) = connection.key.as_ref().filter(|_| client.key == KeyUse::Named) {
        let here = if std::env::var_os(name).is_none() { ", which is not set in this shell" } else { "" };
        output::error(&format!("{} reads the key from {name} in its own environment{here}", client.title));
    }
}

fn write(
    client: &'static Client,
    environment: &Environment,
    connection: &Connection,
    arguments: &Arguments,
) -> ExitCode {
    let Some(file) = client.file(environment) else { return refused(&hosts::HostsError::NoHome) };
    let edit = edit(client, &file, arguments, "the server is now in", true);
    let plan = || client.connect(environment, connection, arguments.default, arguments.force);
    match apply(&edit, plan) {
        Ok(true) => say_next(client, connection, arguments.default),
        Ok(false) => {}
        Err(error) => return refused(&error),
    }
    ExitCode::SUCCESS
}

fn remove(
    client: &'static Client,
    environment: &Environment,
    target: &Target,
    arguments: &Arguments,
) -> ExitCode {
    let Some(file) = client.file(environment) else { return refused(&hosts::HostsError::NoHome) };
    let edit = edit(client, &file, arguments, "the server is no longer in", false);
    let plan = || client.disconnect(environment, target.address.base(), arguments.force);
    match apply(&edit, plan) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => refused(&error),
    }
}

fn edit<'a>(
    client: &Client,
    file: &'a Path,
    arguments: &Arguments,
    done: &'a str,
    creates: bool,
) -> Edit<'a> {
    Edit { title: client.title, file, name: "the server", dry_run: arguments.dry_run, done, creates }
}
