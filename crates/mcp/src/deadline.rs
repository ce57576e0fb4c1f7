//! How long a call may take before its host stops waiting for it.
//!
//! Most hosts give up after a fixed time, whatever progress comes, and what arrives later is lost.
//! So a call returns a little before that with what there is, and the completion goes on.

use std::time::Duration;

use rmcp::service::{RequestContext, RoleServer};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use settings::CallDeadline;

/// Hosts that are not known: the default of the official TypeScript SDK, which most are built on.
const UNKNOWN: Duration = Duration::from_secs(60);

/// A host, by the name that it gives of itself.
struct Host {
    title: &'static str,
    /// What its `clientInfo.name` begins with, in letters and digits alone, lower case.
    names: &'static [&'static str],
    /// When it stops waiting; `None` where it waits.
    limit: Option<Duration>,
    /// Whether progress makes it wait as long again. A call sends signs of life more often than that.
    restarts: bool,
    source: &'static str,
}

const HOSTS: &[Host] = &[
    Host {
        title: "Claude Desktop",
        names: &["claudeai", "claudedesktop"],
        limit: Some(Duration::from_secs(60)),
        restarts: false,
        source: "anthropics/claude-code issues 22542, 63379: about 60 s, not configurable",
    },
    Host {
        title: "Claude Code",
        names: &["claudecode"],
        limit: None,
        restarts: false,
        source: "its documentation: MCP_TOOL_TIMEOUT, by default more than a day",
    },
    Host {
        title: "VS Code",
        names: &["visualstudiocode", "vscode"],
        limit: None,
        restarts: false,
        source: "no limit; the user cancels",
    },
    Host {
        title: "Zed",
        names: &["zed"],
        limit: Some(Duration::from_secs(60)),
        restarts: false,
        source: "its context_server client: request timeout of 60 s",
    },
    Host {
        title: "LM Studio",
        names: &["lmstudio"],
        limit: Some(Duration::from_secs(60)),
        restarts: false,
        source: "the TypeScript SDK's default",
    },
    Host {
        title: "Codex",
        names: &["codex"],
        limit: Some(Duration::from_secs(300)),
        restarts: false,
        source: "its configuration: tool_timeout_sec",
    },
    Host {
        title: "Gemini CLI",
        names: &["geminicli"],
        limit: Some(Duration::from_secs(600)),
        restarts: false,
        source: "its configuration: mcpServers.*.timeout, by default 600000 ms",
    },
    Host {
        title: "Qwen Code",
        names: &["qwencli", "qwencode"],
        limit: Some(Duration::from_secs(600)),
        restarts: false,
        source: "its configuration: mcpServers.*.timeout, by default 600000 ms",
    },
    Host {
        title: "opencode",
        names: &["opencode"],
        limit: Some(Duration::from_secs(60)),
        restarts: true,
        source: "packages/opencode/crates/mcp/src/catalog.ts: resetTimeoutOnProgress, with a progress token in each call",
    },
];

/// When a call returns with what there is.
#[derive(Debug, Clone)]
pub(super) struct Deadline {
    at: Option<Instant>,
    /// From then on there is none: the process ends with its calls, and nobody could fetch the rest.
    input_closed: CancellationToken,
}

impl Deadline {
    /// That of a call which begins now; `input_closed` is cancelled at the end of the input.
    pub(super) fn of(
        setting: CallDeadline,
        context: &RequestContext<RoleServer>,
        input_closed: &CancellationToken,
    ) -> Self {
        let at = deadline(setting, context).map(|limit| Instant::now() + limit);
        Self { at, input_closed: input_closed.clone() }
    }

    /// One that the call itself asks for; it holds after the end of the input too.
    pub(super) fn requested(after: Duration) -> Self {
        Self { at: Some(Instant::now() + after), input_closed: CancellationToken::new() }
    }

    /// Resolves when it has passed.
    pub(super) async fn passed(self) {
        if let Some(at) = self.at {
            tokio::select! {
                biased;
                () = self.input_closed.cancelled() => {}
                () = sleep_until(at) => return,
            }
        }
        std::future::pending().await
    }
}

/// How long a call may run; `None` for as long as it takes.
fn deadline(setting: CallDeadline, context: &RequestContext<RoleServer>) -> Option<Duration> {
    match setting {
        CallDeadline::Never => None,
        CallDeadline::After(duration) => Some(duration),
        // Lines by hand name no client: a person or a script, which waits.
        CallDeadline::Auto => {
            for_client(&context.client_info()?.name, context.meta.get_progress_token().is_some())
        }
    }
}

