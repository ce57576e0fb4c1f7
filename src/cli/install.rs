//! `install`: puts this server into a host's file.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use super::handed_on::{self, absolute};
use super::host_args::{HostArgs, apply, is_public, refused, resolve_targets};
use super::remote::{RemoteArgs, ServerAddress};
use super::{Context, USAGE, output, program};
use hosts::{self, Entry, Environment, Host, Key, RemoteEntry, Scope, ServerEntry, Target, WORKSPACE};
use settings::registry::{self, ALLOWED_DIRS, CONFIG_DIR, LOG, LOG_FILE};
use settings::{Origin, SettingInfo, SettingOrigin, Settings, SettingsError, Sources, with_home};

/// The flag that is written as an argument of the server, where users see it, and not as a variable.
const ALLOW_DIR: &str = "allow-dir";

/// Arguments of `install`. Settings given with it (`--ollama-host`, `OLLAMA_HOST`) go into the host's file.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    host_args: HostArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    /// A variable to write into the host's file, even a secret; may be repeated
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "url", value_hint = clap::ValueHint::Other)]
    env: Vec<String>,
    /// Print what to paste, and change nothing
    #[arg(long, conflicts_with = "dry_run")]
    print: bool,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let entry = match &arguments.remote.url {
        Some(url) => remote_entry(context, &arguments.remote, url).map(Entry::Remote),
        None => program_entry(context, arguments)?.map(Entry::Program),
    };
    let entry = match entry {
        Ok(entry) => entry,
        Err(problem) => {
            output::error(&problem);
            return Ok(ExitCode::from(USAGE));
        }
    };
    let host = Host::of(arguments.host_args.host());
    if let Some(host) = host.filter(|host| arguments.print || !host.has_file()) {
        return Ok(print(host, &entry, arguments));
    }
    if arguments.print {
        output::error("--print needs one host, not all of them");
        return Ok(ExitCode::from(USAGE));
    }
    let environment = Environment::of_process()?;
    let targets =
        match resolve_targets(arguments.host_args.host(), arguments.host_args.scope.into(), &environment) {
            Ok(targets) => targets,
            Err(error) => return Ok(refused(&error)),
        };
    if targets.is_empty() {
        output::error("no host was found here. Name one with --host, or see ollama-mcp list-hosts.");
        return Ok(ExitCode::FAILURE);
    }
    let mut code = ExitCode::SUCCESS;
    for target in targets {
        if let Err(failure) = install(&target, &entry, arguments, &environment) {
            code = if host.is_some() { failure } else { ExitCode::FAILURE };
        }
    }
    Ok(code)
}

/// Prints what to paste into a host's file.
fn print(host: &Host, entry: &Entry, arguments: &Arguments) -> ExitCode {
    if let Some(problem) = not_filled_in(host, entry) {
        output::error(&problem);
        return ExitCode::from(USAGE);
    }
    match hosts::redacted_snippet(host, &arguments.host_args.name, entry, is_public) {
        Ok(snippet) => output::print(&snippet),
        Err(error) => return refused(&error),
    }
    let hidden = entry.hidden(is_public);
    if !hidden.is_empty() {
        output::error(&format!(
            "*** stands for a value that may be secret and is not printed: fill in {}",
            hidden.join(", ")
        ));
    }
    if !host.has_file() {
        output::error(host.docs.next);
    }
    ExitCode::SUCCESS
}

