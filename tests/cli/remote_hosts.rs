//! `install --url`: the entry of a running server in each host's file.

use serde_json::{Value, json};

use super::home::Home;

const URL: &str = "http://127.0.0.1:4891";

/// Each host's file, and its entry with a key in a variable, or in the file where the host reads no variables.
fn entries() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let bearer = |key: &str| json!({ "Authorization": format!("Bearer {key}") });
    let env = || bearer("${env:OMK_KEY}");
    let url = "http://127.0.0.1:4891/mcp";
    vec![
        (
            "vscode",
            ".config/Code/User/mcp.json",
            "servers",
            json!({ "type": "http", "url": url, "headers": env() }),
        ),
        (
            "claude-code",
            ".claude.json",
            "mcpServers",
            json!({ "type": "http", "url": url, "headers": bearer("${OMK_KEY}") }),
        ),
        ("cursor", ".cursor/mcp.json", "mcpServers", json!({ "url": url, "headers": env() })),
        (
            "windsurf",
            ".config/devin/mcp_config.json",
            "mcpServers",
            json!({ "serverUrl": url, "url": url, "headers": env() }),
        ),
        (
            "zed",
            ".config/zed/settings.json",
            "context_servers",
            json!({ "url": url, "headers": bearer("omk_sesame") }),
        ),
        (
            "gemini",
            ".gemini/settings.json",
            "mcpServers",
            json!({ "httpUrl": url, "headers": bearer("${OMK_KEY}") }),
        ),
        (
            "qwen",
            ".qwen/settings.json",
            "mcpServers",
            json!({ "httpUrl": url, "headers": bearer("${OMK_KEY}") }),
        ),
        (
            "opencode",
            ".config/opencode/opencode.jsonc",
            "mcp",
            json!({ "type": "remote", "url": url, "headers": bearer("{env:OMK_KEY}") }),
        ),
        (
            "codex",
            ".codex/config.toml",
            "mcp_servers",
            json!({ "url": url, "bearer_token_env_var": "OMK_KEY" }),
        ),
        (
            "lmstudio",
            ".lmstudio/mcp.json",
            "mcpServers",
            json!({ "url": url, "headers": bearer("omk_sesame") }),
        ),
    ]
}

fn written(home: &Home, host: &str, file: &str, key: &str) -> Value {
    if host == "codex" {
        let table: toml::Table = toml::from_str(&home.read(file)).unwrap();
        return serde_json::to_value(&table[key]["ollama"]).unwrap();
    }
    home.json(file)[key]["ollama"].clone()
}

#[tokio::test]
async fn every_host_gets_its_own_form_and_uninstall_removes_it() {
    for (host, file, key, expected) in entries() {
        let home = Home::new();
        home.write("key", "omk_sesame\n");
        let key_file = home.path("key").display().to_string();
        let credential = match host {
            "zed" | "lmstudio" => ["--key-file", &key_file],
            _ => ["--key-env", "OMK_KEY"],
        };
        let install = [&["install", host, "--url", URL][..], &credential].concat();
        let dry = home.well(&[&install[..], &["--dry-run"]].concat()).await;
        assert!(
            dry.stdout.contains("127.0.0.1:4891/mcp") && !dry.stdout.contains("sesame"),
            "{}",
            dry.stdout
        );
        let ran = home.well(&install).await;
        assert!(ran.stdout.contains("ollama is now in") && ran.stdout.contains("next: "), "{}", ran.stdout);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("sesame"), "{}{}", ran.stdout, ran.stderr);
        assert_eq!(written(&home, host, file, key), expected, "{host}");
        let says = "reads the key from OMK_KEY in its own environment, which is not set in this shell";
        assert_eq!(ran.stderr.contains(says), credential[0] == "--key-env", "{}", ran.stderr);

        let again = home.well(&install).await;
        assert!(again.stdout.contains("nothing to change"), "{}", again.stdout);
        let list = home.well(&["list-hosts"]).await.stdout;
        assert!(list.contains("  has ollama: http://127.0.0.1:4891/mcp\n"), "{host}: {list}");
        home.well(&["uninstall", host]).await;
        assert!(!home.path(file).exists(), "{host}: {}", home.read(file));
    }
}

#[tokio::test]
async fn fields_of_the_user_stay_unless_the_kind_of_entry_changes() {
    let home = Home::new();
    let file = ".codex/config.toml";
    home.well(&["install", "codex", "--url", URL, "--key-env", "OLD"]).await;
    home.write(file, &format!("{}tool_timeout_sec = 900 # mine\n", home.read(file)));
    home.write("key", "omk_sesame");
    let key_file = home.path("key").display().to_string();
    home.well(&["install", "codex", "--url", "https://models.example.com/mcp", "--key-file", &key_file])
        .await;
    let entry = written(&home, "codex", file, "mcp_servers");
    let headers = json!({ "Authorization": "Bearer omk_sesame" });
    assert_eq!(
        entry,
        json!({ "url": "https://models.example.com/mcp", "http_headers": headers, "tool_timeout_sec": 900 }),
        "the other kind of key is gone"
    );
    home.well(&["install", "codex", "--url", URL]).await;
    assert_eq!(
        written(&home, "codex", file, "mcp_servers")["http_headers"],
        headers,
        "a key that is not given stays"
    );

    home.well(&["install", "codex", "--force"]).await;
    let entry = written(&home, "codex", file, "mcp_servers");
    assert_eq!((entry["url"].as_str(), entry["command"].as_str()), (None, Some(super::home::PROGRAM)));
    home.well(&["install", "codex", "--url", URL]).await;
    assert_eq!(written(&home, "codex", file, "mcp_servers"), json!({ "url": "http://127.0.0.1:4891/mcp" }));
}

