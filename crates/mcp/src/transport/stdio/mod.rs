//! The line transport: one JSON-RPC message per line, over any pair of byte streams.
//!
//! It runs below rmcp's service loop, as a reader and a writer task with bounded queues: rmcp polls `receive` inside a
//! `select!` and may drop the future at any time, and it spawns sends without a limit. While the client does not read
//! answers, the reader reads no requests.
//!
//! Specification: basic/transports (stdio) of every revision; JSON-RPC 2.0.

mod lines;
#[cfg(any(test, fuzzing))]
pub(crate) mod tests;

use std::sync::Arc;

use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, JsonRpcError, JsonRpcMessage, RequestId,
    ServerJsonRpcMessage,
};
use rmcp::service::{RoleServer, RxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::decode::{self, Decoded};
use super::in_flight::InFlight;
use super::tool_list;
use crate::call_order::LineOrder;
use crate::handler::ToolsFollow;
use crate::server::McpServer;
use lines::{Line, LineReader};

/// Maximum number of messages that wait to be written; then reading stops.
const OUTGOING: usize = 64;

/// Maximum number of messages that wait for the service loop, which takes them immediately.
const INCOMING: usize = 16;

/// The setting of the maximum length of a line, as errors name it.
const LIMIT_SETTING: &str = "OLLAMA_MCP_MAX_MESSAGE_BYTES";

/// The server's end of a line-by-line connection.
pub(crate) struct LineTransport {
    incoming: mpsc::Receiver<ClientJsonRpcMessage>,
    outgoing: Outgoing,
    writer: Option<JoinHandle<()>>,
    /// Has the JSON text of the tools.
    server: McpServer,
}

impl LineTransport {
    /// Starts to read `input` and to write `output`. Lines over `max_line` bytes are refused.
    /// `broken` is cancelled when `output` cannot be written any more.
    pub(crate) fn start<R, W>(
        input: R,
        output: W,
        max_line: usize,
        in_flight: InFlight,
        broken: CancellationToken,
        server: McpServer,
    ) -> Self
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (outgoing, to_write) = Outgoing::new();
        let (to_service, incoming) = mpsc::channel(INCOMING);
        let writer = tokio::spawn(write_lines(output, to_write, in_flight.clone(), broken));
        let order = LineOrder::new();
        let reader = Reader { max_line, to_service, outgoing: outgoing.clone(), in_flight, order };
        tokio::spawn(reader.run(LineReader::new(input, max_line)));
        Self { incoming, outgoing, writer: Some(writer), server }
    }
}

impl Transport<RoleServer> for LineTransport {
    type Error = std::io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let (outgoing, server) = (self.outgoing.clone(), self.server.clone());
        async move {
            let answers = match &message {
                JsonRpcMessage::Response(response) => Some(response.id.clone()),
                JsonRpcMessage::Error(error) => error.id.clone(),
                _ => None,
            };
            let line = || match tool_list::line(&message, server.tools().iter().map(|tool| &*tool.json)) {
                Some(line) => line,
                None => serde_json::to_vec(&message),
            };
            outgoing.send(line, answers).await
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        self.incoming.recv().await
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.incoming.close();
        self.outgoing.close();
        if let Some(writer) = self.writer.take() {
            writer.await.map_err(std::io::Error::other)?;
        }
        Ok(())
    }
}

struct Written {
    line: Vec<u8>,
    /// The request in flight that this answers.
    answers: Option<RequestId>,
    /// Held until the line is written: it bounds the queue.
    _permit: OwnedSemaphorePermit,
}

/// The queue of the writer.
#[derive(Clone)]
struct Outgoing {
    permits: Arc<Semaphore>,
    lines: mpsc::UnboundedSender<Option<Written>>,
}

impl Outgoing {
    fn new() -> (Self, mpsc::UnboundedReceiver<Option<Written>>) {
        // Bounded by `permits`; the channel itself need not be.
        let (lines, to_write) = mpsc::unbounded_channel();
        (Self { permits: Arc::new(Semaphore::new(OUTGOING)), lines }, to_write)
    }

