//! `--help`, `--version`, and what is no usage.

use settings::registry::{SERVE_SETTINGS, SETTINGS};

use super::run;

#[tokio::test]
async fn help_names_every_subcommand_and_every_setting() {
    let help = run(&["--help"], &[]).await;
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for word in [
        "serve",
        "try",
        "doctor",
        "install",
        "uninstall",
        "list-hosts",
        "manifest",
        "Exit codes",
        "tools/list",
    ] {
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
        ("connect", "--write", &["--model"]),
        ("manifest", "--check", &[]),
        ("completions", "bash", &[]),
    ] {
        let help = run(&[subcommand, "--help"], &[]).await.stdout;
        assert!(
            help.contains(own) && settings.iter().all(|flag| help.contains(flag)),
            "{subcommand}: {help}"
        );
        assert!(!help.contains("--idle-timeout") && help.lines().count() < 90, "{subcommand}: {help}");
        assert_eq!(help.contains("ollama-mcp --help"), !settings.is_empty(), "{subcommand}: {help}");
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{subcommand}: {help}");
    }
}

#[tokio::test]
async fn settings_of_serve_are_in_its_own_help_only() {
    let (all, serve) = (run(&["--help"], &[]).await.stdout, run(&["serve", "--help"], &[]).await.stdout);
    for flag in SERVE_SETTINGS.iter().filter_map(|setting| setting.flag()) {
        let flag = format!("--{flag} ");
        assert!(serve.contains(&flag) && !all.contains(&flag), "{flag}: {all}{serve}");
    }
    insta::assert_snapshot!(serve, @r#"
    Serve HTTP: a page to chat, the APIs of OpenAI, Anthropic and Ollama, and MCP

    Usage: ollama-mcp serve [OPTIONS]

    Options:
          --open  Open the page in the browser, as the user who runs this server
      -h, --help  Print help

    Settings:
          --provider <KIND>        The kind of model server: ollama, or openai for any OpenAI-compatible
                                   server. [env: OLLAMA_MCP_PROVIDER] [default: ollama]
          --ollama-host <ADDRESS>  The address of Ollama, as Ollama itself reads it: HOST, HOST:PORT or
                                   a URL. [env: OLLAMA_HOST] [default: http://127.0.0.1:11434]
          --base-url <URL>         The address of the OpenAI-compatible server, ending in /v1; required
                                   with openai, refused with ollama. [env: OLLAMA_MCP_BASE_URL]
          --model <NAME>           The model for calls that name none; by default a loaded one, or else
                                   the newest installed. [env: OLLAMA_MODEL]
          --log <FILTER>           What is logged: off, error, warn, info, debug, trace, or such levels
                                   per target, as in warn,ollama_mcp=debug. [env: OLLAMA_MCP_LOG]
                                   [default: warn]

    Settings of serve:
          --listen <ADDRESS>             Where to listen: IP:PORT, or localhost:PORT or PORT for this
                                         machine only, over IPv4 and IPv6; port 0 is a free one. [env:
                                         OLLAMA_MCP_SERVE_LISTEN] [default: localhost:4891]
          --instance <NAME>              The name of this server among several over one database, which
                                         reports where a conversation is answered; by default the name
                                         of the machine. [env: OLLAMA_MCP_SERVE_INSTANCE]
          --guests <WHO>                 Who needs no key: loopback for every program of this machine,
                                         never for nobody; by default loopback if the server listens on
                                         this machine only, and else never. [env:
                                         OLLAMA_MCP_SERVE_GUESTS]
          --public-url <URL>             The address that browsers use if it is not that of this
                                         machine, such as https://models.example.com of a proxy. [env:
                                         OLLAMA_MCP_SERVE_PUBLIC_URL]
          --origins <LIST>               Other web pages that may use this server, by their origins,
                                         such as https://app.example.com, separated by commas. [env:
                                         OLLAMA_MCP_SERVE_ORIGINS]
          --trusted-proxies <LIST>       Proxies whose X-Forwarded-For and X-Forwarded-Proto are
                                         believed, as addresses or networks such as 10.0.0.0/8,
                                         separated by commas: failed sign-ins then count by the address
                                         of the caller, and passwords are taken where the proxy has
                                         https. [env: OLLAMA_MCP_SERVE_TRUSTED_PROXIES]
          --admin-email <EMAIL>          The email of an administrator, whom serve adds at its start if
                                         there is no such user; it needs the password. [env:
                                         OLLAMA_MCP_SERVE_ADMIN_EMAIL]
          --admin-password-file <PATH>   A file with the first password of that administrator; a user
                                         who exists keeps the password. [env:
                                         OLLAMA_MCP_SERVE_ADMIN_PASSWORD_FILE]
          --admin-key-file <PATH>        A file with a key that may do everything: omk_ and at least 32
                                         random letters and digits; the key that the file had at an
                                         earlier start is not valid any more. [env:
                                         OLLAMA_MCP_SERVE_ADMIN_KEY_FILE]
          --session-lifetime <DURATION>  How long a user stays signed in. [env:
                                         OLLAMA_MCP_SERVE_SESSION_LIFETIME] [default: 24h]
          --model-aliases <LIST>         Other names of models, for clients that offer only certain
                                         names: gpt-4o=qwen3:8b, separated by commas; claude-*=qwen3:8b
                                         for every ending. [env: OLLAMA_MCP_SERVE_MODEL_ALIASES]
          --max-body-bytes <SIZE>        The largest body of a request. [env:
                                         OLLAMA_MCP_SERVE_MAX_BODY_BYTES] [default: 16MiB]
          --files-dir <DIR>              The directory of uploaded files, which servers that share a
                                         database must share, too; by default uploads in the data
                                         directory. [env: OLLAMA_MCP_SERVE_FILES_DIR]
          --files-max-bytes <SIZE>       The largest uploaded file. [env:
                                         OLLAMA_MCP_SERVE_FILES_MAX_BYTES] [default: 100MiB]
          --files-quota <SIZE>           The largest total size of the uploaded files of one user, key
                                         or guest. [env: OLLAMA_MCP_SERVE_FILES_QUOTA] [default: 1GiB]
          --files-ttl <DURATION>         How long an uploaded file is kept; 0 keeps it until it is
                                         deleted. [env: OLLAMA_MCP_SERVE_FILES_TTL] [default: 30d]
          --max-connections <N>          The largest number of open connections. [env:
                                         OLLAMA_MCP_SERVE_MAX_CONNECTIONS] [default: 2048]
          --max-sessions <N>             The largest number of open MCP sessions; another one is
                                         refused. [env: OLLAMA_MCP_SERVE_MAX_SESSIONS] [default: 256]
          --retention-days <DAYS>        How many days stored answers and conversations are kept after
                                         their last change; unset, they are kept until they are deleted.
                                         [env: OLLAMA_MCP_SERVE_RETENTION_DAYS]
          --comment-after <DURATION>     How long a stream is silent before a comment line is sent, so
                                         that proxies do not close it; 0 sends none. [env:
                                         OLLAMA_MCP_SERVE_COMMENT_AFTER] [default: 15s]

    Examples:
      ollama-mcp serve                                    for this machine, on http://127.0.0.1:4891
      ollama-mcp serve --open                             and opens the page in the browser
      ollama-mcp serve --listen 127.0.0.1:0               on a free port; the first line says which
      ollama-mcp serve --model-aliases gpt-4o=qwen3:8b    for clients that know other models only
      curl http://127.0.0.1:4891/v1/chat/completions -d \
        '{"messages": [{"role": "user", "content": "Why is the sky blue?"}]}'

    All settings of "ollama-mcp --help" can be given here too.
    "#);
    assert!(!serve.contains("--idle-timeout") && serve.lines().count() < 100, "{serve}");
    // The variables without a flag are in docs/settings.md.
    assert!(!serve.contains("MCP_SERVER_PORT]"), "{serve}");
    let wrong = run(&["--listen=127.0.0.1:0", "serve"], &[]).await;
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(2), ""), "{}", wrong.stderr);
}

#[tokio::test]
async fn wrong_settings_of_serve_do_not_stop_the_stdio_server() {
    let wrong = [("OLLAMA_MCP_SERVE_LISTEN", "nowhere"), ("PORT", "x")];
    assert_eq!(run(&[], &wrong).await.code, Some(0));
    let serve = run(&["serve"], &wrong[..1]).await;
    assert_eq!((serve.code, serve.stdout.as_str()), (Some(2), ""));
    assert!(
        serve.stderr.starts_with("ollama-mcp: OLLAMA_MCP_SERVE_LISTEN is \"nowhere\": "),
        "{}",
        serve.stderr
    );
    let serve = run(&["serve"], &wrong[1..]).await.stderr;
    assert!(serve.starts_with("ollama-mcp: PORT is \"x\": must be a port"), "{serve}");
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
        ("chta", "did you mean 'chat'?"),
        ("list_hosts", "did you mean 'list-hosts'?"),
        ("server", "'ollama-mcp serve' serves HTTP"),
        ("serv", "did you mean 'serve'?"),
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
