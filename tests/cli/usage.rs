//! `--help`, `--version`, and what is no usage.

use settings::registry::SETTINGS;

use super::run;

#[tokio::test]
async fn help_names_every_subcommand_and_every_setting() {
    let help = run(&["--help"], &[]).await;
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for word in
        ["try", "doctor", "install", "uninstall", "list-hosts", "manifest", "Exit codes", "tools/list"]
    {
        assert!(help.stdout.contains(word), "{word} is not in: {}", help.stdout);
    }
    for setting in SETTINGS {
        if let Some(flag) = setting.flag() {
            assert!(
                help.stdout.contains(&format!("--{flag}")) && help.stdout.contains(setting.env),
                "{flag}"
            );
        }
        assert!(
            !(setting.is_secret() && setting.flag().is_some()),
            "{} would be seen in a list of processes",
            setting.env
        );
    }
}

#[tokio::test]
async fn version_is_package_version() {
    let version = run(&["--version"], &[]).await;
    assert_eq!(version.stdout, format!("ollama-mcp {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(version.code, Some(0));
}

#[tokio::test]
async fn wrong_usage_exits_2_with_empty_stdout() {
    for arguments in
        [&["nope"][..], &["--nope"], &["try"], &["doctor", "--yaml"], &["try", "x", "--max-tokens=many"]]
    {
        let ran = run(arguments, &[]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.is_empty());
    }
    for subcommand in [&["doctor"][..], &["try", "x"], &["manifest"], &[]] {
        let ran = run(subcommand, &[("OLLAMA_MCP_CONNECT_TIMEOUT", "soon")]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{subcommand:?}");
        assert!(ran.stderr.contains("OLLAMA_MCP_CONNECT_TIMEOUT"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn help_of_a_subcommand_has_its_own_flags_and_the_important_settings() {
    for (subcommand, own, settings) in [
        ("try", "--max-tokens", &["--ollama-host", "--model"][..]),
        ("doctor", "--json", &["--ollama-host"]),
        ("install", "--dry-run", &["--ollama-host", "--allow-dir"]),
        ("uninstall", "--dry-run", &[]),
        ("list-hosts", "--json", &[]),
        ("manifest", "--check", &[]),
        ("completions", "bash", &[]),
    ] {
        let help = run(&[subcommand, "--help"], &[]).await.stdout;
        assert!(
            help.contains(own) && settings.iter().all(|flag| help.contains(flag)),
            "{subcommand}: {help}"
        );
        assert!(!help.contains("--idle-timeout") && help.lines().count() < 75, "{subcommand}: {help}");
        assert_eq!(help.contains("ollama-mcp --help"), !settings.is_empty(), "{subcommand}: {help}");
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{subcommand}: {help}");
    }
}

#[tokio::test]
async fn settings_are_accepted_before_and_after_subcommand() {
    let address = crate::support::fake_ollama::FakeOllama::closed_address().to_string();
    let right = format!("--ollama-host={address}");
    for arguments in [
        &["doctor", right.as_str()][..],
        &[&right, "doctor"],
        &["--ollama-host=http://127.0.0.1:9", "doctor", &right],
        &["doctor", "--idle-timeout=7s", &right],
    ] {
        let ran = run(&[arguments, &["--json"]].concat(), &[]).await;
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert!(report["address"].as_str().unwrap().contains(&address), "{arguments:?}: {report}");
    }
}

#[tokio::test]
async fn mistyped_command_gets_suggestion() {
    for (typed, tip) in [
        ("trie", "did you mean 'try'?"),
        ("docter", "did you mean 'doctor'?"),
        ("chat", "did you mean 'try'?"),
        ("list_hosts", "did you mean 'list-hosts'?"),
        ("serve", "without a command, ollama-mcp serves"),
    ] {
        let ran = run(&[typed], &[]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
        assert!(
            ran.stderr.contains(&format!("unknown command '{typed}'")) && ran.stderr.contains(tip),
            "{}",
            ran.stderr
        );
    }
    let nothing = run(&["zzzz"], &[]).await.stderr;
    assert!(!nothing.contains("tip") && !nothing.contains("read-pdf"), "{nothing}");
}

#[tokio::test]
async fn relative_directories_resolve_against_current_directory() {
    let home = super::home::Home::new();
    std::fs::create_dir_all(home.path("project/docs")).unwrap();
    let root = home.path(".").canonicalize().unwrap();
    for (given, meant) in
        [(".", ""), ("project", "project"), ("./project/docs", "project/docs"), ("project/..", "")]
    {
        let ran = home.run(&["doctor", "--json", "--allow-dir", given]).await;
        let report: serde_json::Value =
            serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        let path =
            std::path::Path::new(report["allowed_dirs"][0]["path"].as_str().unwrap()).canonicalize().unwrap();
        assert_eq!(
            (path, report["allowed_dirs"][0]["exists"].as_bool()),
            (root.join(meant), Some(true)),
            "{given}"
        );
    }
    // In a variable they would be those of wherever a host starts the server.
    let ran = home.run_with(&["doctor"], &[("OLLAMA_MCP_ALLOWED_DIRS", ".")]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}
