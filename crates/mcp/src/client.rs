//! An MCP client, for `try` and `doctor`: starts a server as a host does, and calls it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rmcp::ServiceExt as _;
use rmcp::handler::client::ClientHandler;
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, Implementation, JsonObject,
    NotificationMetaObject, ProgressNotificationParam,
};
use rmcp::service::{NotificationContext, RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;
use tokio::sync::mpsc;

use super::progress::{CHANNEL, DELTA};

/// The tool that checks the model server.
const HEALTH: &str = "health_check";

/// Why a server could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Its process could not be started.
    #[error("the server could not be started: {0}")]
    Start(#[from] std::io::Error),
    /// It did not answer the handshake.
    #[error("the handshake failed: {0}")]
    Handshake(String),
    /// A request failed.
    #[error("{method} failed: {reason}")]
    Request { method: &'static str, reason: String },
    /// It did not answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Silent(Duration),
}

/// A progress notification of this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// `content`, `thinking` or `status`.
    pub channel: String,
    /// The exact new text; for `status`, the message.
    pub text: String,
}

/// A tool's answer.
#[derive(Debug, Clone)]
pub struct ToolAnswer {
    pub text: String,
    pub structured: Value,
    pub is_error: bool,
}

/// The server's name, version and protocol.
#[derive(Debug, Clone)]
pub struct Introduction {
    pub name: String,
    pub version: String,
    /// The negotiated revision.
    pub protocol: String,
}

/// The result of [`visit`].
#[derive(Debug, Clone)]
pub struct Visit {
    pub introduction: Option<Introduction>,
    /// The names of its tools.
    pub tools: Vec<String>,
    /// Time from its start to its list of tools.
    pub took: Duration,
    /// Why its model server is not reached, and what to do, by its `health_check`; `None`: it is reached, or there is no such
    /// tool.
    pub unreachable: Option<(String, Option<String>)>,
}

/// Starts `command`, initializes, lists the tools, calls `health_check` and closes. Its stderr is reported only if it fails.
///
/// # Errors
/// Any [`ClientError`]; [`ClientError::Silent`] where the list of tools takes longer than `limit`. `health_check` has as
/// much time again, and is no error.
pub async fn visit(mut command: tokio::process::Command, limit: Duration) -> Result<Visit, ClientError> {
    command.kill_on_drop(true);
    let (transport, stderr) = TokioChildProcess::builder(command).stderr(Stdio::piped()).spawn()?;
    let started = Instant::now();
    let talk = async {
        let client = Client::over(transport).await?;
        let tools = client.tool_names().await?;
        Ok((client, tools, started.elapsed()))
    };
    let talked = tokio::time::timeout(limit, talk).await.unwrap_or(Err(ClientError::Silent(limit)));
    let visited = match talked {
        Ok((mut client, tools, took)) => {
            let introduction = client.introduction();
            let has_health = tools.iter().any(|tool| tool == HEALTH);
            let unreachable = if has_health { client.unreachable(limit).await } else { None };
            client.close().await;
            Ok(Visit { introduction, tools, took, unreachable })
        }
        Err(error) => Err(error),
    };
    match (visited, stderr) {
        (Err(ClientError::Handshake(reason)), Some(stderr)) => {
            Err(ClientError::Handshake(last_words(stderr).await.unwrap_or(reason)))
        }
        (visited, _) => visited,
    }
}

/// The line of stderr that says why a process has ended: the first that begins with `error: `, else the last.
async fn last_words(stderr: ChildStderr) -> Option<String> {
    let mut text = String::new();
    let read = stderr.take(64 * 1024);
    tokio::pin!(read);
    tokio::time::timeout(Duration::from_secs(1), read.read_to_string(&mut text)).await.ok()?.ok()?;
    let error = text.lines().find(|line| line.starts_with("error: "));
    error.or_else(|| text.lines().rfind(|line| !line.trim().is_empty())).map(str::to_owned)
}

/// A connection to a server that runs as a child process.
pub struct Client {
    running: RunningService<RoleClient, Handler>,
    deltas: mpsc::UnboundedReceiver<Delta>,
}

impl Client {
    /// Starts `command` and initializes. Its stderr is this process's.
    ///
    /// # Errors
    /// [`ClientError::Start`] and [`ClientError::Handshake`].
    pub async fn spawn(command: tokio::process::Command) -> Result<Self, ClientError> {
        Self::over(TokioChildProcess::new(command)?).await
    }

    async fn over(transport: TokioChildProcess) -> Result<Self, ClientError> {
        let (sender, deltas) = mpsc::unbounded_channel();
        let running = Handler { sender }
            .serve(transport)
            .await
            .map_err(|error| ClientError::Handshake(error.to_string()))?;
        Ok(Self { running, deltas })
    }

    /// The server's name, version and protocol.
    pub fn introduction(&self) -> Option<Introduction> {
        let info = self.running.peer_info()?;
        let server = info.server_info.as_ref();
        Some(Introduction {
            name: server.map(|server| server.name.clone()).unwrap_or_default(),
            version: server.map(|server| server.version.clone()).unwrap_or_default(),
            protocol: info.protocol_version.to_string(),
        })
    }

    /// The names of its tools.
    ///
    /// # Errors
    /// [`ClientError::Request`].
    pub async fn tool_names(&self) -> Result<Vec<String>, ClientError> {
        let tools = self.running.list_all_tools().await.map_err(|error| failed("tools/list", &error))?;
        Ok(tools.into_iter().map(|tool| tool.name.into_owned()).collect())
    }

    /// Calls a tool; `on_delta` gets its progress.
    ///
    /// # Errors
    /// [`ClientError::Request`]. A tool that fails is an answer.
    pub async fn call(
        &mut self,
        tool: &str,
        arguments: JsonObject,
        mut on_delta: impl FnMut(Delta),
    ) -> Result<ToolAnswer, ClientError> {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let call = self.running.call_tool(params);
        tokio::pin!(call);
        let result = loop {
            tokio::select! {
                biased;
                Some(delta) = self.deltas.recv() => on_delta(delta),
                result = &mut call => break result.map_err(|error| failed("tools/call", &error))?,
            }
        };
        while let Ok(delta) = self.deltas.try_recv() {
            on_delta(delta);
        }
        let texts: Vec<_> =
            result.content.iter().filter_map(|block| Some(block.as_text()?.text.as_str())).collect();
        Ok(ToolAnswer {
            text: texts.join("\n"),
            structured: result.structured_content.unwrap_or_default(),
            is_error: result.is_error == Some(true),
        })
    }

    /// Why the server does not reach its model server, and what to do.
    async fn unreachable(&mut self, limit: Duration) -> Option<(String, Option<String>)> {
        let call = self.call(HEALTH, JsonObject::new(), |_| {});
        let answer = match tokio::time::timeout(limit, call).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Some((error.to_string(), None)),
            Err(_) => return Some((ClientError::Silent(limit).to_string(), None)),
        };
        let field = |name: &str| Some(answer.structured.get(name)?.as_str()?.to_owned());
        let reachable = answer.structured.get("reachable").and_then(Value::as_bool);
        let is_down = answer.is_error || reachable == Some(false);
        is_down.then(|| (field("problem").unwrap_or(answer.text.clone()), field("next_step")))
    }

    /// Closes the connection and waits for the server to end.
    pub async fn close(self) {
        if let Err(error) = self.running.cancel().await {
            tracing::debug!(%error, "the connection did not close cleanly");
        }
    }
}

fn failed(method: &'static str, error: &rmcp::ServiceError) -> ClientError {
    ClientError::Request { method, reason: error.to_string() }
}

struct Handler {
    sender: mpsc::UnboundedSender<Delta>,
}

impl ClientHandler for Handler {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(
            ClientCapabilities::default(),
            Implementation::new("ollama-mcp-try", env!("CARGO_PKG_VERSION")),
        )
    }

    fn on_progress(
        &self,
        params: ProgressNotificationParam,
        context: NotificationContext<RoleClient>,
    ) -> impl Future<Output = ()> + Send + '_ {
        // rmcp moves the `_meta` of a notification to its extensions.
        let meta = context.extensions.get::<NotificationMetaObject>().cloned().unwrap_or_default();
        let text_of = |key: &str| meta.get(key).and_then(Value::as_str).map(str::to_owned);
        let channel = text_of(CHANNEL).unwrap_or_else(|| "status".to_owned());
        let text = text_of(DELTA).or(params.message).unwrap_or_default();
        // The receiver lives as long as the client.
        let _ = self.sender.send(Delta { channel, text });
        std::future::ready(())
    }
}
