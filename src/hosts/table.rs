//! All that is known of hosts: their files on each system, how an entry looks, and where that is from.

use super::prose::{self, Prose};

/// What some hosts replace by the folder that is open.
pub const WORKSPACE: &str = "${workspaceFolder}";

/// A program that starts MCP servers.
#[derive(Debug)]
pub struct Host {
    /// Its name for `--host`.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// How its file is written.
    pub format: Format,
    /// The key of the file that holds the servers.
    pub key: &'static str,
    /// What an entry has beside command, arguments and environment.
    pub fields: &'static [(&'static str, &'static str)],
    /// The user's file; the first that is there counts, else the first. None where there is no file to write.
    pub user: &'static [Place],
    /// The file of a project, below its folder.
    pub project: Option<&'static str>,
    /// A variable that moves the user's file to the folder it names.
    pub variable: Option<&'static str>,
    /// Files and folders that tell of the host beside its own file.
    pub traces: &'static [&'static str],
    /// Where all of this is from.
    pub source: &'static str,
    /// What people should know.
    pub prose: Prose,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON; comments are read and kept.
    Json,
    /// TOML.
    Toml,
}

/// A path on each system, from `~`, `$config` (`XDG_CONFIG_HOME`), `$appdata` or `$local` on; `*` at the end
/// of a name stands for the rest of it. Empty where there is none.
#[derive(Debug)]
pub struct Place {
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

    /// Whether it fills in [`WORKSPACE`]. The others hand it on as it is, and the server would not start.
    pub fn knows_the_workspace(&self) -> bool {
        matches!(self.id, "vscode" | "cursor")
    }

    /// Whether it has a file that can be written.
    pub fn has_file(&self) -> bool {
        !self.user.is_empty()
    }
}

const STDIO: &[(&str, &str)] = &[("type", "stdio")];

/// The same below the home directory on every system.
const fn at_home(path: &'static str) -> Place {
    Place { linux: path, macos: path, windows: path }
}

/// Every host, in the order of the documentation.
pub static HOSTS: &[Host] = &[
    Host {
        id: "vscode",
        title: "VS Code",
        format: Format::Json,
        key: "servers",
        fields: STDIO,
        user: &[Place {
            linux: "$config/Code/User/mcp.json",
            macos: "~/Library/Application Support/Code/User/mcp.json",
            windows: "$appdata/Code/User/mcp.json",
        }],
        project: Some(".vscode/mcp.json"),
        variable: None,
        traces: &[],
        source: "code.visualstudio.com/docs/agents/reference/mcp-configuration; the user's folder: docs/configure/settings",
        prose: prose::VSCODE,
    },
    Host {
        id: "claude-desktop",
        title: "Claude Desktop",
        format: Format::Json,
        key: "mcpServers",
        fields: &[],
        user: &[
            // The Windows package sees a copy of its own of %APPDATA%.
            Place {
                linux: "",
                macos: "",
                windows: "$local/Packages/Claude_*/LocalCache/Roaming/Claude/claude_desktop_config.json",
            },
            Place {
                linux: "$config/Claude/claude_desktop_config.json",
                macos: "~/Library/Application Support/Claude/claude_desktop_config.json",
                windows: "$appdata/Claude/claude_desktop_config.json",
            },
        ],
        project: None,
        variable: None,
        traces: &[],
        source: "modelcontextprotocol.io/docs/develop/connect-local-servers; the Windows package: anthropics/claude-code issue 26073",
        prose: prose::CLAUDE_DESKTOP,
    },
    Host {
        id: "claude-code",
        title: "Claude Code",
        format: Format::Json,
        key: "mcpServers",
        fields: STDIO,
        user: &[at_home("~/.claude.json")],
        project: Some(".mcp.json"),
        variable: Some("CLAUDE_CONFIG_DIR"),
        traces: &["~/.claude"],
        source: "code.claude.com/docs/en/mcp; CLAUDE_CONFIG_DIR: anthropics/claude-code issue 24479",
        prose: prose::CLAUDE_CODE,
    },
    Host {
        id: "cursor",
        title: "Cursor",
        format: Format::Json,
        key: "mcpServers",
        fields: STDIO,
        user: &[at_home("~/.cursor/mcp.json")],
        project: Some(".cursor/mcp.json"),
        variable: None,
        traces: &[],
        source: "cursor.com/docs/mcp.md",
        prose: prose::CURSOR,
    },
    Host {
        id: "windsurf",
        title: "Windsurf (Devin Desktop)",
        format: Format::Json,
        key: "mcpServers",
        fields: &[],
        user: &[
            Place {
                linux: "~/.config/devin/mcp_config.json",
                macos: "~/.config/devin/mcp_config.json",
                windows: "$appdata/devin/mcp_config.json",
            },
            at_home("~/.codeium/windsurf/mcp_config.json"),
        ],
        project: Some(".devin/mcp_config.json"),
        variable: None,
        traces: &[],
        source: "docs.devin.ai/cli/extensibility/mcp/configuration (this file since Devin 3000.3); the older one: docs.devin.ai/desktop/cascade/mcp",
        prose: prose::WINDSURF,
    },
    Host {
        id: "zed",
        title: "Zed",
        format: Format::Json,
        key: "context_servers",
        fields: &[],
        user: &[Place {
            linux: "$config/zed/settings.json",
            macos: "~/.config/zed/settings.json",
            windows: "$appdata/Zed/settings.json",
        }],
        project: Some(".zed/settings.json"),
        variable: None,
        traces: &[],
        source: "zed.dev/docs/ai/mcp; folders: zed-industries/zed crates/paths; no `source` key: its pull request 62818",
        prose: prose::ZED,
    },
    Host {
        id: "gemini",
        title: "Gemini CLI",
        format: Format::Json,
        key: "mcpServers",
        fields: &[],
        user: &[at_home("~/.gemini/settings.json")],
        project: Some(".gemini/settings.json"),
        variable: None,
        traces: &[],
        source: "google-gemini/gemini-cli docs/tools/mcp-server.md, docs/cli/configuration.md",
        prose: prose::GEMINI,
    },
    Host {
        id: "codex",
        title: "Codex",
        format: Format::Toml,
        key: "mcp_servers",
        fields: &[],
        user: &[at_home("~/.codex/config.toml")],
        project: Some(".codex/config.toml"),
        variable: Some("CODEX_HOME"),
        traces: &[],
        source: "developers.openai.com/codex/mcp; openai/codex docs/config.md",
        prose: prose::CODEX,
    },
    Host {
        id: "lmstudio",
        title: "LM Studio",
        format: Format::Json,
        key: "mcpServers",
        fields: &[],
        user: &[at_home("~/.lmstudio/mcp.json"), at_home("~/.cache/lm-studio/mcp.json")],
        project: None,
        variable: None,
        traces: &[],
        source: "lmstudio.ai/docs/app/mcp; the older folder: lmstudio-ai/lmstudio-bug-tracker issue 1371",
        prose: prose::LMSTUDIO,
    },
    Host {
        id: "jetbrains",
        title: "JetBrains AI Assistant",
        format: Format::Json,
        key: "mcpServers",
        fields: &[],
        user: &[],
        project: None,
        variable: None,
        traces: &[],
        source: "jetbrains.com/help/ai-assistant/mcp.html",
        prose: prose::JETBRAINS,
    },
];