/// Installs into one file and reports the result; a failure has been reported.
fn install(
    target: &Target,
    entry: &Entry,
    arguments: &Arguments,
    environment: &Environment,
) -> Result<(), ExitCode> {
    if let Some(problem) = not_filled_in(target.host, entry) {
        output::error(&problem);
        return Err(ExitCode::FAILURE);
    }
    let found = environment.has(target.host);
    let args = &arguments.host_args;
    let words = format!("{} is now in", args.name);
    let edit = args.edit(target, &words, true);
    let done = apply(&edit, || target.install(&args.name, entry, args.force).map(Some));
    if !done.map_err(|error| refused(&error))? {
        return Ok(());
    }
    if !found {
        output::error(&format!(
            "{} was not found on this machine; its file was created anyway",
            target.host.title
        ));
    }
    if target.scope == Scope::Project {
        let contains = match entry {
            Entry::Program(_) => "the path of this program and the values in env",
            Entry::Remote(_) => "the address of the server",
        };
        output::error(&format!(
            "{} may be committed and shared: it contains {contains}",
            target.file.display()
        ));
    }
    let key = if let Entry::Remote(remote) = entry { remote.key.as_ref() } else { None };
    if matches!(key, Some(Key::Literal(_))) && platform::is_open_to_others(&target.file) {
        output::error(&format!(
            "{} now holds a key and can be read by other users: chmod 600 it",
            target.file.display()
        ));
    }
    if let Some(Key::Variable(name)) = key {
        let here = if std::env::var_os(name).is_none() { ", which is not set in this shell" } else { "" };
        output::error(&format!(
            "{} reads the key from {name} in its own environment{here}",
            target.host.title
        ));
    }
    output::line(&format!("  next: {}", target.host.docs.next));
    Ok(())
}

/// A running server, or what is wrong with the arguments.
fn remote_entry(context: &Context, remote: &RemoteArgs, url: &str) -> Result<RemoteEntry, String> {
    // They are of this process too.
    let harmless = [LOG.env, LOG_FILE.env, CONFIG_DIR.env];
    let of_server = context.flags.iter().find(|(setting, _)| !harmless.contains(&setting.env));
    if let Some(flag) = of_server.and_then(|(setting, _)| setting.flag()) {
        return Err(format!(
            "--{flag} is a setting of the server, which already runs. Set it where the server runs, or leave out --url."
        ));
    }
    let address = ServerAddress::parse(url)?;
    let key = remote.key()?;
    if let Some(warning) = address.warning(key.is_some()) {
        output::error(&warning);
    }
    Ok(RemoteEntry { url: address.mcp(), key })
}

/// This program with its settings, or what is wrong with the arguments.
fn program_entry(context: &Context, arguments: &Arguments) -> anyhow::Result<Result<ServerEntry, String>> {
    let given = match given_variables(&arguments.env) {
        Ok(given) => given,
        Err(problem) => return Ok(Err(problem)),
    };
    if let Some(problem) = missing_folder(&context.flags) {
        return Ok(Err(problem));
    }
    if let Err(error) = checked(context, &given) {
        return Ok(Err(format!("--env: {error}")));
    }
    let entry = entry(context, given)?;
    for secret in left_out(&context.loaded.origins, &entry) {
        output::error(&format!(
            "{secret} holds a secret and is not written. Put it into config.toml, or add --env {secret}=..."
        ));
    }
    Ok(Ok(entry))
}

/// What the host will start: this program, with the settings given to this command.
fn entry(context: &Context, given: Vec<(String, String)>) -> anyhow::Result<ServerEntry> {
    let command = program::path()?;
    let command = command.into_os_string().into_string().ok();
    let command = command.context("the path of this program is not UTF-8, so hosts' files cannot name it")?;
    let args = server_arguments(&context.flags)?;
    let mut env = handed_on::variables(of_entry(&context.loaded.origins))?;
    for (name, value) in given {
        env.retain(|(known, _)| *known != name);
        env.push((name, value));
    }
    Ok(ServerEntry { command, args, env })
}

/// Refuses a variable that this host does not fill in, since the server would not start.
fn not_filled_in(host: &Host, entry: &Entry) -> Option<String> {
    let Entry::Program(entry) = entry else { return None };
    let asked = entry.args.iter().any(|argument| argument.contains(WORKSPACE));
    (asked && !host.fills_in_workspace).then(|| {
        format!(
            "{} does not fill in {WORKSPACE}: name the folder itself, such as --{ALLOW_DIR} .",
            host.title
        )
    })
}