    /// Queues the line that `line` makes when there is room for it: messages that wait for room are not held twice.
    async fn send(
        &self,
        line: impl FnOnce() -> serde_json::Result<Vec<u8>>,
        answers: Option<RequestId>,
    ) -> std::io::Result<()> {
        let gone = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| gone())?;
        let mut line = line()?;
        line.push(b'\n');
        self.lines.send(Some(Written { line, answers, _permit: permit })).map_err(|_| gone())
    }

    /// Waits until there is room in the queue, in one FIFO order with senders.
    async fn has_room(&self) {
        drop(self.permits.acquire().await);
    }

    /// Waits until all queued lines are written.
    async fn flushed(&self) {
        drop(self.permits.acquire_many(OUTGOING as u32).await);
    }

    /// Ends the writer after the queued lines.
    fn close(&self) {
        // The writer may have ended by itself.
        let _ = self.lines.send(None);
    }
}

struct Reader {
    max_line: usize,
    to_service: mpsc::Sender<ClientJsonRpcMessage>,
    outgoing: Outgoing,
    in_flight: InFlight,
    order: LineOrder,
}

impl Reader {
    /// Reads to the end of the input, then waits until every caller has its answer: for rmcp the end of `receive` is the end
    /// of the connection, which gives handlers 5 s.
    async fn run<R: AsyncRead + Unpin>(self, mut lines: LineReader<R>) {
        let mut first = true;
        loop {
            self.outgoing.has_room().await;
            match lines.next().await {
                Ok(Line::Complete(line)) => {
                    let line = if std::mem::take(&mut first) { without_bom(&line) } else { &line };
                    for decoded in decode::decode_line(line) {
                        self.outgoing.has_room().await;
                        if self.dispatch(decoded, line.len()).await.is_err() {
                            return;
                        }
                    }
                }
                Ok(Line::TooLong { id }) => {
                    self.refuse(decode::refuse_too_long(id.as_deref(), self.max_line, LIMIT_SETTING)).await
                }
                Ok(Line::End) => break,
                Err(error) => {
                    tracing::warn!(%error, "reading the input failed; taken for its end");
                    break;
                }
            }
        }
        self.in_flight.input_closed().cancel();
        self.in_flight.drained().await;
        self.outgoing.flushed().await;
    }

    /// Passes a message of a line of `bytes` bytes on. An error: the service has ended.
    async fn dispatch(&self, decoded: Decoded, bytes: usize) -> Result<(), ()> {
        let mut message = match decoded {
            Decoded::Message(message) => message,
            Decoded::Refused(error) => {
                self.refuse(error).await;
                return Ok(());
            }
            Decoded::Ignored(what) => {
                tracing::debug!("ignored {what}");
                return Ok(());
            }
        };
        match &mut *message {
            JsonRpcMessage::Request(request) => {
                if let Err(refused) = self.in_flight.register(&request.id, bytes) {
                    self.refuse(refused.answer(&request.id)).await;
                    return Ok(());
                }
                match &mut request.request {
                    ClientRequest::CallToolRequest(call) => {
                        call.extensions.insert(self.order.next().await);
                    }
                    ClientRequest::ListToolsRequest(list) => {
                        list.extensions.insert(ToolsFollow);
                    }
                    _ => {}
                }
            }
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.in_flight.cancel(id);
                }
            }
            _ => {}
        }
        self.to_service.send(*message).await.map_err(|_| ())
    }

    async fn refuse(&self, error: JsonRpcError) {
        // This error does not settle a pending request.
        let line = || serde_json::to_vec(&ServerJsonRpcMessage::Error(error));
        if let Err(error) = self.outgoing.send(line, None).await {
            tracing::debug!(%error, "a refusal could not be written");
        }
    }
}

fn without_bom(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
}

async fn write_lines<W: AsyncWrite + Unpin>(
    mut output: W,
    mut lines: mpsc::UnboundedReceiver<Option<Written>>,
    in_flight: InFlight,
    broken: CancellationToken,
) {
    while let Some(Some(written)) = lines.recv().await {
        if let Some(id) = &written.answers {
            in_flight.answered(id);
        }
        let mut result = output.write_all(&written.line).await;
        if result.is_ok() && lines.is_empty() {
            result = output.flush().await;
        }
        if let Err(error) = result {
            tracing::info!(%error, "nobody reads the output any more");
            broken.cancel();
            return;
        }
    }
}
