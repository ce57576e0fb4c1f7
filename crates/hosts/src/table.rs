//! All that is known of hosts: their files on each system, how an entry looks, and where that is from.

use super::docs::{self, HostDocs};

/// What some hosts replace by the folder that is open.
pub const WORKSPACE: &str = "${workspaceFolder}";

/// A program that starts MCP servers.
#[derive(Debug)]
pub struct Host {
    /// Its name for `--host`.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Other names that people try for `--host`, in letters and digits alone, lower case.
    pub aliases: &'static [&'static str],
    /// How its file is written.
    pub format: Format,
    /// The key of the file that holds the servers.
    pub key: &'static str,
    /// How an entry names its program.
    pub shape: Shape,
    /// What an entry has beside command, arguments and environment.
    pub fields: &'static [(&'static str, &'static str)],
    /// The user's file; the first that is there counts, else the first. None where there is no file to write.
    pub user: &'static [ConfigPath],
    /// Whether all of them count that are there, since each is read by another edition of the program.
    pub all_paths: bool,
    /// The file of a project, below its folder.
    pub project: Option<&'static str>,
    /// A variable that moves the user's file to the folder it names.
    pub variable: Option<&'static str>,
    /// Files and folders that tell of the host beside its own file.
    pub traces: &'static [&'static str],
    /// Where all of this is from.
    pub source: &'static str,
    /// What people should know.
    pub docs: HostDocs,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON; comments are read and kept.
    Json,
    /// TOML.
    Toml,
}

/// How an entry names its program and its variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `command`, `args` and `env`.
    CommandAndArgs,
    /// `command` is a list of the program and its arguments, and the variables are `environment`.
    CommandList,
}

impl Shape {
    /// The field of the variables.
    pub(super) fn env(self) -> &'static str {
        match self {
            Self::CommandAndArgs => "env",
            Self::CommandList => "environment",
        }
    }
}

/// A path on each system, from `~`, `$config` (`XDG_CONFIG_HOME`), `$appdata` or `$local` on; `*` at the end
/// of a name stands for the rest of it. Empty where there is none.
#[derive(Debug)]
pub struct ConfigPath {
    /// On Linux.
    pub linux: &'static str,
    /// On macOS.
    pub macos: &'static str,
    /// On Windows.
    pub windows: &'static str,
}

impl Host {
    /// The host of this name.
    pub fn of(id: &str) -> Option<&'static Self> {
        HOSTS.iter().find(|host| host.id == id)
    }

    /// The hosts that a name may stand for which is none of theirs; the likeliest first.
    pub fn meant_by(name: &str) -> Vec<&'static str> {
        let plain = |name: &str| {
            name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
        };
        let given = plain(name);
        let names = |host: &'static Self| {
            [plain(host.id), plain(host.title)]
                .into_iter()
                .chain(host.aliases.iter().map(|&name| name.to_owned()))
        };
        let known: Vec<_> =
            HOSTS.iter().filter(|host| names(host).any(|name| name == given)).map(|host| host.id).collect();
        if !known.is_empty() || given.len() > 32 {
            return known;
        }
        let distance = |host: &'static Self| {
            let distances = names(host).map(|name| (strsim::damerau_levenshtein(&given, &name), name.len()));
            // A third of the letters may be wrong; beyond that the hint misleads.
            distances.filter(|(distance, length)| *distance <= length / 3).map(|(distance, _)| distance).min()
        };
        let nearest =
            HOSTS.iter().filter_map(|host| Some((distance(host)?, host.id))).min_by_key(|(d, _)| *d);
        nearest.map(|(_, id)| id).into_iter().collect()
    }

    /// Whether it fills in [`WORKSPACE`]. The others hand it on as it is, and the server would not start.
    pub fn knows_the_workspace(&self) -> bool {
        matches!(self.id, "vscode" | "vscode-insiders" | "cursor")
    }

    /// Whether it has a file that can be written.
    pub fn has_file(&self) -> bool {
        !self.user.is_empty()
    }
}

const STDIO: &[(&str, &str)] = &[("type", "stdio")];

/// The same on every system.
const fn everywhere(path: &'static str) -> ConfigPath {
    ConfigPath { linux: path, macos: path, windows: path }
}

