//! `config.toml`: where it is, what it takes, and which line is wrong.

use super::{CANARY, directory_with, environment, flag, in_directory};
use crate::markdown::EXAMPLE;
use crate::{Settings, Sources, settings_markdown};

fn refusal_of(text: impl AsRef<[u8]>) -> String {
    let directory = directory_with(text);
    let error = Settings::load(&in_directory(directory.path(), &[])).unwrap_err().to_string();
    let directory = format!("{}{}", directory.path().display(), std::path::MAIN_SEPARATOR);
    assert!(error.contains(&directory), "the file is not named: {error}");
    error.replace(&directory, "")
}

#[test]
fn the_example_of_the_documentation_loads() {
    assert!(settings_markdown().contains(EXAMPLE));
    let directory = directory_with(EXAMPLE);
    let loaded = Settings::load(&in_directory(directory.path(), &[])).unwrap();
    assert_eq!(loaded.settings.provider.ollama_host.base_url(), "http://192.168.1.20:11434");
    assert_eq!(loaded.settings.provider.headers.len(), 2);
    assert_eq!(loaded.settings.server.max_message_bytes, 32 << 20);
}

#[test]
fn missing_file_is_allowed() {
    let directory = tempfile::tempdir().unwrap();
    let loaded = Settings::load(&in_directory(directory.path(), &[])).unwrap();
    assert_eq!(loaded.config_dir.as_deref(), Some(directory.path()));
    assert!(Settings::load(&in_directory(&directory.path().join("none"), &[])).unwrap().warnings.is_empty());
}

#[test]
fn flag_and_variable_name_another_directory() {
    let (system, variable, by_flag) =
        (directory_with("model = \"a\""), directory_with("model = \"b\""), directory_with("model = \"c\""));
    let mut sources = in_directory(system.path(), &[]);
    let model = |sources: &Sources| Settings::load(sources).unwrap().settings.chat.model.unwrap();
    assert_eq!(model(&sources), "a");
    sources.environment.insert("OLLAMA_MCP_CONFIG_DIR".into(), variable.path().into());
    assert_eq!(model(&sources), "b");
    sources.flags.push(flag("config-dir", by_flag.path().to_str().unwrap()));
    assert_eq!(model(&sources), "c");
}

#[test]
fn a_named_directory_that_is_missing_is_warned_of() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("none");
    let loaded =
        Settings::load(&environment(&[("OLLAMA_MCP_CONFIG_DIR", missing.to_str().unwrap())])).unwrap();
    assert!(
        matches!(&loaded.warnings[..], [one] if one.starts_with("OLLAMA_MCP_CONFIG_DIR is")),
        "{loaded:?}"
    );
}

#[test]
fn unknown_keys_are_refused_with_their_line_and_the_nearest_key() {
    let cases = [
        ("\n# x\nmodle = \"a\"", "config.toml:3: there is no setting \"modle\"; did you mean model?"),
        (
            "ollama-host = \"a\"",
            "config.toml:1: there is no setting \"ollama-host\"; did you mean ollama_host?",
        ),
        ("OLLAMA_MODEL = \"a\"", "config.toml:1: there is no setting \"OLLAMA_MODEL\"; did you mean model?"),
        ("api_kee = \"a\"", "config.toml:1: there is no setting \"api_kee\"; did you mean api_key?"),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal_of(text), expected);
    }
    // The first wrong line, though another key comes first in the alphabet.
    assert!(refusal_of("zzzz = 1\naaaa = 1").starts_with("config.toml:1:"));
    assert!(refusal_of("[server]\nmodel = \"a\"").contains("Settings are flat"));
}

#[test]
fn wrong_types_are_refused_with_their_line() {
    let cases = [
        ("model = 3", "config.toml:1: model must be a string, not an integer"),
        ("\nlog = true", "config.toml:2: log must be a string, not a boolean"),
        ("headers = [\"a: b\"]", "config.toml:1: headers must be a string, not an array"),
        (
            "idle_timeout = 1.5",
            "config.toml:1: idle_timeout must be a string with a unit or an integer, not a float",
        ),
        (
            "serve_origins = 1",
            "config.toml:1: serve_origins must be a string or an array of strings, not an integer",
        ),
        (
            "[serve_model_aliases]\ngpt-3.5 = \"a\"",
            "config.toml:1: serve_model_aliases must be a string or a table of strings (a name with a dot needs \
             quotes), not a table",
        ),
        ("[provider]\nx = 1", "config.toml:1: provider must be a string, not a table"),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal_of(text), expected);
    }
}

#[test]
fn a_file_that_is_no_toml_is_refused_without_quoting_it() {
    let error = refusal_of(format!("model = \"a\"\nauth_token = \"{CANARY}\nlog = \"warn\""));
    assert!(error.starts_with("config.toml:2: not valid TOML: "), "{error}");
    assert!(!error.contains(CANARY), "{error}");
    assert!(!error.contains('\n'), "{error}");
    assert!(refusal_of("model = \"a\"\nmodel = \"b\"").starts_with("config.toml:2: not valid TOML: "));
    assert!(refusal_of([0xff, 0xfe]).starts_with("cannot read config.toml: "));
}

#[test]
fn integers_are_taken_in_any_notation() {
    let directory = directory_with("max_message_bytes = 0x10_0000\nprogress_interval = 0");
    let settings = Settings::load(&in_directory(directory.path(), &[])).unwrap().settings;
    assert_eq!(settings.server.max_message_bytes, 1 << 20);
    assert!(settings.chat.progress_interval.is_zero());
    assert!(
        refusal_of("idle_timeout = -5")
            .starts_with("idle_timeout in config.toml is \"-5\": must be a duration")
    );
}

#[cfg(unix)]
#[test]
fn readable_file_with_secret_is_warned_of() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let directory = directory_with(format!("auth_token = \"{CANARY}\""));
    let warnings = |mode| {
        set_permissions(directory.path().join("config.toml"), Permissions::from_mode(mode)).unwrap();
        Settings::load(&in_directory(directory.path(), &[])).unwrap().warnings
    };
    let open = warnings(0o644);
    assert!(
        matches!(&open[..], [one] if one.contains("auth_token") && one.contains("chmod 600")),
        "{open:?}"
    );
    assert!(!open[0].contains(CANARY));
    assert!(warnings(0o600).is_empty());
}