/// Whether the server would start with the variables of `--env`. Values that the host fills in are not known yet.
fn checked(context: &Context, given: &[(String, String)]) -> Result<(), SettingsError> {
    let mut flags = context.flags.clone();
    flags.retain(|(setting, _)| !is_for_the_host(setting));
    let mut sources = Sources::of_process(flags);
    let known = given.iter().filter(|(_, value)| !value.contains('$'));
    sources.environment.extend(known.map(|(name, value)| (name.clone(), value.into())));
    Settings::load(&sources).map(drop)
}

/// Whether a flag is written as it is given, since the host may fill in its value. So it is not checked here.
pub(super) fn is_for_the_host(setting: &SettingInfo) -> bool {
    *setting == *ALLOWED_DIRS
}

/// The arguments that the host starts the server with.
fn server_arguments(flags: &[(&'static SettingInfo, String)]) -> anyhow::Result<Vec<String>> {
    let mut arguments = Vec::new();
    let folders = flags.iter().filter(|(setting, folder)| is_for_the_host(setting) && !folder.is_empty());
    for (_, folder) in folders {
        arguments.extend([format!("--{ALLOW_DIR}"), absolute(folder)?]);
    }
    Ok(arguments)
}

/// Refuses a directory that does not exist. One that the host fills in is not known here.
fn missing_folder(flags: &[(&'static SettingInfo, String)]) -> Option<String> {
    let folders = flags.iter().filter(|(setting, _)| is_for_the_host(setting)).map(|(_, folder)| folder);
    let missing = folders.filter(|folder| !folder.is_empty() && !folder.contains("${")).find_map(|folder| {
        let whole = PathBuf::from(absolute(&with_home(folder).display().to_string()).ok()?);
        (!whole.exists()).then_some((folder, whole))
    });
    let (folder, whole) = missing?;
    Some(format!(
        "--{ALLOW_DIR} {folder}: {} does not exist. Create it first, or name another directory.",
        whole.display()
    ))
}

/// The settings that go into the entry as variables. Those of [`is_for_the_host`] are arguments.
fn of_entry(origins: &[SettingOrigin]) -> impl Iterator<Item = &SettingOrigin> {
    origins.iter().filter(|origin| origin.from != Origin::Flag || !is_for_the_host(origin.setting))
}

/// Secrets that are set here and not given with `--env`.
fn left_out<'a>(origins: &'a [SettingOrigin], entry: &ServerEntry) -> Vec<&'a str> {
    let names = handed_on::secrets(of_entry(origins)).map(|origin| origin.setting.env);
    names.filter(|name| !entry.env.iter().any(|(given, _)| given == name)).collect()
}

/// Parses `NAME=VALUE` pairs; the last one of a name wins.
fn given_variables(pairs: &[String]) -> Result<Vec<(String, String)>, String> {
    let mut given: Vec<(String, String)> = Vec::new();
    for pair in pairs {
        // Report only the name: the value may be a secret.
        let (name, value) = pair.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
            "--env takes NAME=VALUE, such as --env OLLAMA_HOST=http://192.168.1.20:11434".to_owned()
        })?;
        if name.starts_with("OLLAMA_MCP_") && !registry::all().any(|setting| setting.env == name) {
            return Err(format!(
                "--env {name}: there is no such setting, and the server would not start with it. See --help."
            ));
        }
        given.retain(|(known, _)| known != name);
        given.push((name.to_owned(), value.to_owned()));
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_become_arguments_whole_or_as_the_host_fills_them_in() {
        let here = |name: &str| std::env::current_dir().unwrap().join(name).display().to_string();
        let whole = here("a");
        let given = [WORKSPACE, "~/x", &whole, "b", "", "./x/../b"];
        let flags = given.map(|folder| (ALLOWED_DIRS.info(), folder.to_owned()));
        let folders = [WORKSPACE, "~/x", &whole, &here("b"), &here("b")];
        let expected: Vec<_> = folders.iter().flat_map(|folder| ["--allow-dir", folder]).collect();
        assert_eq!(server_arguments(&flags).unwrap(), expected);
    }
}