/// Every host, in the order of the documentation.
pub static HOSTS: &[Host] = &[
    Host {
        id: "vscode",
        title: "VS Code",
        aliases: &["code", "visualstudiocode"],
        format: Format::Json,
        key: "servers",
        shape: Shape::CommandAndArgs,
        fields: STDIO,
        user: &[ConfigPath {
            linux: "$config/Code/User/mcp.json",
            macos: "~/Library/Application Support/Code/User/mcp.json",
            windows: "$appdata/Code/User/mcp.json",
        }],
        all_paths: false,
        project: Some(".vscode/mcp.json"),
        variable: None,
        traces: &[],
        source: "code.visualstudio.com/docs/agents/reference/mcp-configuration; the user's folder: docs/configure/settings",
        docs: docs::VSCODE,
    },
    Host {
        id: "vscode-insiders",
        title: "VS Code Insiders",
        aliases: &["insiders", "codeinsiders"],
        format: Format::Json,
        key: "servers",
        shape: Shape::CommandAndArgs,
        fields: STDIO,
        user: &[ConfigPath {
            linux: "$config/Code - Insiders/User/mcp.json",
            macos: "~/Library/Application Support/Code - Insiders/User/mcp.json",
            windows: "$appdata/Code - Insiders/User/mcp.json",
        }],
        all_paths: false,
        project: Some(".vscode/mcp.json"),
        variable: None,
        traces: &[],
        source: "as VS Code; the folder: code.visualstudio.com/docs/configure/settings",
        docs: docs::VSCODE_INSIDERS,
    },
    Host {
        id: "claude-desktop",
        title: "Claude Desktop",
        aliases: &["claude", "claudeapp"],
        format: Format::Json,
        key: "mcpServers",
        shape: Shape::CommandAndArgs,
        fields: &[],
        user: &[
            // The Windows package sees a copy of its own of %APPDATA%.
            ConfigPath {
                linux: "",
                macos: "",
                windows: "$local/Packages/Claude_*/LocalCache/Roaming/Claude/claude_desktop_config.json",
            },
            ConfigPath {
                linux: "$config/Claude/claude_desktop_config.json",
                macos: "~/Library/Application Support/Claude/claude_desktop_config.json",
                windows: "$appdata/Claude/claude_desktop_config.json",
            },
        ],
        all_paths: false,
        project: None,
        variable: None,
        traces: &[],
        source: "modelcontextprotocol.io/docs/develop/connect-local-servers; the Windows package: anthropics/claude-code issue 26073",
        docs: docs::CLAUDE_DESKTOP,
    },
    Host {
        id: "claude-code",
        title: "Claude Code",
        aliases: &["claude", "claudecli"],
        format: Format::Json,
        key: "mcpServers",
        shape: Shape::CommandAndArgs,
        fields: STDIO,
        user: &[everywhere("~/.claude.json")],
        all_paths: false,
        project: Some(".mcp.json"),
        variable: Some("CLAUDE_CONFIG_DIR"),
        traces: &["~/.claude"],
        source: "code.claude.com/docs/en/mcp; CLAUDE_CONFIG_DIR: anthropics/claude-code issue 24479",
        docs: docs::CLAUDE_CODE,
    },
    Host {
        id: "cursor",
        title: "Cursor",
        aliases: &["cursorai"],
        format: Format::Json,
        key: "mcpServers",
        shape: Shape::CommandAndArgs,
        fields: STDIO,
        user: &[everywhere("~/.cursor/mcp.json")],
        all_paths: false,
        project: Some(".cursor/mcp.json"),
        variable: None,
        traces: &[],
        source: "cursor.com/docs/mcp.md",
        docs: docs::CURSOR,
    },
    Host {
        id: "windsurf",
        title: "Windsurf (Devin Desktop)",
        aliases: &["devin", "devindesktop", "codeium"],
        format: Format::Json,
        key: "mcpServers",
        shape: Shape::CommandAndArgs,
        fields: &[],
        user: &[
            ConfigPath {
                linux: "~/.config/devin/mcp_config.json",
                macos: "~/.config/devin/mcp_config.json",
                windows: "$appdata/devin/mcp_config.json",
            },
            everywhere("~/.codeium/windsurf/mcp_config.json"),
        ],
        all_paths: true,
        project: Some(".devin/mcp_config.json"),
        variable: None,
        traces: &[],
        source: "docs.devin.ai/cli/extensibility/mcp/configuration (this file since Devin 3000.3); the older one: docs.devin.ai/desktop/cascade/mcp",
        docs: docs::WINDSURF,
    },
    Host {
        id: "zed",
        title: "Zed",
        aliases: &["zededitor"],
        format: Format::Json,
        key: "context_servers",
        shape: Shape::CommandAndArgs,
        fields: &[],
        user: &[ConfigPath {
            linux: "$config/zed/settings.json",
            macos: "~/.config/zed/settings.json",
            windows: "$appdata/Zed/settings.json",
        }],
        all_paths: false,
        project: Some(".zed/settings.json"),
        variable: None,
        traces: &[],
        source: "zed.dev/docs/ai/mcp; folders: zed-industries/zed crates/paths; no `source` key: its pull request 62818",
        docs: docs::ZED,
    },
    Host {
        id: "gemini",
        title: "Gemini CLI",
        aliases: &["geminicli", "google"],
        format: Format::Json,
        key: "mcpServers",
        shape: Shape::CommandAndArgs,
        fields: &[],
        user: &[everywhere("~/.gemini/settings.json")],
        all_paths: false,
        project: Some(".gemini/settings.json"),
        variable: None,
        traces: &[],
        source: "google-gemini/gemini-cli docs/tools/mcp-server.md, docs/cli/configuration.md",
        docs: docs::GEMINI,
    },
    Host {
        id: "qwen",
        title: "Qwen Code",
        aliases: &["qwencode", "qwencli"],
        format: Format::Json,
        key: "mcpServers",
        shape: Shape::CommandAndArgs,
        fields: &[],
        user: &[everywhere("~/.qwen/settings.json")],
        all_paths: false,
        project: Some(".qwen/settings.json"),
        variable: Some("QWEN_HOME"),
        traces: &[],
        source: "qwenlm.github.io/qwen-code-docs/en/users/features/mcp; QWEN_HOME: QwenLM/qwen-code packages/core/src/config/storage.ts",
        docs: docs::QWEN,
    },
    Host {
        id: "opencode",
        title: "opencode",
        aliases: &["opencodeai", "sst"],
        format: Format::Json,
        key: "mcp",
        shape: Shape::CommandList,
        fields: &[("type", "local")],
        // Of the two the later is read last, and counts; the folder is the same on every system.
        user: &[everywhere("$config/opencode/opencode.jsonc"), everywhere("$config/opencode/opencode.json")],
        all_paths: false,
        project: Some("opencode.json"),
        variable: None,
        traces: &[],
        source: "opencode.ai/docs/mcp-servers, opencode.ai/docs/config",
        docs: docs::OPENCODE,
    },
    Host {
        id: "codex",
        title: "Codex",
        aliases: &["codexcli", "openai", "chatgpt"],
        format: Format::Toml,
        key: "mcp_servers",
        shape: Shape::CommandAndArgs,
        fields: &[],
        user: &[everywhere("~/.codex/config.toml")],
        all_paths: false,
        project: Some(".codex/config.toml"),
        variable: Some("CODEX_HOME"),
        traces: &[],
        source: "developers.openai.com/codex/mcp; openai/codex docs/config.md",
        docs: docs::CODEX,
    },
    Host {
        id: "lmstudio",
        title: "LM Studio",
        aliases: &["lms"],
        format: Format::Json,
        key: "mcpServers",
        shape: Shape::CommandAndArgs,
        fields: &[],
        user: &[everywhere("~/.lmstudio/mcp.json"), everywhere("~/.cache/lm-studio/mcp.json")],
        all_paths: false,
        project: None,
        variable: None,
        traces: &[],
        source: "lmstudio.ai/docs/app/mcp; the older folder: lmstudio-ai/lmstudio-bug-tracker issue 1371",
        docs: docs::LMSTUDIO,
    },
    Host {
        id: "jetbrains",
        title: "JetBrains AI Assistant",
        aliases: &["intellij", "idea", "pycharm", "webstorm", "goland", "rustrover"],
        format: Format::Json,
        key: "mcpServers",
        shape: Shape::CommandAndArgs,
        fields: &[],
        user: &[],
        all_paths: false,
        project: None,
        variable: None,
        traces: &["$config/JetBrains", "~/Library/Application Support/JetBrains", "$appdata/JetBrains"],
        source: "jetbrains.com/help/ai-assistant/mcp.html",
        docs: docs::JETBRAINS,
    },
];