#[tokio::test]
async fn key_is_never_written_into_a_projects_file() {
    let home = Home::new();
    home.write("key", "omk_sesame");
    let key_file = home.path("key").display().to_string();
    let before = home.everything();
    for (host, arguments, reason) in [
        ("vscode", ["--key-file", &key_file], "a key is not written into a project's file"),
        ("zed", ["--key-file", &key_file], "a key is not written into a project's file"),
        ("zed", ["--key-env", "OMK_KEY"], "Zed reads no key from a variable. Use --key-file"),
    ] {
        let install = [&["install", host, "--scope", "project", "--url", URL][..], &arguments].concat();
        let ran = home.run(&install).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(reason) && !ran.stderr.contains("sesame"), "{}", ran.stderr);
    }
    assert_eq!(home.everything(), before);
    let ran =
        home.well(&["install", "vscode", "--scope", "project", "--url", URL, "--key-env", "OMK_KEY"]).await;
    assert!(ran.stderr.contains("shared: it contains the address of the server"), "{}", ran.stderr);
    assert!(home.read(".vscode/mcp.json").contains("Bearer ${env:OMK_KEY}"));
}

#[tokio::test]
async fn entry_that_leads_elsewhere_stays_without_force() {
    let home = Home::new();
    let text =
        r#"{ "mcpServers": { "github": { "url": "https://api.githubcopilot.com/mcp/?key=sesame" } } }"#;
    home.write(".cursor/mcp.json", text);
    for arguments in [
        &["install", "cursor", "--name", "github", "--url", URL][..],
        &["uninstall", "cursor", "--name", "github"],
    ] {
        let ran = home.run(arguments).await;
        assert_eq!(ran.code, Some(1));
        let what = "the entry \"github\" leads to another server: https://api.githubcopilot.com/mcp/. Nothing was changed.";
        assert!(ran.stderr.contains(what) && ran.stderr.contains("--force"), "{}", ran.stderr);
        assert_eq!(home.read(".cursor/mcp.json"), text);
    }
    let list = home.well(&["list-hosts"]).await.stdout;
    assert!(!list.contains("github"), "{list}");
    home.well(&["uninstall", "cursor", "--name", "github", "--force"]).await;
    assert!(!home.read(".cursor/mcp.json").contains("github"));
}

#[tokio::test]
async fn wrong_use_exits_2_and_writes_nothing() {
    let home = Home::new();
    home.write("empty", "\n");
    let empty = home.path("empty").display().to_string();
    let before = home.everything();
    let mut errors = String::new();
    for arguments in [
        &["cursor", "--url", "127.0.0.1:4891"][..],
        &["cursor", "--url", "http://0.0.0.0:4891"],
        &["cursor", "--url", "http://127.0.0.1:4891/v1"],
        &["cursor", "--url", "http://me:sesame@a/"],
        &["cursor", "--url", URL, "--key-env", "omk-sesame"],
        &["cursor", "--url", URL, "--key-file", &empty],
        &["cursor", "--url", URL, "--model", "m"],
        &["zed", "--url", URL, "--key-env", "OMK_KEY"],
        &["claude-desktop", "--url", URL],
        &["claude-desktop", "--url", URL, "--print"],
    ] {
        let ran = home.run(&[&["install"], arguments].concat()).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.stderr);
        errors.push_str(&ran.stderr.replace(&empty, "EMPTY"));
    }
    insta::assert_snapshot!(errors, @r#"
    ollama-mcp: --url "127.0.0.1:4891": that is no URL (relative URL without a base); valid are http://127.0.0.1:4891 and https://models.example.com
    ollama-mcp: --url "http://0.0.0.0:4891": that is an address to listen on; name one to connect to; valid are http://127.0.0.1:4891 and https://models.example.com
    ollama-mcp: --url "http://127.0.0.1:4891/v1": leave out the path; valid are http://127.0.0.1:4891 and https://models.example.com
    ollama-mcp: --url takes no user name, query or fragment (valid are http://127.0.0.1:4891 and https://models.example.com); give a key by --key-env or --key-file
    ollama-mcp: --key-env takes the name of an environment variable, such as OMK_KEY, and not the key itself
    ollama-mcp: --key-file EMPTY holds no key: a key is ASCII without spaces, alone in the file
    ollama-mcp: --model is a setting of the server, which already runs. Set it where the server runs, or leave out --url.
    ollama-mcp: Zed reads no key from a variable. Use --key-file PATH, which writes the key into your own file of this host.
    ollama-mcp: Claude Desktop takes no address of a server in its file. Install the program itself (without --url), or add an https address that the internet can reach under Settings > Connectors.
    ollama-mcp: Claude Desktop takes no address of a server in its file. Install the program itself (without --url), or add an https address that the internet can reach under Settings > Connectors.
    "#);
    for arguments in [&["cursor", "--url", URL, "--env", "A=sesame"][..], &["cursor", "--key-env", "A"]] {
        let ran = home.run(&[&["install"], arguments].concat()).await;
        assert_eq!((ran.code, ran.stderr.contains("sesame")), (Some(2), false), "{}", ran.stderr);
    }
    assert_eq!(home.everything(), before);
}

#[tokio::test]
async fn http_over_a_network_is_warned_of() {
    let home = Home::new();
    let install = ["install", "jetbrains", "--url"];
    let ran = home.well(&[&install[..], &["http://models.example.com"]].concat()).await;
    let warning = "all texts go to http://models.example.com unencrypted; use https if the server can";
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
    let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(printed, json!({ "mcpServers": { "ollama": { "url": "http://models.example.com/mcp" } } }));
    let ran = home.well(&[&install[..], &["https://models.example.com"]].concat()).await;
    assert!(!ran.stderr.contains("unencrypted"), "{}", ran.stderr);
}
