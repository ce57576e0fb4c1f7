//! `connect`: what clients get to use a running server as their model, in a home of their own.

use serde_json::{Value, json};

use super::home::Home;
use super::serving::Serving;
use crate::support::fake_ollama::FakeOllama;

/// The first model that the fake lists.
const MODEL: &str = "gemma3:270m";

/// Each client with a file, the file on Linux, and a text that it may have.
#[cfg(target_os = "linux")]
const FILES: [(&str, &str, &str); 4] = [
    (
        "codex",
        ".codex/config.toml",
        "# mine\nmodel_reasoning_effort = \"low\" # why\n\n[mcp_servers.other]\ncommand = \"x\"\n",
    ),
    (
        "claude-code",
        ".claude/settings.json",
        "{\n  \"env\": {\n    \"OTHER\": \"1\"\n  },\n  \"model\": \"opus\"\n}\n",
    ),
    (
        "opencode",
        ".config/opencode/opencode.jsonc",
        "{\n  // mine\n  \"model\": \"anthropic/x\", // why\n  \"provider\": { \"other\": {} }\n}\n",
    ),
    ("zed", ".config/zed/settings.json", "// mine\n{\n  \"theme\": \"One\", // why\n}\n"),
];

#[cfg(target_os = "linux")]
#[tokio::test]
async fn written_settings_name_server_and_model_and_remove_restores_file() {
    let fake = FakeOllama::start().await.with_defaults();
    let serving = Serving::start(&[], &fake.url()).await;
    for (client, file, before) in FILES {
        for flags in [&[][..], &["--default"]] {
            if client == "claude-code" && !flags.is_empty() {
                continue;
            }
            let home = Home::new();
            home.write(file, before);
            let connect = [&["connect", client, "--url", &serving.url, "--write"][..], flags].concat();
            let dry = home.well(&[&connect[..], &["--dry-run"]].concat()).await;
            assert!(dry.stdout.contains(&serving.url), "{}", dry.stdout);
            assert_eq!(home.read(file), before);

            let ran = home.well(&connect).await;
            assert!(ran.stdout.contains("the server is now in"), "{}", ran.stdout);
            let with = home.read(file);
            assert!(with.contains(&serving.url), "{client}: {with}");
            assert_eq!(
                with.contains(MODEL),
                client != "codex" && client != "zed" || !flags.is_empty(),
                "{client}: {with}"
            );
            assert_eq!(with.contains("why"), before.contains("why"), "comments are kept: {with}");
            assert_eq!(home.backups(file).len(), 1);
            let again = home.well(&connect).await;
            assert!(again.stdout.contains("nothing to change"), "{}", again.stdout);

            let remove = ["connect", client, "--url", &serving.url, "--remove"];
            let dry = home.well(&[&remove[..], &["--dry-run"]].concat()).await;
            assert!(
                dry.stdout.lines().any(|line| line.starts_with('-') && line.contains(&serving.url)),
                "{}",
                dry.stdout
            );
            assert_eq!(home.read(file), with);
            let ran = home.well(&remove).await;
            assert!(ran.stdout.contains("the server is no longer in"), "{}", ran.stdout);
            assert_eq!(home.read(file), before, "{client}");
            let again = home.well(&remove).await;
            assert!(again.stdout.contains("the server is not in"), "{}", again.stdout);
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn file_is_made_for_user_alone_and_removed_with_settings() {
    use std::os::unix::fs::PermissionsExt as _;
    for (client, file, _) in FILES {
        let home = Home::new();
        home.well(&["connect", client, "--write", "--model", "m:1b"]).await;
        assert_eq!(
            std::fs::metadata(home.path(file)).unwrap().permissions().mode() & 0o777,
            0o600,
            "{client}"
        );
        home.well(&["connect", client, "--remove"]).await;
        assert!(!home.path(file).exists(), "{client}: {}", home.read(file));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn remove_puts_back_replaced_settings_and_keeps_later_ones() {
    let home = Home::new();
    let file = ".codex/config.toml";
    home.write(file, "model = \"gpt-5.5\" # mine\nmodel_provider = \"openai\"\n");
    home.well(&["connect", "codex", "--write", "--default", "--model", "m:1b"]).await;
    let with = home.read(file);
    assert!(with.contains("model = \"m:1b\" # mine\nmodel_provider = \"ollama-mcp\"\n"), "{with}");
    home.write(file, &format!("{with}\n[profiles.later]\nx = 1\n"));
    home.well(&["connect", "codex", "--remove"]).await;
    assert_eq!(
        home.read(file).trim_end(),
        "model = \"gpt-5.5\" # mine\nmodel_provider = \"openai\"\n\n[profiles.later]\nx = 1"
    );
}

#[tokio::test]
async fn text_is_printed_and_nothing_is_written() {
    let fake = FakeOllama::start().await.with_defaults();
    let serving = Serving::start(&[], &fake.url()).await;
    let home = Home::new();
    let printed = async |client: &str| home.well(&["connect", client, "--url", &serving.url]).await;
    let codex: toml::Table = toml::from_str(&printed("codex").await.stdout).unwrap();
    let provider = &codex["model_providers"]["ollama-mcp"];
    assert_eq!(provider["base_url"].as_str(), Some(format!("{}/v1", serving.url).as_str()));
    assert_eq!(provider["wire_api"].as_str(), Some("responses"));
    let claude: Value = serde_json::from_str(&printed("claude-code").await.stdout).unwrap();
    assert_eq!(
        claude,
        json!({ "env": {
            "ANTHROPIC_BASE_URL": serving.url, "ANTHROPIC_AUTH_TOKEN": "ollama-mcp", "ANTHROPIC_MODEL": MODEL,
            "ANTHROPIC_DEFAULT_OPUS_MODEL": MODEL, "ANTHROPIC_DEFAULT_SONNET_MODEL": MODEL, "ANTHROPIC_DEFAULT_HAIKU_MODEL": MODEL,
        } })
    );
    let vscode: Value = serde_json::from_str(&printed("vscode").await.stdout).unwrap();
    assert_eq!(vscode[0]["vendor"], "customendpoint");
    assert_eq!(vscode[0]["models"].as_array().unwrap().len(), 5);
    let ran = printed("openai-python").await;
    insta::assert_snapshot!(ran.stdout.replace(&serving.url, "URL"), @r#"
    from openai import OpenAI

    client = OpenAI(base_url="URL/v1", api_key="ollama-mcp")
    answer = client.chat.completions.create(
        model="gemma3:270m",
        messages=[{"role": "user", "content": "Say hello."}],
    )
    print(answer.choices[0].message.content)
    "#);
    let ran = printed("zed").await;
    assert!(ran.stderr.contains(&format!("next: Choose {MODEL} in the model menu")), "{}", ran.stderr);
    assert!(home.everything().is_empty());
}

/// What `connect curl` prints is a command that works.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn printed_command_works_with_key() {
    let fake = FakeOllama::start().await.with_defaults();
    let serving = Serving::start(&["--guests", "never"], &fake.url()).await;
    let key = serving.run(&["keys", "add", "test"]).await;
    let home = Home::new();
    let environment = [("OMK_KEY", key.as_str())];
    let connect = ["connect", "curl", "--url", &serving.url, "--key-env", "OMK_KEY"];
    let ran = home.run_with(&connect, &environment).await;
    assert_eq!((ran.code, ran.stderr.contains("needs a key")), (Some(0), false), "{}", ran.stderr);
    assert!(ran.stdout.contains(MODEL) && !ran.stdout.contains(&key), "{}", ran.stdout);
    let mut shell = tokio::process::Command::new("sh");
    let output = shell.args(["-c", &ran.stdout]).env("OMK_KEY", &key).output().await.unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["object"], "chat.completion", "{answer}");
}

#[tokio::test]
async fn key_is_neither_written_nor_shown() {
    let home = Home::new();
    home.write("key", "omk_sesame\n");
    let file = home.path("key").display().to_string();
    for client in hosts::CLIENTS.iter().map(|client| client.id) {
        for key in [["--key-env", "OMK_KEY"], ["--key-file", &file]] {
            let connect =
                [&["connect", client, "--url", "http://127.0.0.1:1", "--model", "m"][..], &key].concat();
            let mut runs = vec![connect.clone()];
            if ["codex", "claude-code", "opencode", "zed"].contains(&client) {
                runs.extend([
                    [&connect[..], &["--write"]].concat(),
                    [&connect[..], &["--dry-run", "--remove"]].concat(),
                ]);
            }
            for arguments in runs {
                let ran = home.run_with(&arguments, &[("OMK_KEY", "omk_sesame")]).await;
                assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
                assert!(
                    !format!("{}{}", ran.stdout, ran.stderr).contains("sesame"),
                    "{}{}",
                    ran.stdout,
                    ran.stderr
                );
            }
        }
    }
    for (path, text) in home.everything() {
        assert_eq!(text.contains("sesame"), path.ends_with("key"), "{}", path.display());
    }
}

#[tokio::test]
async fn without_server_default_model_is_named_with_a_note() {
    let home = Home::new();
    let closed = FakeOllama::closed_address().to_string();
    let environment = [("OLLAMA_MCP_SERVE_LISTEN", closed.as_str())];
    let ran = home.run_with(&["connect", "aider"], &environment).await;
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains(&format!("OPENAI_API_BASE=http://{closed}/v1\n")), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("aider --model openai/default\n"), "{}", ran.stdout);
    insta::assert_snapshot!(ran.stderr.replace(&closed, "ADDRESS"), @r#"
    ollama-mcp: no server answers at http://ADDRESS; start it with "ollama-mcp serve". The model "default" stands for the one that it chooses
    for: a shell
    next: Run aider in your project; it shows openai/default as its main model.
    "#);
}

#[tokio::test]
async fn server_that_needs_a_key_is_told_of_with_next_step() {
    let fake = FakeOllama::start().await.with_defaults();
    let serving = Serving::start(&["--guests", "never"], &fake.url()).await;
    let home = Home::new();
    let ran = home.well(&["connect", "codex", "--url", &serving.url]).await;
    assert!(
        ran.stderr.contains("the server needs a key: \"ollama-mcp keys add NAME\" makes one"),
        "{}",
        ran.stderr
    );
    let wrong = ["connect", "codex", "--url", &serving.url, "--key-env", "OMK_KEY"];
    let ran = home.run_with(&wrong, &[("OMK_KEY", "omk_sesame")]).await;
    assert!(ran.stderr.contains("the server does not accept this key"), "{}", ran.stderr);
}

#[tokio::test]
async fn unknown_model_is_used_with_a_suggestion() {
    let fake = FakeOllama::start().await.with_defaults();
    let serving = Serving::start(&[], &fake.url()).await;
    let ran = Home::new().well(&["connect", "aider", "--url", &serving.url, "--model", "gemma3:271m"]).await;
    assert!(ran.stdout.contains("openai/gemma3:271m"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains(&format!("the server has no model \"gemma3:271m\" yet; did you mean {MODEL}?")),
        "{}",
        ran.stderr
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn settings_of_another_server_stay_without_force() {
    let home = Home::new();
    let text = r#"{ "env": { "ANTHROPIC_BASE_URL": "https://gateway.example/?key=sesame", "ANTHROPIC_AUTH_TOKEN": "sesame" } }"#;
    home.write(".claude/settings.json", text);
    for arguments in [["connect", "claude-code", "--write"], ["connect", "claude-code", "--remove"]] {
        let ran = home.run(&arguments).await;
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        let what = "the entry \"env.ANTHROPIC_BASE_URL\" leads to another server: https://gateway.example/. Nothing was changed.";
        assert!(ran.stderr.contains(what) && ran.stderr.contains("--force"), "{}", ran.stderr);
        assert_eq!(home.read(".claude/settings.json"), text);
    }
    home.well(&["connect", "claude-code", "--write", "--force", "--key-env", "OMK_KEY"]).await;
    let written = home.json(".claude/settings.json");
    assert_eq!(written["apiKeyHelper"], "printenv OMK_KEY");
    assert_eq!(written["env"].get("ANTHROPIC_AUTH_TOKEN"), None, "it would come before the helper");
    home.well(&["connect", "claude-code", "--remove"]).await;
    assert_eq!(home.read(".claude/settings.json"), text);
}

#[tokio::test]
async fn clients_are_listed() {
    let home = Home::new();
    let list = home.well(&["connect", "--list"]).await;
    assert_eq!(home.well(&["connect"]).await.stdout, list.stdout);
    assert_eq!(list.stdout.lines().count(), hosts::CLIENTS.len());
    assert!(
        list.stdout.contains("Codex [codex]: OpenAI's Responses, /v1/responses, --write\n"),
        "{}",
        list.stdout
    );
}

#[tokio::test]
async fn wrong_use_exits_2_and_writes_nothing() {
    let home = Home::new();
    let mut errors = String::new();
    for arguments in [
        &["codx"][..],
        &["curl", "--write"],
        &["vscode", "--remove"],
        &["claude-code", "--default"],
        &["codex", "--url", "127.0.0.1:4891"],
        &["codex", "--url", "http://127.0.0.1:4891/v1"],
        &["codex", "--key-env", "omk-sesame"],
    ] {
        let ran = home.run(&[&["connect"], arguments].concat()).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.stderr);
        errors.push_str(&ran.stderr);
    }
    let ran = home.run_with(&["connect", "codex"], &[("OLLAMA_MCP_SERVE_LISTEN", "localhost:0")]).await;
    assert_eq!(ran.code, Some(2));
    errors.push_str(&ran.stderr);
    assert!(home.everything().is_empty());
    insta::assert_snapshot!(errors, @r#"
    error: invalid value 'codx' for '[CLIENT]'
      [possible values: codex, claude-code, opencode, zed, vscode, continue, aider, open-webui, openai-python, openai-node, anthropic-python, anthropic-node, ollama-python, ollama-js, curl]

      tip: a similar value exists: 'codex'

    For more information, try '--help'.
    ollama-mcp: curl has no file that this program edits: leave out --write, --remove and --dry-run, and paste what is printed
    ollama-mcp: VS Code has no file that this program edits: leave out --write, --remove and --dry-run, and paste what is printed
    ollama-mcp: Claude Code has no default to choose: leave out --default
    ollama-mcp: --url "127.0.0.1:4891": that is no URL (relative URL without a base); valid are http://127.0.0.1:4891 and https://models.example.com
    ollama-mcp: --url "http://127.0.0.1:4891/v1": leave out the path; valid are http://127.0.0.1:4891 and https://models.example.com
    ollama-mcp: --key-env takes the name of an environment variable, such as OMK_KEY, and not the key itself
    ollama-mcp: the server listens on a free port, which changes: name its address with --url
    "#);
}
