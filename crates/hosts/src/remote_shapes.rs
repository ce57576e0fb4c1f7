//! How each host names a server at an address, for the table.

use super::host::{KeyReference, Remote, RemoteShape};

/// `url` and `headers`, where a variable of the environment is `${env:NAME}`.
const fn with_env(source: &'static str) -> RemoteShape {
    RemoteShape {
        url: &["url"],
        fields: &[],
        headers: "headers",
        key: KeyReference::InHeader("${env:", "}"),
        source,
    }
}

pub(super) const VSCODE: Remote = Remote::Entry(RemoteShape {
    fields: &[("type", "http")],
    ..with_env(
        "code.visualstudio.com/docs/copilot/reference/mcp-configuration, docs/reference/variables-reference",
    )
});

pub(super) const CLAUDE_DESKTOP: Remote = Remote::Refused {
    instead: "Install the program itself (without --url), or add an https address that the internet can reach under Settings > \
              Connectors.",
};

pub(super) const CLAUDE_CODE: Remote = Remote::Entry(RemoteShape {
    fields: &[("type", "http")],
    key: KeyReference::InHeader("${", "}"),
    ..with_env("code.claude.com/docs/en/mcp: environment variable expansion")
});

pub(super) const CURSOR: Remote = Remote::Entry(with_env("cursor.com/docs/mcp"));

/// Cascade reads `serverUrl`, Devin `url`.
pub(super) const WINDSURF: Remote = Remote::Entry(RemoteShape {
    url: &["serverUrl", "url"],
    ..with_env("docs.devin.ai/desktop/cascade/mcp, docs.devin.ai/cli/extensibility/mcp/configuration")
});

pub(super) const ZED: Remote =
    Remote::Entry(RemoteShape { key: KeyReference::Impossible, ..with_env("zed.dev/docs/ai/mcp") });

/// Its `url` is for the older transport.
pub(super) const GEMINI: Remote = Remote::Entry(RemoteShape {
    url: &["httpUrl"],
    key: KeyReference::InHeader("${", "}"),
    ..with_env("google-gemini/gemini-cli docs/tools/mcp-server.md")
});

/// As Gemini CLI, from which it was made.
pub(super) const QWEN: Remote = Remote::Entry(RemoteShape {
    url: &["httpUrl"],
    key: KeyReference::InHeader("${", "}"),
    ..with_env("qwenlm.github.io/qwen-code-docs/en/users/features/mcp")
});

pub(super) const OPENCODE: Remote = Remote::Entry(RemoteShape {
    fields: &[("type", "remote")],
    key: KeyReference::InHeader("{env:", "}"),
    ..with_env("opencode.ai/docs/mcp-servers")
});

pub(super) const CODEX: Remote = Remote::Entry(RemoteShape {
    headers: "http_headers",
    key: KeyReference::Field("bearer_token_env_var"),
    ..with_env("developers.openai.com/codex/mcp; openai/codex codex-rs/config/src/mcp_types.rs")
});

pub(super) const LMSTUDIO: Remote =
    Remote::Entry(RemoteShape { key: KeyReference::Impossible, ..with_env("lmstudio.ai/docs/app/mcp") });

pub(super) const JETBRAINS: Remote = Remote::Entry(RemoteShape {
    key: KeyReference::Impossible,
    ..with_env("jetbrains.com/help/ai-assistant/mcp.html")
});
