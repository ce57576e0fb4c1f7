//! `install`, `uninstall` and `list-hosts`: hosts' files in a home of their own.

use std::fs;

use serde_json::{Value, json};
#[cfg(unix)]
use tokio::time::timeout;

use super::home::{Home, PROGRAM};
#[cfg(unix)]
use crate::support::mcp_client::PATIENCE;

/// Each host's file on Linux, and the key of its servers. The paths of all systems are tested in the library.
#[cfg(target_os = "linux")]
const FILES: [(&str, &str, &str); 12] = [
    ("vscode", ".config/Code/User/mcp.json", "servers"),
    ("vscode-insiders", ".config/Code - Insiders/User/mcp.json", "servers"),
    ("claude-desktop", ".config/Claude/claude_desktop_config.json", "mcpServers"),
    ("claude-code", ".claude.json", "mcpServers"),
    ("cursor", ".cursor/mcp.json", "mcpServers"),
    ("windsurf", ".config/devin/mcp_config.json", "mcpServers"),
    ("zed", ".config/zed/settings.json", "context_servers"),
    ("gemini", ".gemini/settings.json", "mcpServers"),
    ("qwen", ".qwen/settings.json", "mcpServers"),
    ("opencode", ".config/opencode/opencode.jsonc", "mcp"),
    ("codex", ".codex/config.toml", "mcp_servers"),
    ("lmstudio", ".lmstudio/mcp.json", "mcpServers"),
];

