//! Precedence, origins, and what is refused across settings.

use std::time::Duration;

use super::{CANARY, directory_with, flag, in_directory, load, refusal};
use crate::registry::{self, SETTINGS};
use crate::{
    CallDeadline, Confirm, Origin, ProviderKind, PullSettings, ServeSources, SettingOrigin, Settings, Sources,
};

fn origin_of<'a>(origins: &'a [SettingOrigin], variable: &str) -> &'a SettingOrigin {
    origins.iter().find(|origin| origin.setting.env == variable).unwrap()
}

#[test]
fn nothing_set_gives_the_defaults() {
    let loaded = Settings::load(&Sources::default()).unwrap();
    assert_eq!(loaded.settings, Settings::default());
    let Settings { provider, chat, files, server, telemetry, tools, pulls, store, serve } = loaded.settings;
    assert_eq!(serve, None);
    assert_eq!((store.data_dir, chat.system_prompt.as_ref()), (None, None));
    assert_eq!(pulls, PullSettings { auto: false, models_dir: None });
    assert_eq!((files.allowed, files.allow_remote, files.config_file), (vec![], false, None));
    assert_eq!((files.max_file_bytes, files.max_call_bytes), (20_000_000, 50_000_000));
    assert_eq!((tools.read_only, tools.confirm), (false, Confirm::Auto));
    assert_eq!(tools.toolsets.len(), crate::Toolset::ALL.len() - 1);
    assert_eq!(provider.kind, ProviderKind::Ollama);
    assert_eq!(provider.ollama_host.base_url(), "http://127.0.0.1:11434");
    assert_eq!(provider.connect_timeout, Duration::from_secs(5));
    assert_eq!(provider.first_byte_timeout, Duration::from_secs(600));
    assert_eq!(provider.idle_timeout, Duration::from_secs(300));
    assert_eq!((provider.auth_token, provider.api_key, provider.ollama_api_key), (None, None, None));
    assert!(provider.headers.is_empty());
    assert_eq!((chat.model, chat.max_concurrent), (None, 4));
    assert_eq!(chat.progress_interval, Duration::from_millis(50));
    assert_eq!((server.max_message_bytes, server.call_deadline), (16 * 1024 * 1024, CallDeadline::Auto));
    assert_eq!(telemetry.log, "warn");
    assert_eq!((telemetry.log_file, telemetry.no_color), (None, false));
    assert_eq!((loaded.warnings, loaded.config_dir), (vec![], None));
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let directory = directory_with("model = \"from-file\"\nlog = \"error\"\nidle_timeout = 7\n");
    let mut sources =
        in_directory(directory.path(), &[("OLLAMA_MODEL", "from-env"), ("OLLAMA_MCP_LOG", "info")]);
    sources.flags.push(flag("model", "from-flag"));
    let loaded = Settings::load(&sources).unwrap();
    assert_eq!(loaded.settings.chat.model.as_deref(), Some("from-flag"));
    assert_eq!(loaded.settings.telemetry.log, "info");
    assert_eq!(loaded.settings.provider.idle_timeout, Duration::from_secs(7));

    let from = |variable| &origin_of(&loaded.origins, variable).from;
    assert_eq!(*from("OLLAMA_MODEL"), Origin::Flag);
    assert_eq!(*from("OLLAMA_MCP_LOG"), Origin::Environment);
    assert_eq!(*from("OLLAMA_MCP_IDLE_TIMEOUT"), Origin::ConfigFile(directory.path().join("config.toml")));
    assert_eq!(*from("OLLAMA_MCP_CONNECT_TIMEOUT"), Origin::Default);
}

#[test]
fn origins_list_every_setting_once_in_order() {
    let loaded = load(&[("OLLAMA_BASE_URL", "10.1.2.3")]).unwrap();
    let listed: Vec<_> = loaded.origins.iter().map(|origin| origin.setting.env).collect();
    let registered: Vec<_> = SETTINGS.iter().map(|setting| setting.env).collect();
    assert_eq!(listed, registered);
    let all = Settings::load(&Sources { serve: ServeSources::AllNames, ..Sources::default() }).unwrap();
    let listed: Vec<_> = all.origins.iter().map(|origin| origin.setting.env).collect();
    assert_eq!(listed, registry::all().map(|setting| setting.env).collect::<Vec<_>>());
    assert_eq!(origin_of(&loaded.origins, "OLLAMA_BASE_URL").value_shown.as_deref(), Some("10.1.2.3"));
    // The default would be a lie beside the other name.
    assert_eq!(origin_of(&loaded.origins, "OLLAMA_HOST").value_shown, None);
}

#[test]
fn blank_counts_as_unset_in_every_source() {
    let directory = directory_with("log = \"\"\nmodel = \"from-file\"");
    let mut sources = in_directory(directory.path(), &[("OLLAMA_MODEL", " "), ("OLLAMA_HOST", "")]);
    sources.flags.push(flag("model", ""));
    sources.environment.insert("OLLAMA_MCP_NO_SUCH".into(), "".into());
    let loaded = Settings::load(&sources).unwrap();
    assert_eq!(loaded.settings.chat.model.as_deref(), Some("from-file"));
    assert_eq!(loaded.settings.telemetry.log, "warn");
    assert_eq!(loaded.settings.provider.ollama_host.port(), 11434);
}

