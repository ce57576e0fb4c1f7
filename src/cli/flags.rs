//! The settings as flags, made from their registry: all of them on the program itself, but for those of `serve`, which
//! only `serve` and `doctor` have. Each subcommand accepts all of the program's and shows those that matter there.

use std::path::{Component, Path, PathBuf};

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::Error;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

use super::Flags;
use settings::registry::{
    ALLOWED_DIRS, BASE_URL, LOG, MODEL, OLLAMA_HOST, PROVIDER, READ_ONLY, SERVE_LISTEN, SERVE_SETTINGS,
    SETTINGS, TOOLSETS, all,
};
use settings::{SettingInfo, ValueKind};

/// The directories after `--`.
const DIRECTORIES: &str = "directories";

/// The last line of the help of a subcommand.
pub(super) const MORE: &str = "All settings of \"ollama-mcp --help\" can be given here too.";

/// The one subcommand of a subcommand that has flags of its own: they are written into the service.
const SERVICE_INSTALL: &str = "service install";

/// The heading of the flags that only `serve` has.
const SERVE_HEADING: &str = "Settings of serve";

/// The settings that the help of a subcommand shows, by their variables. The others are accepted too.
fn shown_for(subcommand: &str) -> Vec<&'static str> {
    let shown = match subcommand {
        "try" | "doctor" | "serve" | SERVICE_INSTALL => {
            [OLLAMA_HOST.env, MODEL.env, PROVIDER.env, BASE_URL.env, LOG.env]
        }
        "install" => [OLLAMA_HOST.env, MODEL.env, ALLOWED_DIRS.env, TOOLSETS.env, READ_ONLY.env],
        "connect" => return vec![MODEL.env],
        _ => return Vec::new(),
    };
    shown.to_vec()
}

/// The settings of `serve` that a subcommand accepts. `doctor` and `healthcheck` need them to find the server.
fn of_serve(subcommand: &str) -> &'static [&'static SettingInfo] {
    if matches!(subcommand, "serve" | "doctor" | "healthcheck" | SERVICE_INSTALL) {
        SERVE_SETTINGS
    } else {
        &[]
    }
}

/// The command line with the settings, on the program and on each of its subcommands.
pub(super) fn add_to(command: Command) -> Command {
    command.args(flags(SETTINGS).map(|(_, flag)| flag)).arg(directories()).mut_subcommands(|subcommand| {
        let name = subcommand.get_name().to_owned();
        match name.as_str() {
            "service" => with_flags(subcommand, &name)
                .mut_subcommand("install", |install| with_flags(install, SERVICE_INSTALL)),
            _ => with_flags(subcommand, &name),
        }
    })
}

fn flags(
    settings: &'static [&'static SettingInfo],
) -> impl Iterator<Item = (&'static &'static SettingInfo, Arg)> {
    settings.iter().filter_map(|setting| Some((setting, argument(setting, setting.flag()?))))
}

/// A subcommand with the settings that it accepts.
fn with_flags(subcommand: Command, name: &str) -> Command {
    let shown = shown_for(name);
    let shows_serve = matches!(name, "serve" | SERVICE_INSTALL);
    let both = flags(SETTINGS).map(|(setting, flag)| flag.hide(!shown.contains(&setting.env)));
    let of_serve = flags(of_serve(name)).map(|(setting, flag)| {
        if shows_serve {
            flag.help_heading(SERVE_HEADING)
        } else {
            flag.hide(*setting.env != *SERVE_LISTEN.env)
        }
    });
    let subcommand = subcommand.args(both.chain(of_serve));
    if shown.is_empty() || shows_serve { subcommand } else { subcommand.after_help(MORE) }
}

