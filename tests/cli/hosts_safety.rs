//! `install` and `uninstall` where something is in the way: another server's entry, other installations, planted
//! links, kills, and what is no regular file.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::home::{Home, PROGRAM};

const FILE: &str = ".cursor/mcp.json";

/// An entry of the package of that name on npm.
fn foreign() -> String {
    let entry = json!({
        "command": "npx", "args": ["-y", "ollama-mcp", "--key=sesame"],
        "env": { "OLLAMA_HOST": "http://10.0.0.1:11434", "PLAIN": "sesame" },
    });
    serde_json::to_string_pretty(&json!({ "mcpServers": { "ollama": entry } })).unwrap()
}

/// What is in a folder, by name.
fn names(home: &Home, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(home.path(folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn entry_of_other_server_is_replaced_only_with_force() {
    let home = Home::new();
    home.write(FILE, &foreign());
    let before = home.everything();
    for command in ["install", "uninstall"] {
        let refused = home.run(&[command, "cursor"]).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
        for word in ["runs another program: npx", "rawveg/ollama-mcp", "Nothing was changed", "--force"] {
            assert!(refused.stderr.contains(word), "{word} is not in {}", refused.stderr);
        }
        assert!(!refused.stderr.contains("sesame"), "{}", refused.stderr);
        assert_eq!(home.everything(), before);
    }
    let list = home.well(&["list-hosts"]).await.stdout;
    assert!(list.contains("the entry ollama runs another program: npx"), "{list}");

    let dry = home.well(&["install", "cursor", "--force", "--dry-run"]).await.stdout;
    assert!(dry.contains("-  \"command\": \"npx\",") && !dry.contains("sesame"), "{dry}");
    let ran = home.well(&["install", "cursor", "--force"]).await.stdout;
    for words in ["the previous entry runs another program: npx", "not kept: OLLAMA_HOST, PLAIN", "backup: "]
    {
        assert!(ran.contains(words), "{words} is not in {ran}");
    }
    let entry = json!({ "type": "stdio", "command": PROGRAM, "args": [] });
    assert_eq!(home.json(FILE)["mcpServers"]["ollama"], entry, "nothing of the other one is left");

    home.write(FILE, &foreign());
    home.well(&["uninstall", "cursor", "--force"]).await;
    assert!(!home.read(FILE).contains("npx"), "{}", home.read(FILE));
}

#[tokio::test]
async fn program_replaces_address_only_by_force() {
    let home = Home::new();
    home.write(FILE, r#"{ "mcpServers": { "ollama": { "url": "http://127.0.0.1:1/mcp" } } }"#);
    let refused = home.run(&["install", "--host", "cursor"]).await;
    assert_eq!(refused.code, Some(1));
    let what = "the entry \"ollama\" leads to a server: http://127.0.0.1:1/mcp. Nothing was changed.";
    assert!(refused.stderr.contains(what) && refused.stderr.contains("--force"), "{}", refused.stderr);
    home.well(&["install", "--host", "cursor", "--name", "local"]).await;
    assert_eq!(home.json(FILE)["mcpServers"]["ollama"]["url"], "http://127.0.0.1:1/mcp");
}

/// Its entry has the program and its arguments in one list.
#[tokio::test]
async fn reinstalling_into_opencode_keeps_arguments() {
    let home = Home::new();
    let file = ".config/opencode/opencode.json";
    home.write(file, r#"{ "mcp": { "ollama": { "type": "local", "command": ["/old/ollama-mcp", "--read-only"], "timeout": 9, "environment": { "A": "1" } } } }"#);
    home.well(&["install", "opencode", "--env", "B=2"]).await;
    let expected = json!({
        "type": "local", "command": [PROGRAM, "--read-only"], "timeout": 9, "environment": { "A": "1", "B": "2" },
    });
    assert_eq!(home.json(file)["mcp"]["ollama"], expected);
}

#[tokio::test]
async fn both_windsurf_editions_are_installed_and_uninstalled() {
    let home = Home::new();
    let files = [".config/devin/mcp_config.json", ".codeium/windsurf/mcp_config.json"];
    for file in files {
        home.write(file, "{}");
    }
    home.well(&["install", "windsurf"]).await;
    for file in files {
        assert_eq!(home.json(file)["mcpServers"]["ollama"]["command"], PROGRAM, "{file}");
    }
    home.well(&["uninstall", "windsurf"]).await;
    for file in files {
        assert_eq!(home.read(file), "{}", "{file}");
    }
}

#[tokio::test]
async fn host_may_be_positional_and_near_name_is_suggested() {
    let home = Home::new();
    home.well(&["install", "cursor"]).await;
    assert!(home.read(FILE).contains(PROGRAM));
    home.well(&["uninstall", "cursor"]).await;
    for (given, meant) in [
        ("VSCode", "'vscode'"),
        ("code", "'vscode'"),
        ("vs-code", "'vscode'"),
        ("claude", "'claude-desktop', 'claude-code'"),
    ] {
        for arguments in [&["install", given][..], &["install", "--host", given], &["uninstall", given]] {
            let ran = home.run(arguments).await;
            let tip = ran.stderr.lines().find(|line| line.contains("tip:")).unwrap_or_default();
            assert!(ran.code == Some(2) && tip.contains(meant), "{arguments:?}: {}", ran.stderr);
        }
    }
}

#[tokio::test]
async fn uninstall_leaves_other_settings_only() {
    let home = Home::new();
    home.write(".gemini/settings.json", "{\n  \"theme\": \"x\"\n}\n");
    home.well(&["install", "gemini"]).await;
    // The host writes its file anew, and someone tidies up.
    home.write(".gemini/settings.json", &home.read(".gemini/settings.json").replace("\"x\"", "\"y\""));
    home.backups(".gemini/settings.json").iter().for_each(|backup| fs::remove_file(backup).unwrap());
    home.well(&["uninstall", "gemini"]).await;
    assert_eq!(home.read(".gemini/settings.json"), "{\n  \"theme\": \"y\"\n}\n");

    home.well(&["install", "vscode"]).await;
    home.well(&["install", "vscode", "--model", "m"]).await;
    let file = ".config/Code/User/mcp.json";
    home.well(&["uninstall", "vscode"]).await;
    assert!(!home.path(file).exists(), "{}", home.read(file));
}

#[tokio::test]
async fn concurrent_installations_lose_no_reported_success() {
    let home = Home::new();
    home.write(FILE, "{ \"mcpServers\": { \"other\": { \"command\": \"x\" } } }");
    for file in [FILE, ".gemini/settings.json"] {
        let host = if file == FILE { "cursor" } else { "gemini" };
        let names: Vec<_> = (0..8).map(|number| format!("server{number}")).collect();
        let runs = names.iter().map(|name| {
            let home = &home;
            async move { home.well(&["install", "--host", host, "--name", name]).await }
        });
        futures_util::future::join_all(runs).await;
        let servers = home.json(file)["mcpServers"].clone();
        for name in &names {
            assert_eq!(servers[name]["command"], PROGRAM, "{name} is not in {servers}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_backup_is_never_written_through_a_link() {
    let home = Home::new();
    home.write(FILE, "{}");
    home.write("precious", "precious");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    // For every second in which it may happen, to a file and to none.
    for second in now..now + 120 {
        let target = if second % 2 == 0 { "precious" } else { "nowhere" };
        let link = home.path(&format!("{FILE}.bak-{second}"));
        std::os::unix::fs::symlink(home.path(target), link).unwrap();
    }
    let ran = home.well(&["install", "cursor"]).await;
    assert_eq!(home.read("precious"), "precious");
    assert!(!home.path("nowhere").exists());
    let backup = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("backup: ")).unwrap();
    assert!(backup.ends_with("-2") && fs::symlink_metadata(backup).unwrap().is_file(), "{backup}");
    assert_eq!(fs::read_to_string(backup).unwrap(), "{}");
}

/// Everything that hosts' files are read for, each on a FIFO where a regular file belongs.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn special_file_is_refused_without_blocking() {
    let home = Home::new();
    fs::create_dir(home.path(".cursor")).unwrap();
    let fifo = |path: PathBuf| {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    fifo(home.path(FILE));
    std::os::unix::fs::symlink("/dev/zero", home.path(".claude.json")).unwrap();
    for host in ["cursor", "claude-code"] {
        for command in ["install", "uninstall"] {
            let ran = home.run(&[command, host]).await;
            assert_eq!(ran.code, Some(1));
            assert!(ran.stderr.contains("it is not a regular file"), "{}", ran.stderr);
        }
    }
    for command in ["list-hosts", "doctor"] {
        let ran = home.run(&[command]).await;
        assert!(ran.stdout.matches("it is not a regular file").count() >= 2, "{}", ran.stdout);
    }
    // One in place of a host's folder is as if there were no file.
    let other = Home::new();
    fifo(other.path(".cursor"));
    for command in ["install", "uninstall"] {
        let ran = other.run(&[command, "cursor"]).await;
        assert!(ran.code.is_some() && !ran.stdout.contains("ollama is now in"), "{command} {}", ran.stdout);
    }
    // A backup is looked into when the entry is taken out.
    fifo(home.path(".gemini-backup"));
    home.write(".gemini/settings.json", "{}");
    home.well(&["install", "gemini"]).await;
    fs::rename(home.path(".gemini-backup"), home.path(".gemini/settings.json.bak-1")).unwrap();
    home.well(&["uninstall", "gemini"]).await;
    assert_eq!(home.read(".gemini/settings.json"), "{}");
    // Our own settings and log.
    fifo(home.path("log"));
    let log = home.path("log").display().to_string();
    let ran = home.run_with(&["list-hosts"], &[("OLLAMA_MCP_LOG_FILE", &log)]).await;
    assert!(ran.code == Some(2) && ran.stderr.contains("it is not a regular file"), "{}", ran.stderr);
    fs::create_dir_all(home.path(".config/ollama-mcp")).unwrap();
    fifo(home.path(".config/ollama-mcp/config.toml"));
    let ran = home.run(&["list-hosts"]).await;
    assert!(ran.code == Some(2) && ran.stderr.contains("it is not a regular file"), "{}", ran.stderr);
}

/// Of installations that are killed at any moment the file is whole, and nothing with secrets piles up beside it.
#[cfg(unix)]
#[tokio::test]
async fn killed_installation_leaves_complete_file_and_no_temporary_file() {
    let home = Home::new();
    home.write(FILE, "{ \"mcpServers\": { \"other\": { \"command\": \"x\" } } }");
    fs::write(home.path(".cursor/.ollama-mcp-aB3dE6"), "sesame").unwrap();
    fs::write(home.path(".cursor/.ollama-mcp-aB3dE7.tmp"), "sesame").unwrap();
    fs::write(home.path(".cursor/.ollama-mcp-notes"), "of the user").unwrap();
    let started = std::time::Instant::now();
    home.well(&["install", "cursor", "--dry-run"]).await;
    let whole = started.elapsed();
    for number in 0..40u32 {
        let mut command = crate::support::process::command(&home.0);
        let model = format!("m{number}");
        command.args(["install", "cursor", "--model", &model]).current_dir(home.0.path());
        let started = std::time::Instant::now();
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        // Each is killed a little later in its work than the one before.
        while started.elapsed() < whole * number / 32 {
            std::hint::spin_loop();
        }
        child.start_kill().unwrap();
        child.wait().await.unwrap();
        assert_eq!(home.json(FILE)["mcpServers"]["other"]["command"], "x", "the file is whole");
    }
    home.well(&["install", "cursor", "--model", "last"]).await;
    let left: Vec<_> =
        names(&home, ".cursor").into_iter().filter(|name| name.starts_with(".ollama-mcp-")).collect();
    assert_eq!(left, [".ollama-mcp-notes"], "what killed ones have left is removed, and nothing else");
    for backup in home.backups(FILE) {
        let text = fs::read_to_string(&backup).unwrap();
        let backup = backup.display();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{backup} is not whole: {text:?}");
    }
}

#[tokio::test]
async fn reinstalling_keeps_user_additions() {
    let home = Home::new();
    home.write(
        ".cursor/mcp.json",
        r#"{ "mcpServers": { "mine": { "command": "/old/ollama-mcp", "args": ["--read-only"], "disabled": true, "env": { "A": "1" } } } }"#,
    );
    home.well(&["install", "--host", "cursor", "--name", "mine", "--env", "B=2"]).await;
    let expected = json!({
        "command": PROGRAM, "args": ["--read-only"], "disabled": true, "env": { "A": "1", "B": "2" }, "type": "stdio",
    });
    assert_eq!(home.json(".cursor/mcp.json")["mcpServers"]["mine"], expected);
    // Directories replace directories, and nothing else; a flag counts with the default too.
    fs::create_dir_all(home.path("allowed")).unwrap();
    let allowed = home.path("allowed").display().to_string();
    home.well(&["install", "cursor", "--name", "mine", "--allow-dir", &allowed]).await;
    home.well(&["install", "cursor", "--name", "mine", "--allow-dir", &allowed, "--env", "OLLAMA_HOST=h:1"])
        .await;
    home.well(&["install", "cursor", "--name", "mine", "--ollama-host", "http://127.0.0.1:11434"]).await;
    let entry = home.json(".cursor/mcp.json")["mcpServers"]["mine"].clone();
    assert_eq!(entry["args"], json!(["--allow-dir", allowed, "--read-only"]));
    assert_eq!(entry["env"], json!({ "A": "1", "B": "2", "OLLAMA_HOST": "http://127.0.0.1:11434" }));
}
