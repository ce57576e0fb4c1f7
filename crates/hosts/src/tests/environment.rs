//! Where hosts' files are, on each system.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::{Environment, HOSTS, Host, Platform, Scope, Target};

fn environment(platform: Platform, home: &TempDir, variables: &[(&str, &str)]) -> Environment {
    let variables: BTreeMap<_, _> = variables
        .iter()
        .map(|(name, folder)| ((*name).to_owned(), home.path().join(folder).into_os_string()))
        .collect();
    Environment { platform, home: home.path().to_path_buf(), project: home.path().join("project"), variables }
}

/// The user's file of a host, below the home directory, with `/`.
fn file(environment: &Environment, host: &str) -> String {
    files(environment, host).swap_remove(0)
}

/// All files of a user that a host reads.
fn files(environment: &Environment, host: &str) -> Vec<String> {
    let targets = Target::of(Host::of(host).unwrap(), Scope::User, environment).unwrap();
    targets.iter().map(|target| shown(&target.file, &environment.home)).collect()
}

fn shown(file: &Path, home: &Path) -> String {
    let path = file.strip_prefix(home).unwrap_or_else(|_| panic!("{} is not at home", file.display()));
    path.to_str().unwrap().replace('\\', "/")
}

#[test]
fn every_host_has_paths_on_every_system() {
    let files = |platform, variables: &[(&str, &str)]| {
        let home = TempDir::new().unwrap();
        let environment = environment(platform, &home, variables);
        let hosts = HOSTS.iter().filter(|host| host.has_file());
        hosts.map(|host| format!("{}: {}", host.id, file(&environment, host.id))).collect::<Vec<_>>()
    };
    let shared = [
        "claude-code: .claude.json",
        "cursor: .cursor/mcp.json",
        "gemini: .gemini/settings.json",
        "qwen: .qwen/settings.json",
        "codex: .codex/config.toml",
        "lmstudio: .lmstudio/mcp.json",
    ];
    let check = |found: Vec<String>, own: [&str; 6]| {
        for line in own.iter().chain(&shared) {
            assert!(found.iter().any(|found| found == line), "{line} is not in {found:#?}");
        }
        assert_eq!(found.len(), own.len() + shared.len());
    };
    check(
        files(Platform::Linux, &[]),
        [
            "vscode: .config/Code/User/mcp.json",
            "vscode-insiders: .config/Code - Insiders/User/mcp.json",
            "opencode: .config/opencode/opencode.jsonc",
            "claude-desktop: .config/Claude/claude_desktop_config.json",
            "windsurf: .config/devin/mcp_config.json",
            "zed: .config/zed/settings.json",
        ],
    );
    check(
        files(Platform::Linux, &[("XDG_CONFIG_HOME", "xdg")]),
        [
            "vscode: xdg/Code/User/mcp.json",
            "vscode-insiders: xdg/Code - Insiders/User/mcp.json",
            "opencode: xdg/opencode/opencode.jsonc",
            "claude-desktop: xdg/Claude/claude_desktop_config.json",
            "windsurf: .config/devin/mcp_config.json",
            "zed: xdg/zed/settings.json",
        ],
    );
    check(
        files(Platform::MacOs, &[]),
        [
            "vscode: Library/Application Support/Code/User/mcp.json",
            "vscode-insiders: Library/Application Support/Code - Insiders/User/mcp.json",
            "opencode: .config/opencode/opencode.jsonc",
            "claude-desktop: Library/Application Support/Claude/claude_desktop_config.json",
            "windsurf: .config/devin/mcp_config.json",
            "zed: .config/zed/settings.json",
        ],
    );
    let windows = |appdata: &str| {
        [
            "vscode: A/Code/User/mcp.json",
            "vscode-insiders: A/Code - Insiders/User/mcp.json",
            "opencode: .config/opencode/opencode.jsonc",
            "claude-desktop: A/Claude/claude_desktop_config.json",
            "windsurf: A/devin/mcp_config.json",
            "zed: A/Zed/settings.json",
        ]
        .map(|line| line.replace("A/", &format!("{appdata}/")))
    };
    let own = windows("AppData/Roaming");
    check(files(Platform::Windows, &[]), own.each_ref().map(String::as_str));
    let own = windows("moved");
    check(files(Platform::Windows, &[("APPDATA", "moved")]), own.each_ref().map(String::as_str));
}