#[cfg(target_os = "linux")]
#[tokio::test]
async fn uninstall_restores_file_of_every_host() {
    for (host, file, key) in FILES {
        let home = Home::new();
        let before = match host {
            "codex" => "# mine\n[mcp_servers.other]\ncommand = \"x\" # why\n".to_owned(),
            _ => format!(
                "{{\n  // mine\n  \"{key}\": {{\n    \"other\": {{ \"command\": \"x\" }} // why\n  }}\n}}\n"
            ),
        };
        home.write(file, &before);
        let install = ["install", "--host", host, "--ollama-host", "http://192.168.1.20:11434"];
        let ran = home.well(&install).await;
        assert!(ran.stdout.contains("ollama is now in") && ran.stdout.contains("next: "), "{}", ran.stdout);
        let with = home.read(file);
        assert!(with.contains("mine") && with.contains("why"), "comments are kept: {with}");
        for word in ["other", PROGRAM, "http://192.168.1.20:11434"] {
            assert!(with.contains(word), "{host}: {word} is not in {with}");
        }
        let of_stdio = ["vscode", "vscode-insiders", "claude-code", "cursor"];
        assert_eq!(with.contains("\"type\": \"stdio\""), of_stdio.contains(&host));
        let backups = home.backups(file);
        assert_eq!(backups.len(), 1, "{backups:?}");
        assert_eq!(fs::read_to_string(&backups[0]).unwrap(), before);

        let again = home.well(&install).await;
        assert!(again.stdout.contains("nothing to change"), "{}", again.stdout);
        assert_eq!((home.read(file), home.backups(file).len()), (with, 1), "twice is as once");

        home.well(&["uninstall", "--host", host]).await;
        assert_eq!(home.read(file), before, "{host}");
        let list = home.well(&["list-hosts"]).await.stdout;
        let file = home.path(file).display().to_string();
        assert!(list.contains(&format!("{file}\n  not installed\n")), "{host}: {list}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn missing_file_is_created_with_user_only_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    for (host, file, key) in FILES {
        let home = Home::new();
        let ran = home.well(&["install", "--host", host]).await;
        assert!(ran.stderr.contains("was not found on this machine"), "{}", ran.stderr);
        assert_eq!(fs::metadata(home.path(file)).unwrap().permissions().mode() & 0o777, 0o600, "{host}");
        assert!(home.backups(file).is_empty());
        if host == "opencode" {
            let server = json!({ "type": "local", "command": [PROGRAM] });
            assert_eq!(home.json(file)[key]["ollama"], server);
        } else if host != "codex" {
            let server = &home.json(file)[key]["ollama"];
            assert_eq!(
                (&server["command"], &server["args"], &server["env"]),
                (&json!(PROGRAM), &json!([]), &Value::Null)
            );
        }
        home.well(&["uninstall", "--host", host]).await;
        assert!(
            !home.path(file).exists(),
            "nothing is left of a file that install made: {}",
            home.read(file)
        );
        let list = home.well(&["list-hosts", "--json"]).await;
        let list: Value = serde_json::from_str(&list.stdout).unwrap();
        let host = list.as_array().unwrap().iter().find(|entry| entry["host"] == host).unwrap();
        assert_eq!(host["installed"], json!([]));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn uninstall_restores_file_without_servers() {
    for (host, file, key) in FILES {
        let with_key = format!("{{ \"{key}\": {{\n  }} }}");
        let texts = match host {
            "codex" => ["", "model = \"x\" # mine\n", "[profiles.a]\nb = 1\n"],
            _ => ["{\n  // mine\n  \"a\": 1, // why\n  \"b\": [2] // last\n}\n", "{}", &with_key],
        };
        for before in texts {
            let home = Home::new();
            home.write(file, before);
            home.well(&["install", "--host", host, "--model", "old"]).await;
            // What an earlier installation made is not what the file was.
            home.well(&["install", "--host", host, "--model", "new"]).await;
            assert!(home.read(file).contains("new"));
            home.well(&["uninstall", "--host", host]).await;
            assert_eq!(home.read(file), before, "{host}");
        }
    }
}

#[tokio::test]
async fn folder_is_written_as_absolute_path_or_host_variable() {
    let home = Home::new();
    for folder in ["notes", "a", "b"] {
        fs::create_dir(home.path(folder)).unwrap();
    }
    let here = home.0.path().canonicalize().unwrap();
    let whole = here.join("notes").display().to_string();
    for (given, written) in [("${workspaceFolder}", "${workspaceFolder}"), ("x/../notes", whole.as_str())] {
        let install = ["install", "--host", "vscode", "--print"];
        let folder = ["--allow-dir", given];
        for arguments in [[&folder[..], &install[..]].concat(), [&install[..], &folder[..]].concat()] {
            let printed: Value = serde_json::from_str(&home.well(&arguments).await.stdout).unwrap();
            assert_eq!(
                printed["servers"]["ollama"]["args"],
                json!(["--allow-dir", written]),
                "{arguments:?}"
            );
        }
    }
    let both = ["--allow-dir", "a", "install", "--host", "vscode", "--print", "--allow-dir", "b"];
    let printed: Value = serde_json::from_str(&home.well(&both).await.stdout).unwrap();
    let folders = ["a", "b"].map(|name| here.join(name).display().to_string());
    let written = json!(["--allow-dir", folders[0], "--allow-dir", folders[1]]);
    assert_eq!(printed["servers"]["ollama"]["args"], written);
    assert!(home.everything().is_empty());
    // Where nobody would fill it in, the server would not start.
    fs::create_dir(home.path(".cursor")).unwrap();
    fs::create_dir(home.path(".gemini")).unwrap();
    let ran = home.run(&["install", "--host", "all", "--allow-dir", "${workspaceFolder}"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("Gemini CLI does not fill in ${workspaceFolder}"), "{}", ran.stderr);
    assert!(home.read(".cursor/mcp.json").contains("${workspaceFolder}"));
    assert!(!home.path(".gemini/settings.json").exists());
}

#[tokio::test]
async fn dry_run_and_print_change_nothing_and_show_no_secret() {
    let home = Home::new();
    home.write(
        ".cursor/mcp.json",
        "{\n  \"mcpServers\": {\n    \"other\": {\n      \"command\": \"x\",\n      \"env\": { \"API_KEY\": \"sesame\" }\n    }\n  }\n}\n",
    );
    let before = home.everything();
    let install = ["install", "--host", "cursor", "--env", "OLLAMA_MCP_AUTH_TOKEN=sesame"];
    let dry = home.well(&[&install[..], &["--dry-run"]].concat()).await;
    for line in ["--- ", "+++ ", "+\"ollama\": {", "+    \"OLLAMA_MCP_AUTH_TOKEN\": \"***\""] {
        assert!(dry.stdout.contains(line), "{line} is not in {}", dry.stdout);
    }
    assert!(!dry.stdout.contains("other"), "of other servers nothing is shown: {}", dry.stdout);
    let print = home.well(&[&install[..], &["--print"]].concat()).await;
    assert!(print.stderr.contains("fill in OLLAMA_MCP_AUTH_TOKEN"), "{}", print.stderr);
    let printed: Value = serde_json::from_str(&print.stdout).unwrap();
    assert_eq!(printed["mcpServers"]["ollama"]["command"], PROGRAM);
    for ran in [&dry, &print] {
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("sesame"), "{}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(home.everything(), before);
    home.well(&install).await;
    let written = home.json(".cursor/mcp.json");
    assert_eq!(written["mcpServers"]["ollama"]["env"]["OLLAMA_MCP_AUTH_TOKEN"], "sesame", "it was asked for");
    let before = home.everything();
    home.well(&["uninstall", "--host", "cursor", "--dry-run"]).await;
    assert_eq!(home.everything(), before);
}

#[tokio::test]
async fn only_given_settings_are_written_and_no_secret() {
    let home = Home::new();
    let environment = [
        ("OLLAMA_HOST", "http://10.0.0.1:11434"),
        ("OLLAMA_MCP_AUTH_TOKEN", "sesame"),
        ("OLLAMA_MCP_LOG", "warn"),
        ("OLLAMA_MCP_LOG_FILE", "log.txt"),
    ];
    let ran =
        home.run_with(&["install", "--host", "cursor", "--model=m", "--env", "A=b=c"], &environment).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("OLLAMA_MCP_AUTH_TOKEN holds a secret"), "{}", ran.stderr);
    let env = home.json(".cursor/mcp.json")["mcpServers"]["ollama"]["env"].clone();
    // The folder of the process, with links resolved as the system tells it.
    let log = home.0.path().canonicalize().unwrap().join("log.txt");
    let expected = json!({ "OLLAMA_HOST": "http://10.0.0.1:11434", "OLLAMA_MODEL": "m", "OLLAMA_MCP_LOG_FILE": log, "A": "b=c" });
    assert_eq!(env, expected, "the default of OLLAMA_MCP_LOG is not written, and a path is made absolute");
}

#[tokio::test]
async fn unparsable_file_is_unchanged_and_error_has_position() {
    for (host, file, text, place) in [
        ("cursor", ".cursor/mcp.json", "{\n  \"mcpServers\": {\n    oops\n", "mcp.json:3:5: "),
        ("codex", ".codex/config.toml", "a = 1\nb = = 2\n", "config.toml:2:5: "),
        ("gemini", ".gemini/settings.json", "{ \"mcpServers\": [] }", "mcpServers must be an object"),
    ] {
        let home = Home::new();
        home.write(file, text);
        let before = home.everything();
        for command in ["install", "uninstall"] {
            let ran = home.run(&[command, "--host", host]).await;
            if command == "uninstall" && host == "gemini" {
                continue;
            }
            assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{command} {host}");
            assert!(ran.stderr.contains(place) && ran.stderr.contains("left as it is"), "{}", ran.stderr);
        }
        assert_eq!(home.everything(), before);
        let list = home.well(&["list-hosts"]).await;
        assert!(list.stdout.contains(place) || host == "gemini", "{}", list.stdout);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn link_mode_and_owner_are_preserved() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
    let home = Home::new();
    home.write("dotfiles/cursor.json", "{ \"mcpServers\": { \"a\": {} } }");
    fs::set_permissions(home.path("dotfiles/cursor.json"), fs::Permissions::from_mode(0o640)).unwrap();
    // Of another user, where this one may do that (as root); its own stays its own.
    let _ = chown(home.path("dotfiles/cursor.json"), Some(12345), Some(12345));
    let owner = |file: &std::path::Path| fs::metadata(file).map(|found| (found.uid(), found.gid())).unwrap();
    let owners = owner(&home.path("dotfiles/cursor.json"));
    fs::create_dir(home.path(".cursor")).unwrap();
    symlink("../dotfiles/cursor.json", home.path(".cursor/mcp.json")).unwrap();
    home.well(&["install", "--host", "cursor"]).await;
    assert!(fs::symlink_metadata(home.path(".cursor/mcp.json")).unwrap().is_symlink());
    assert!(home.read("dotfiles/cursor.json").contains("ollama"));
    let backups = home.backups(".cursor/mcp.json");
    assert_eq!(backups.len(), 1);
    assert_eq!([&home.path("dotfiles/cursor.json"), &backups[0]].map(|file| owner(file)), [owners, owners]);
    for file in [&home.path("dotfiles/cursor.json"), &backups[0]] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o640, "{}", file.display());
    }
    let rest: Vec<_> = fs::read_dir(home.path("dotfiles")).unwrap().collect();
    assert_eq!(rest.len(), 1, "nothing temporary is left: {rest:?}");
    // What is read-only was meant to be.
    fs::set_permissions(home.path("dotfiles/cursor.json"), fs::Permissions::from_mode(0o444)).unwrap();
    let refused = home.run(&["uninstall", "--host", "cursor"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("it is read-only"), "{}", refused.stderr);
    assert_eq!(home.backups(".cursor/mcp.json").len(), 1);
    // A link to nothing yet.
    fs::create_dir(home.path(".gemini")).unwrap();
    symlink("../dotfiles/gemini.json", home.path(".gemini/settings.json")).unwrap();
    home.well(&["install", "--host", "gemini"]).await;
    assert!(home.read("dotfiles/gemini.json").contains("ollama"));
}

#[tokio::test]
async fn byte_order_mark_and_crlf_are_preserved() {
    let home = Home::new();
    home.write(".cursor/mcp.json", "\u{feff}{\r\n  \"mcpServers\": {\r\n    \"a\": {}\r\n  }\r\n}\r\n");
    let before = home.read(".cursor/mcp.json");
    home.well(&["install", "--host", "cursor"]).await;
    let with = home.read(".cursor/mcp.json");
    assert!(with.starts_with('\u{feff}') && with.contains("ollama"), "{with:?}");
    assert_eq!(with.matches('\n').count(), with.matches("\r\n").count());
    home.well(&["uninstall", "--host", "cursor"]).await;
    assert_eq!(home.read(".cursor/mcp.json"), before);
}

#[tokio::test]
async fn all_selects_every_detected_host() {
    let home = Home::new();
    let none = home.run(&["install", "--host", "all"]).await;
    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains("no host was found"), "{}", none.stderr);
    fs::create_dir(home.path(".cursor")).unwrap();
    home.write(".codex/config.toml", "");
    home.write(".gemini/settings.json", "{ oops");
    let ran = home.run(&["install", "--host", "all"]).await;
    assert_eq!(ran.code, Some(1), "one of them could not be done");
    assert!(ran.stderr.contains("settings.json:1:3"), "{}", ran.stderr);
    assert!(home.read(".cursor/mcp.json").contains(PROGRAM));
    assert!(home.read(".codex/config.toml").contains("[mcp_servers.ollama]"));
    assert!(!home.path(".lmstudio").exists() && !home.path(".claude.json").exists());
    home.write(".gemini/settings.json", "{}");
    home.well(&["uninstall", "--host", "all"]).await;
    assert!(!home.path(".cursor/mcp.json").exists());
}

#[tokio::test]
async fn project_file_is_written_with_warning() {
    let home = Home::new();
    for (host, file) in [("vscode", ".vscode/mcp.json"), ("claude-code", ".mcp.json")] {
        let ran = home.well(&["install", "--host", host, "--scope", "workspace"]).await;
        assert!(ran.stderr.contains("may be committed"), "{}", ran.stderr);
        assert!(home.read(file).contains(PROGRAM));
        let list = home.well(&["list-hosts"]).await;
        assert!(list.stdout.contains(file) && list.stdout.contains(PROGRAM), "{}", list.stdout);
    }
    let ran = home.run(&["install", "--host", "claude-desktop", "--scope", "project"]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("no file for a single project"), "{}", ran.stderr);
}

#[tokio::test]
async fn jetbrains_gets_a_text_to_paste() {
    let home = Home::new();
    let ran = home.well(&["install", "--host", "jetbrains", "--name", "local"]).await;
    let text: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(text["mcpServers"]["local"]["command"], PROGRAM);
    assert!(ran.stderr.contains("Model Context Protocol (MCP)"), "{}", ran.stderr);
    assert!(home.everything().is_empty());
    let list = home.well(&["list-hosts"]).await.stdout;
    assert!(
        list.contains("JetBrains AI Assistant [jetbrains, user] (not found here)\n  no file: "),
        "{list}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn program_path_keeps_link() {
    let home = Home::new();
    fs::create_dir(home.path("bin")).unwrap();
    let link = home.path("bin/ollama-mcp");
    std::os::unix::fs::symlink(PROGRAM, &link).unwrap();
    let mut linked = tokio::process::Command::new(&link);
    linked.args(["install", "--host", "cursor", "--print"]).env("HOME", home.0.path());
    let by_path = {
        let mut command = tokio::process::Command::new("ollama-mcp");
        command.args(["install", "--host", "cursor", "--print"]).env("HOME", home.0.path());
        command.env("PATH", home.path("bin"));
        command
    };
    for mut command in [linked, by_path] {
        let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(printed["mcpServers"]["ollama"]["command"], json!(link));
    }
}

#[tokio::test]
async fn wrong_usage_exits_2_and_writes_nothing() {
    let home = Home::new();
    for arguments in [
        &["install"][..],
        &["install", "--host", "emacs"],
        &["install", "--host", "cursor", "--env", "sesame"],
        &["install", "--host", "cursor", "--env", "OLLAMA_MCP_LGO=info"],
        &["install", "--host", "cursor", "--ollama-host", "http://[oops"],
        &["install", "--host", "cursor", "--name", ""],
        &["install", "--host", "cursor", "--print", "--dry-run"],
        &["install", "--host", "cursor", "--env", "OLLAMA_MCP_LOG=chatty"],
        &["install", "--host", "zed", "--print", "--allow-dir", "${workspaceFolder}"],
        &["install", "--host", "cursor", "--allow-dir", "nope"],
        &["install", "--host", "VSCode"],
        &["install", "vscode", "--host", "vscode"],
        &["uninstall", "--host", "jetbrains"],
        &["uninstall", "--host", "cursor", "--name", ""],
        &["uninstall", "--host", "lmstudio", "--scope", "project"],
    ] {
        let ran = home.run(arguments).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.is_empty() && !ran.stderr.contains("sesame"), "{}", ran.stderr);
    }
    assert!(home.everything().is_empty());
}