/// When calls return by this setting, host by host; `None` at their end.
pub fn deadlines_in_force(setting: CallDeadline) -> Vec<(&'static str, Option<Duration>)> {
    match setting {
        CallDeadline::Never => vec![("every host", None)],
        CallDeadline::After(duration) => vec![("every host", Some(duration))],
        CallDeadline::Auto => {
            let in_force = |host: &Host| host.limit.filter(|_| !host.restarts).map(less_margin);
            let known = HOSTS.iter().map(|host| (host.title, in_force(host)));
            known.chain([("any other", Some(less_margin(UNKNOWN)))]).collect()
        }
    }
}

fn for_client(name: &str, has_token: bool) -> Option<Duration> {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let known = HOSTS.iter().find(|host| host.names.iter().any(|known| name.starts_with(known)));
    let limit = match known {
        Some(host) if host.restarts && has_token => None,
        Some(host) => host.limit,
        None => Some(UNKNOWN),
    };
    limit.map(less_margin)
}

/// Room for the answer to be made, sent and shown.
fn less_margin(limit: Duration) -> Duration {
    limit - (limit / 20).max(Duration::from_secs(10))
}

/// `docs/deadlines.md`, from the table.
pub fn deadlines_markdown() -> String {
    let mut page = String::from(
        "# Deadlines of calls\n\n<!-- Generated by `cargo test`; edit crates/mcp/src/deadline.rs instead. -->\n\n\
         With `OLLAMA_MCP_CALL_DEADLINE=auto` (the default) a call returns what there is before its host stops waiting, by\n\
         the host's name in `clientInfo`. The completion continues; `get_completion` fetches the rest. After the end of the\n\
         input nobody can fetch it, so calls in flight then wait for their end.\n\n\
         | host | it stops waiting after | a call returns after | source |\n|---|---|---|---|\n",
    );
    for host in HOSTS {
        match host.limit {
            Some(limit) if host.restarts => page.push_str(&format!(
                "| {} | {} s without progress | at the end | {} |\n",
                host.title,
                limit.as_secs(),
                host.source
            )),
            limit => page.push_str(&row(host.title, limit, host.source)),
        }
    }
    page.push_str(&row(
        "any other",
        Some(UNKNOWN),
        "the TypeScript SDK's default request timeout, whatever progress comes",
    ));
    page.push_str("| raw JSON-RPC without a handshake | never | at the end | |\n");
    page
}

fn row(title: &str, limit: Option<Duration>, source: &str) -> String {
    match limit {
        Some(limit) => {
            format!("| {title} | {} s | {} s | {source} |\n", limit.as_secs(), less_margin(limit).as_secs())
        }
        None => format!("| {title} | never | at the end | {source} |\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_recognized_by_client_name() {
        let seconds = |name| for_client(name, true).map(|deadline| deadline.as_secs());
        assert_eq!(seconds("claude-ai"), Some(50));
        assert_eq!(seconds("claude-code"), None);
        assert_eq!(seconds("Visual Studio Code"), None);
        assert_eq!(seconds("Visual Studio Code - Insiders"), None);
        assert_eq!(seconds("Zed"), Some(50));
        assert_eq!(seconds("lm-studio"), Some(50));
        assert_eq!(seconds("codex-mcp-client"), Some(285));
        assert_eq!(seconds("gemini-cli-mcp-client-ollama"), Some(570));
        assert_eq!(seconds("qwen-cli-mcp-client-ollama"), Some(570));
        assert_eq!(seconds("mcp"), Some(50));
        assert_eq!(seconds("opencode"), None, "our signs of life keep it waiting");
        assert_eq!(for_client("opencode", false), Some(Duration::from_secs(50)));
    }

    #[tokio::test]
    async fn end_of_input_removes_deadline() {
        let input_closed = CancellationToken::new();
        let deadline = Deadline { at: Some(Instant::now()), input_closed: input_closed.clone() };
        deadline.clone().passed().await;
        input_closed.cancel();
        let waited = tokio::time::timeout(Duration::from_millis(20), deadline.passed()).await;
        assert!(waited.is_err(), "it has passed, and holds no longer");
        Deadline::requested(Duration::ZERO).passed().await;
    }
}
