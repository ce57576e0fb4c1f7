//! `--help`, `--version`, and what is no usage.

use ollama_mcp::settings::registry::ENTRIES;

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
    for entry in ENTRIES {
        if let Some(flag) = entry.flag {
            assert!(help.stdout.contains(&format!("--{flag}")) && help.stdout.contains(entry.env), "{flag}");
        }
        assert!(
            !(entry.secret && entry.flag.is_some()),
            "{} would be seen in a list of processes",
            entry.env
        );
    }
}

#[tokio::test]
async fn the_version_is_that_of_the_package() {
    let version = run(&["--version"], &[]).await;
    assert_eq!(version.stdout, format!("ollama-mcp {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(version.code, Some(0));
}

#[tokio::test]
async fn wrong_usage_is_2_and_leaves_stdout_empty() {
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