/// Kubernetes adds them for each service, unless the pod says `enableServiceLinks: false`.
#[test]
fn variables_of_services_in_kubernetes_are_no_settings() {
    for (name, value) in [
        ("OLLAMA_MCP_SERVICE_HOST", "10.96.0.7"),
        ("OLLAMA_MCP_SERVICE_PORT", "80"),
        ("OLLAMA_MCP_SERVICE_PORT_HTTP", "80"),
        ("OLLAMA_MCP_PORT", "tcp://10.96.0.7:80"),
        ("OLLAMA_MCP_PORT_80_TCP", "tcp://10.96.0.7:80"),
        ("OLLAMA_MCP_PORT_80_TCP_PROTO", "tcp"),
        ("OLLAMA_MCP_SERVER_PORT_80_TCP_ADDR", "10.96.0.7"),
    ] {
        load(&[(name, value)]).unwrap();
    }
    for name in ["OLLAMA_MCP_PORT", "OLLAMA_MCP_SERVE_PORT"] {
        assert!(refusal(&[(name, "4891")]).contains("there is no such setting"), "{name}");
    }
}

#[test]
fn unknown_variables_of_ours_are_refused_with_the_nearest_name() {
    let cases = [
        ("OLLAMA_MCP_CONECT_TIMEOUT", "did you mean OLLAMA_MCP_CONNECT_TIMEOUT?"),
        ("OLLAMA_MCP_HOST", "did you mean OLLAMA_HOST?"),
        ("OLLAMA_MCP_MODEL", "did you mean OLLAMA_MODEL?"),
        ("OLLAMA_MCP_LOGFILE", "did you mean OLLAMA_MCP_LOG_FILE?"),
        ("OLLAMA_MCP_SERVE_LISTN", "did you mean OLLAMA_MCP_SERVE_LISTEN?"),
        ("OLLAMA_MCP_BANANA", "see --help"),
    ];
    for (name, expected) in cases {
        let error = refusal(&[(name, CANARY)]);
        assert!(error.starts_with(name) && error.contains(expected), "{error}");
        assert!(!error.contains(CANARY), "{error}");
    }
}

#[test]
fn variables_of_ollama_are_ignored() {
    let loaded =
        load(&[("OLLAMA_KEEP_ALIVE", "/models"), ("OLLAMA_KEEP_ALIVE", "5m"), ("OLLAMA_DEBUG", "1")])
            .unwrap();
    assert_eq!(loaded.settings, load(&[]).unwrap().settings);
}

#[test]
fn errors_use_name_by_which_setting_was_given() {
    let env = refusal(&[("OLLAMA_MCP_IDLE_TIMEOUT", "soon")]);
    assert!(env.starts_with("OLLAMA_MCP_IDLE_TIMEOUT is \"soon\": must be a duration such as"), "{env}");

    let flags = vec![flag("idle-timeout", "soon")];
    let by_flag = Settings::load(&Sources { flags, ..Sources::default() }).unwrap_err().to_string();
    assert!(by_flag.starts_with("--idle-timeout is \"soon\""), "{by_flag}");

    let directory = directory_with("idle_timeout = \"soon\"");
    let by_file = Settings::load(&in_directory(directory.path(), &[])).unwrap_err().to_string();
    let file = directory.path().join("config.toml");
    assert!(by_file.starts_with(&format!("idle_timeout in {} is \"soon\"", file.display())), "{by_file}");
}

#[test]
fn a_long_wrong_value_is_cut() {
    let error = refusal(&[("OLLAMA_MCP_PROVIDER", &"x".repeat(5000))]);
    assert!(error.len() < 300 && error.ends_with("...: must be ollama or openai"), "{error}");
}

#[test]
fn any_value_sets_no_color() {
    for value in ["1", "0", "false", " "] {
        assert!(load(&[("NO_COLOR", value)]).unwrap().settings.telemetry.no_color, "{value:?}");
    }
    assert!(!load(&[("NO_COLOR", "")]).unwrap().settings.telemetry.no_color);
}

#[test]
fn secrets_are_in_no_debug_output_and_no_origin() {
    let loaded = load(&[
        ("OLLAMA_MCP_AUTH_TOKEN", CANARY),
        ("OLLAMA_MCP_API_KEY", CANARY),
        ("OLLAMA_API_KEY", CANARY),
        ("OLLAMA_MCP_HEADERS", &format!("X-Key: {CANARY}")),
        ("OLLAMA_MCP_DATABASE_URL", &format!("postgres://ann:{CANARY}@db/chats")),
    ])
    .unwrap();
    assert_eq!(loaded.settings.provider.auth_token.as_ref().unwrap().expose(), CANARY);
    assert!(!format!("{loaded:?}").contains(CANARY));
    for secret in SETTINGS.iter().filter(|setting| setting.is_secret()) {
        let origin = origin_of(&loaded.origins, secret.env);
        assert_eq!(origin.value_shown.as_deref(), Some("***"), "{}", secret.env);
    }
}

#[test]
fn wrong_secrets_are_refused_without_being_shown() {
    for variable in ["OLLAMA_MCP_AUTH_TOKEN", "OLLAMA_MCP_API_KEY", "OLLAMA_API_KEY", "OLLAMA_MCP_HEADERS"] {
        let error = refusal(&[(variable, &format!("Bearer {CANARY}\u{e9}"))]);
        assert!(error.starts_with(variable), "{error}");
        assert!(!error.contains(CANARY), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn value_that_is_no_unicode_is_refused() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let mut sources = super::environment(&[]);
    sources.environment.insert("OLLAMA_MODEL".into(), OsString::from_vec(vec![0xff]));
    let error = Settings::load(&sources).unwrap_err().to_string();
    assert_eq!(error, "OLLAMA_MODEL: the value is not valid UTF-8");
}

#[test]
fn only_relevant_process_variables_are_read() {
    let sources = Sources::of_process(vec![(registry::MODEL.info(), "m".to_owned())]);
    let foreign = |name: &String| {
        !name.starts_with("OLLAMA_MCP_") && !registry::all().any(|setting| setting.env == name.as_str())
    };
    assert!(!sources.environment.keys().any(foreign));
    assert_eq!(sources.flags.len(), 1);
}
