//! Which response stream a message of the service goes to, and the transport below rmcp's loop that sends it there.
//!
//! MCP 2025-11-25, basic/transports: each message goes to one stream only; answers and progress to that of their request.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use platform::sync::lock;
use rmcp::model::{
    ClientJsonRpcMessage, GetExtensions as _, JsonRpcMessage, ProgressToken, RequestId, ServerJsonRpcMessage,
    ServerNotification,
};
use rmcp::service::{OriginatingRequestId, RoleServer};
use rmcp::transport::Transport;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::outbox::{Answer, Keep, Outbox};
use crate::server::McpServer;
use crate::transport::in_flight::InFlight;
use crate::transport::tool_list;

/// Answered requests of a session whose streams can be resumed.
const MAX_ANSWERED: usize = 16;
/// How long they can be resumed.
const RESUMABLE_FOR: Duration = Duration::from_secs(300);

/// The streams of one session, or the one of a single request.
pub(super) struct Routes {
    /// For messages that belong to no request.
    common: Arc<Outbox>,
    /// A standard mutex: held for one change or one look-up, never across an await.
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    requests: HashMap<RequestId, Route>,
    /// The newest answered ones, until when they can be resumed.
    answered: VecDeque<(Instant, Arc<Outbox>)>,
    streams: u64,
    closed: bool,
}

struct Route {
    outbox: Arc<Outbox>,
    token: Option<ProgressToken>,
}

impl Routes {
    /// The streams of a session. `common` is that of messages that belong to no request.
    pub(super) fn new(common: Arc<Outbox>) -> Arc<Self> {
        Arc::new(Self { common, table: Mutex::default() })
    }

    /// The one stream of a single request.
    pub(super) fn single(stream: &Arc<Outbox>, id: RequestId, token: Option<ProgressToken>) -> Arc<Self> {
        let route = Route { outbox: Arc::clone(stream), token };
        let table = Table { requests: HashMap::from([(id, route)]), ..Table::default() };
        Arc::new(Self { common: Arc::clone(stream), table: Mutex::new(table) })
    }

    /// The stream of messages that belong to no request.
    pub(super) fn common(&self) -> &Arc<Outbox> {
        &self.common
    }

    /// A stream for a request; `None`: the session has ended.
    pub(super) fn open(
        &self,
        id: RequestId,
        token: Option<ProgressToken>,
        keep: Keep,
    ) -> Option<Arc<Outbox>> {
        let mut table = self.lock();
        if table.closed {
            return None;
        }
        table.streams += 1;
        let outbox = Outbox::new(table.streams, keep);
        table.requests.insert(id, Route { outbox: Arc::clone(&outbox), token });
        Some(outbox)
    }

    /// The stream of this number.
    pub(super) fn find(&self, stream: u64) -> Option<Arc<Outbox>> {
        if stream == self.common.stream {
            return Some(Arc::clone(&self.common));
        }
        let mut table = self.lock();
        table.forget_old();
        let open = table.requests.values().map(|route| &route.outbox);
        let answered = table.answered.iter().map(|(_, outbox)| outbox);
        open.chain(answered).find(|outbox| outbox.stream == stream).cloned()
    }

    /// Ends the stream of a request that gets no answer.
    pub(super) fn cancel(&self, id: &RequestId) {
        if let Some(route) = self.lock().requests.remove(id) {
            route.outbox.end();
        }
    }

    /// Ends all streams.
    pub(super) fn close(&self) {
        let mut table = self.lock();
        table.closed = true;
        table.answered.clear();
        table.requests.drain().for_each(|(_, route)| route.outbox.end());
        drop(table);
        self.common.end();
    }

    /// Where a message goes; `None`: nobody can read it.
    fn target(&self, message: &ServerJsonRpcMessage) -> Option<Arc<Outbox>> {
        let table = self.lock();
        let of = |id: &RequestId| table.requests.get(id).map(|route| &route.outbox);
        let outbox = match message {
            JsonRpcMessage::Response(response) => of(&response.id),
            JsonRpcMessage::Error(error) => error.id.as_ref().and_then(of),
            JsonRpcMessage::Notification(notification) => match &notification.notification {
                ServerNotification::ProgressNotification(progress) => {
                    let token = Some(&progress.params.progress_token);
                    table
                        .requests
                        .values()
                        .find(|route| route.token.as_ref() == token)
                        .map(|route| &route.outbox)
                }
                _ => Some(&self.common),
            },
            JsonRpcMessage::Request(request) => {
                let origin = request.request.extensions().get::<OriginatingRequestId>();
                let outbox =
                    origin.and_then(|origin| of(&origin.0)).filter(|outbox| !outbox.takes_answer_alone());
                outbox.or(Some(&self.common).filter(|common| common.has_reader()))
            }
        };
        outbox.cloned()
    }

    /// Removes a request that is about to be answered.
    fn answered(&self, id: &RequestId) {
        let mut table = self.lock();
        let Some(route) = table.requests.remove(id) else { return };
        if !route.outbox.takes_answer_alone() {
            table.forget_old();
            if table.answered.len() >= MAX_ANSWERED {
                table.answered.pop_front();
            }
            table.answered.push_back((Instant::now() + RESUMABLE_FOR, route.outbox));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

impl Table {
    fn forget_old(&mut self) {
        let now = Instant::now();
        while self.answered.front().is_some_and(|(until, _)| *until <= now) {
            self.answered.pop_front();
        }
    }
}

/// The server's end of a session, or of a single request.
pub(super) struct RoutedTransport {
    pub(super) incoming: mpsc::Receiver<ClientJsonRpcMessage>,
    pub(super) routes: Arc<Routes>,
    pub(super) in_flight: InFlight,
    /// Has the JSON text of the tools.
    pub(super) server: McpServer,
}

impl Transport<RoleServer> for RoutedTransport {
    type Error = std::io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let (routes, in_flight, server) =
            (Arc::clone(&self.routes), self.in_flight.clone(), self.server.clone());
        async move {
            let answers = match &message {
                JsonRpcMessage::Response(response) => Some((&response.id, None)),
                JsonRpcMessage::Error(error) => error.id.as_ref().map(|id| (id, Some(error.error.code.0))),
                _ => None,
            };
            let target = routes.target(&message);
            if let Some((id, _)) = answers {
                // Before it is sent: then its id can be used again.
                in_flight.answered(id);
                routes.answered(id);
            }
            let Some(outbox) = target else {
                return match &message {
                    JsonRpcMessage::Request(_) => Err(std::io::Error::other("the client has no stream open")),
                    _ => Ok(()),
                };
            };
            let json = match tool_list::line(&message, server.tools().iter().map(|tool| &*tool.json)) {
                Some(json) => json,
                None => serde_json::to_vec(&message),
            };
            outbox.push(json?, answers.map(|(_, error_code)| Answer { error_code })).await;
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        self.incoming.recv().await
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.incoming.close();
        self.routes.close();
        Ok(())
    }
}