/// A setting as a flag. Its value is checked when the settings are loaded, not by clap.
fn argument(setting: &'static SettingInfo, flag: &'static str) -> Arg {
    let default = setting.default().map(|default| format!(" [default: {default}]")).unwrap_or_default();
    let arg = Arg::new(setting.env)
        .long(flag)
        .value_name(setting.value_name)
        .help(format!("{} [env: {}]{default}", setting.help.replace('`', ""), setting.env))
        .help_heading("Settings")
        .num_args(1);
    let values = values(setting);
    let arg = if values.is_empty() {
        arg.value_hint(match setting.value_name {
            "DIR" => ValueHint::DirPath,
            "PATH" => ValueHint::FilePath,
            _ => ValueHint::Other,
        })
    } else {
        arg.value_parser(Suggested(values)).hide_possible_values(true)
    };
    match setting.kind {
        kind if kind.separator().is_some() => arg.action(ArgAction::Append),
        ValueKind::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => arg,
    }
}

fn values(setting: &SettingInfo) -> Vec<&'static str> {
    if setting.kind == ValueKind::Switch { vec!["true", "false"] } else { (setting.values)() }
}

/// Values for a shell to complete. Any text is accepted here: the settings report wrong values themselves.
#[derive(Clone)]
struct Suggested(Vec<&'static str>);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Self::Value, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(PossibleValue::new)))
    }
}

/// Directories that models may read, as arguments: the only way in which hosts of bundles pass on a list.
fn directories() -> Arg {
    Arg::new(DIRECTORIES)
        .value_name("DIR")
        .value_hint(ValueHint::DirPath)
        .help("Directories that models may read, in addition to those of --allow-dir")
        .num_args(0..)
        .last(true)
}

/// The settings given as flags, before or after the subcommand. If a setting takes one value, the one after it wins.
pub(super) fn given(matches: &ArgMatches) -> Flags {
    // From the program to the innermost subcommand.
    let levels = std::iter::successors(Some(matches), |level| level.subcommand().map(|(_, inner)| inner));
    let levels: Vec<_> = levels.collect();
    let mut flags = Flags::new();
    for setting in all().filter(|setting| setting.flag().is_some()) {
        let mut values: Vec<String> = Vec::new();
        for level in &levels {
            // A command that does not have the flag is an error here, and gives nothing.
            let found = level.try_get_many::<String>(setting.env).ok().flatten().into_iter().flatten();
            let mut found: Vec<_> = found.cloned().collect();
            if setting.kind.separator().is_some() {
                values.append(&mut found);
            } else if !found.is_empty() {
                values = found;
            }
        }
        flags.extend(values.into_iter().map(|value| (setting, value)));
    }
    // Each is one more flag of the setting.
    let directories = matches.get_many::<String>(DIRECTORIES).into_iter().flatten();
    flags.extend(directories.map(|directory| (ALLOWED_DIRS.info(), directory.clone())));
    flags
}

/// Makes relative directories, such as `.`, absolute: on a command line they mean those of the current directory. In
/// the environment and in config.toml they would mean whatever directory a host starts the server in, so there they
/// are refused.
pub(super) fn make_absolute(flags: &mut Flags) {
    for (_, value) in flags.iter_mut().filter(|(setting, _)| **setting == *ALLOWED_DIRS) {
        // Leave `~` and variables that a host has not filled in.
        let whole = |path: &Path| path.is_absolute() || path.starts_with("~") || value.contains("${");
        let paths: Vec<_> = std::env::split_paths(value.as_str())
            .map(|path| if path.as_os_str().is_empty() || whole(&path) { path } else { absolute(&path) })
            .collect();
        if let Ok(Ok(joined)) = std::env::join_paths(paths).map(std::ffi::OsString::into_string) {
            *value = joined;
        }
    }
}

/// The absolute path, without `.` and, if the path exists, `..`.
fn absolute(path: &Path) -> PathBuf {
    let Ok(whole) = std::path::absolute(path) else { return path.to_path_buf() };
    let has_parent = whole.components().any(|part| part == Component::ParentDir);
    if has_parent { whole.canonicalize().unwrap_or(whole) } else { whole }
}
