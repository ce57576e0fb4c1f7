//! A request without a session: one of revision 2026-07-28, or one that was written by hand.

use rmcp::model::{ClientRequest, GetMeta as _, JsonRpcMessage, JsonRpcRequest};
use rmcp::service::{RoleServer, RunningService, serve_directly_with_ct};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::event_stream::Guard;
use super::outbox::{Keep, Outbox, Reader};
use super::routes::{RoutedTransport, Routes};
use crate::handler::{SessionHandler, ToolsFollow};
use crate::resources::subscriptions::Listeners;
use crate::server::McpServer;
use crate::transport::in_flight::InFlight;
use crate::transport::panic_guard::PanicGuard;
use service::Caller;

/// The loop of one request. Dropping it cancels the request: that is how clients cancel (MCP 2026-07-28,
/// basic/transports/streamable-http, Cancellation).
struct Running(
    #[expect(dead_code, reason = "held for its drop")] RunningService<RoleServer, PanicGuard<SessionHandler>>,
    /// Held, as the loop ends when nothing more can come in.
    #[expect(dead_code, reason = "held for its drop")]
    mpsc::Sender<rmcp::model::ClientJsonRpcMessage>,
);

/// Starts a request. The guard keeps it running.
pub(super) fn start(
    server: &McpServer,
    caller: Caller,
    listeners: Listeners,
    mut request: JsonRpcRequest<ClientRequest>,
    keep: Keep,
    shutdown: &CancellationToken,
) -> (Reader, Guard) {
    if let ClientRequest::ListToolsRequest(list) = &mut request.request {
        list.extensions.insert(ToolsFollow);
    }
    let handler = server.session_of(caller);
    let in_flight = InFlight::new(handler.session().input_closed().clone());
    let common = Outbox::new(0, keep);
    let routes = Routes::single(&common, request.id.clone(), request.request.get_meta().get_progress_token());
    let reader = common.attach(None);
    let (to_service, incoming) = mpsc::channel(1);
    // There is room for one.
    let _ = to_service.try_send(JsonRpcMessage::Request(request));
    let transport =
        RoutedTransport { incoming, routes, in_flight: in_flight.clone(), server: server.clone() };
    let guarded = PanicGuard::new(handler, in_flight, listeners);
    let running = serve_directly_with_ct(guarded, transport, None, shutdown.child_token());
    (reader, Box::new(Running(running, to_service)))
}
