//! A session of the revisions before 2026-07-28: one service loop, for all requests that carry its id.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use platform::sync::lock;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, GetMeta as _, JsonRpcError, JsonRpcMessage,
    JsonRpcRequest,
};
use rmcp::service::serve_directly_with_ct;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::outbox::{Keep, Outbox, Reader};
use super::routes::{RoutedTransport, Routes};
use crate::call_order::LineOrder;
use crate::handler::ToolsFollow;
use crate::resources::subscriptions::Listeners;
use crate::server::McpServer;
use crate::transport::in_flight::InFlight;
use crate::transport::panic_guard::PanicGuard;
use service::Caller;
use types::Owner;

/// Maximum number of messages that wait for the service loop, which takes them immediately.
const INCOMING: usize = 16;

/// Why a session does not take a request.
pub(super) enum Refused {
    /// It has ended.
    Ended,
    Request(JsonRpcError),
}

/// One session.
pub(super) struct Session {
    pub(super) id: Arc<str>,
    caller: Caller,
    to_service: mpsc::Sender<ClientJsonRpcMessage>,
    in_flight: InFlight,
    order: LineOrder,
    routes: Arc<Routes>,
    end: CancellationToken,
    /// When it was last known to be in use. A standard mutex: held for one copy.
    used: Mutex<Instant>,
}

impl Session {
    /// Opens a session, which ends with `shutdown`. `ended` runs afterwards.
    pub(super) fn open(
        server: &McpServer,
        caller: Caller,
        shutdown: &CancellationToken,
        ended: impl FnOnce(&str) + Send + 'static,
    ) -> Arc<Self> {
        let id: Arc<str> = Uuid::new_v4().to_string().into();
        let handler = server.session_of(caller.clone());
        let in_flight = InFlight::new(handler.session().input_closed().clone());
        let routes = Routes::new(Outbox::new(0, Keep::ForResumption));
        let (to_service, incoming) = mpsc::channel(INCOMING);
        let end = shutdown.child_token();
        let transport = RoutedTransport {
            incoming,
            routes: Arc::clone(&routes),
            in_flight: in_flight.clone(),
            server: server.clone(),
        };
        let guarded = PanicGuard::new(handler, in_flight.clone(), Listeners::default());
        let running = serve_directly_with_ct(guarded, transport, None, end.clone());
        let session = Self {
            id: Arc::clone(&id),
            caller,
            to_service,
            in_flight,
            order: LineOrder::new(),
            routes: Arc::clone(&routes),
            end,
            used: Mutex::new(Instant::now()),
        };
        tokio::spawn(async move {
            if let Err(error) = running.waiting().await {
                tracing::error!(%error, "the service loop of a session failed");
            }
            routes.close();
            ended(&id);
        });
        Arc::new(session)
    }

    pub(super) fn owner(&self) -> &Owner {
        &self.caller.owner
    }

    pub(super) fn belongs_to(&self, caller: &Caller) -> bool {
        self.caller.is(caller)
    }

    /// Ends it, and what runs in it.
    pub(super) fn end(&self) {
        self.end.cancel();
    }

    /// Passes a request of `bytes` bytes on; the reader gets what belongs to it.
    ///
    /// # Errors
    /// The session has ended, or does not take the request.
    pub(super) async fn request(
        &self,
        mut request: JsonRpcRequest<ClientRequest>,
        bytes: usize,
        keep: Keep,
    ) -> Result<Reader, Refused> {
        self.touch();
        let id = request.id.clone();
        if let Err(refused) = self.in_flight.register(&id, bytes) {
            return Err(Refused::Request(refused.answer(&id)));
        }
        let token = request.request.get_meta().get_progress_token();
        let Some(outbox) = self.routes.open(id.clone(), token, keep) else {
            return Err(Refused::Ended);
        };
        let reader = outbox.attach(None);
        // Where the connection is lost before the request is passed on.
        let registered = Registered { session: self, id: Some(id) };
        match &mut request.request {
            ClientRequest::CallToolRequest(call) => {
                call.extensions.insert(self.order.next().await);
            }
            ClientRequest::ListToolsRequest(list) => {
                list.extensions.insert(ToolsFollow);
            }
            _ => {}
        }
        self.to_service.send(JsonRpcMessage::Request(request)).await.map_err(|_| Refused::Ended)?;
        registered.keep();
        Ok(reader)
    }

    /// Passes a notification or a response on.
    ///
    /// # Errors
    /// The session has ended.
    pub(super) async fn message(&self, message: ClientJsonRpcMessage) -> Result<(), Refused> {
        self.touch();
        let cancelled = match &message {
            JsonRpcMessage::Notification(notification) => match &notification.notification {
                ClientNotification::CancelledNotification(cancelled) => cancelled.params.request_id.clone(),
                _ => None,
            },
            _ => None,
        };
        if let Some(id) = &cancelled {
            self.in_flight.cancel(id);
        }
        self.to_service.send(message).await.map_err(|_| Refused::Ended)?;
        if let Some(id) = &cancelled {
            // rmcp drops the answer.
            self.routes.cancel(id);
        }
        Ok(())
    }

    /// A reader of the messages that belong to no request.
    pub(super) fn listen(&self) -> Reader {
        self.touch();
        self.routes.common().attach(None)
    }

    /// A reader of what an earlier one has not got, by the id of the last event that it has; `None`: there is nothing.
    pub(super) fn resume(&self, last_event_id: &str) -> Option<Reader> {
        self.touch();
        let (stream, number) = last_event_id.split_once('-')?;
        let outbox = self.routes.find(stream.parse().ok()?)?;
        let reader = outbox.attach(Some(number.parse().ok()?));
        (!reader.is_exhausted()).then_some(reader)
    }

    /// How long it has not been used. A running call or an open stream is a use.
    pub(super) fn idle_for(&self) -> Duration {
        if !self.in_flight.is_empty() || self.routes.common().has_reader() {
            self.touch();
        }
        lock(&self.used).elapsed()
    }

    fn touch(&self) {
        *lock(&self.used) = Instant::now();
    }
}

/// Removes a request that was never passed on.
struct Registered<'a> {
    session: &'a Session,
    id: Option<rmcp::model::RequestId>,
}

impl Registered<'_> {
    fn keep(mut self) {
        self.id = None;
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        if let Some(id) = &self.id {
            self.session.in_flight.answered(id);
            self.session.routes.cancel(id);
        }
    }
}