#[test]
fn packaged_claude_desktop_is_found() {
    let home = TempDir::new().unwrap();
    let environment = environment(Platform::Windows, &home, &[]);
    let plain = "AppData/Roaming/Claude/claude_desktop_config.json";
    fs::create_dir_all(home.path().join("AppData/Roaming/Claude")).unwrap();
    assert_eq!(file(&environment, "claude-desktop"), plain);
    let package = "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude";
    fs::create_dir_all(home.path().join(package)).unwrap();
    assert_eq!(file(&environment, "claude-desktop"), format!("{package}/claude_desktop_config.json"));
}

#[test]
fn every_installed_windsurf_edition_has_its_file() {
    let home = TempDir::new().unwrap();
    let environment = environment(Platform::Linux, &home, &[]);
    fs::create_dir_all(home.path().join(".codeium/windsurf")).unwrap();
    assert_eq!(files(&environment, "windsurf"), [".codeium/windsurf/mcp_config.json"]);
    fs::create_dir_all(home.path().join(".config/devin")).unwrap();
    assert_eq!(
        files(&environment, "windsurf"),
        [".config/devin/mcp_config.json", ".codeium/windsurf/mcp_config.json"]
    );
}

#[test]
fn existing_file_of_two_names_is_used() {
    let home = TempDir::new().unwrap();
    let environment = environment(Platform::Linux, &home, &[]);
    fs::create_dir_all(home.path().join(".config/opencode")).unwrap();
    assert_eq!(files(&environment, "opencode"), [".config/opencode/opencode.jsonc"]);
    fs::write(home.path().join(".config/opencode/opencode.json"), "{}").unwrap();
    assert_eq!(files(&environment, "opencode"), [".config/opencode/opencode.json"]);
    fs::write(home.path().join(".config/opencode/opencode.jsonc"), "{}").unwrap();
    assert_eq!(files(&environment, "opencode"), [".config/opencode/opencode.jsonc"]);
}

#[test]
fn near_names_of_hosts_are_suggested() {
    for (given, meant) in [
        ("VSCode", &["vscode"][..]),
        ("code", &["vscode"]),
        ("vs-code", &["vscode"]),
        ("Code Insiders", &["vscode-insiders"]),
        ("claude", &["claude-desktop", "claude-code"]),
        ("gemini-cli", &["gemini"]),
        ("windsurv", &["windsurf"]),
        ("emacs", &[]),
        ("all the hosts that there are, and a name of many more letters", &[]),
    ] {
        assert_eq!(Host::meant_by(given), meant, "{given}");
    }
}

#[test]
fn host_variables_move_files() {
    let home = TempDir::new().unwrap();
    let environment = environment(
        Platform::Linux,
        &home,
        &[("CODEX_HOME", "codex"), ("CLAUDE_CONFIG_DIR", "claude"), ("QWEN_HOME", "qwen")],
    );
    assert_eq!(file(&environment, "codex"), "codex/config.toml");
    assert_eq!(file(&environment, "claude-code"), "claude/.claude.json");
    assert_eq!(file(&environment, "qwen"), "qwen/settings.json");
}

#[test]
fn host_is_found_by_folder_and_not_by_home() {
    let home = TempDir::new().unwrap();
    let environment = environment(Platform::Linux, &home, &[]);
    assert!(HOSTS.iter().all(|host| !environment.has(host)));
    fs::create_dir_all(home.path().join(".claude")).unwrap();
    fs::create_dir_all(home.path().join(".cursor")).unwrap();
    let found: Vec<_> = HOSTS.iter().filter(|host| environment.has(host)).map(|host| host.id).collect();
    assert_eq!(found, ["claude-code", "cursor"]);
}

#[test]
fn project_files_are_found() {
    let home = TempDir::new().unwrap();
    let environment = environment(Platform::Windows, &home, &[]);
    let file = |host| {
        let target = Target::of(Host::of(host).unwrap(), Scope::Project, &environment);
        target.map(|targets| shown(&targets[0].file, &environment.home))
    };
    assert_eq!(file("vscode").unwrap(), "project/.vscode/mcp.json");
    assert_eq!(file("claude-code").unwrap(), "project/.mcp.json");
    assert!(file("claude-desktop").unwrap_err().to_string().contains("no file for a single project"));
}

#[test]
fn clients_are_recognized_by_the_start_of_their_names() {
    for (client, host) in [
        ("claude-ai", Some("claude-desktop")),
        ("Visual Studio Code - Insiders", Some("vscode")),
        ("gemini-cli-mcp-client-ollama", Some("gemini")),
        ("mcp", None),
    ] {
        assert_eq!(Host::of_client(client).map(|host| host.id), host, "{client}");
    }
}
