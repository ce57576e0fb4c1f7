//! The wrapper around the handler of a session: a panic becomes an answer, a cancelled request ends at once, the
//! resources that are listened to are bounded.

use std::borrow::Cow;

use rmcp::model::{
    ClientNotification, ClientRequest, ErrorCode, ErrorData, MetaObject, ProtocolVersion, ServerConfig,
    ServerResult,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, Service};
use serde_json::Value;

use super::in_flight::InFlight;
use super::methods::not_found;
use crate::answers::error as failure;
use crate::call::{Interrupted, guarded};
use crate::resources::subscriptions::Listeners;

/// The key under which a result names the server since revision 2026-07-28.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// A service whose handlers are guarded.
pub(crate) struct PanicGuard<S> {
    inner: S,
    in_flight: InFlight,
    /// The server's name and version, which results of the stateless revision carry.
    server_info: Option<Value>,
    listeners: Listeners,
}

impl<S: Service<RoleServer>> PanicGuard<S> {
    /// Guards `inner`; the transport shares `in_flight`, and those who share `listeners` have one bound.
    pub(crate) fn new(inner: S, in_flight: InFlight, listeners: Listeners) -> Self {
        let server_info = serde_json::to_value(inner.get_info().server_info).ok();
        Self { inner, in_flight, server_info, listeners }
    }
}

impl<S: Service<RoleServer>> Service<RoleServer> for PanicGuard<S> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let _running = self.in_flight.handler(context.id.clone());
        let _listening = match &request {
            ClientRequest::SubscriptionsListenRequest(listen) => {
                Some(self.listeners.admit(&listen.params.notifications)?)
            }
            _ => None,
        };
        let cancelled = context.ct.clone();
        let modern =
            context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
        // Boxed: it is the largest future of a request, and each future around it would hold it.
        let handler = Box::pin(self.inner.handle_request(request, context));
        match guarded(&cancelled, handler).await {
            // rmcp's message is the bare name of the method.
            Ok(Err(error)) if error.code == ErrorCode::METHOD_NOT_FOUND => {
                Err(not_found(&error.message, modern))
            }
            Ok(result) if modern => result.map(|result| self.with_server_info(result)),
            Ok(result) => result,
            // rmcp drops it where the caller cancelled; at the end of a session or of the server it is sent.
            Err(Interrupted::Cancelled) => Err(ErrorData::internal_error(failure::CANCELLED_TEXT, None)),
            Err(Interrupted::Panicked) => Err(ErrorData::internal_error(failure::INTERNAL_TEXT, None)),
        }
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.inner.handle_notification(notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        self.inner.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.inner.supported_protocol_versions()
    }
}

impl<S: Service<RoleServer>> PanicGuard<S> {
    fn with_server_info(&self, mut result: ServerResult) -> ServerResult {
        let meta: &mut Option<MetaObject> = match &mut result {
            ServerResult::CompleteResult(result) => &mut result.meta,
            ServerResult::GetPromptResult(result) => &mut result.meta,
            ServerResult::ListPromptsResult(result) => &mut result.meta,
            ServerResult::ListResourcesResult(result) => &mut result.meta,
            ServerResult::ListResourceTemplatesResult(result) => &mut result.meta,
            ServerResult::ReadResourceResult(result) => &mut result.meta,
            ServerResult::ListToolsResult(result) => &mut result.meta,
            ServerResult::CallToolResult(result) => &mut result.meta,
            // rmcp adds it to discover and listen results itself; the others have no `_meta`.
            _ => return result,
        };
        if let Some(server) = &self.server_info {
            meta.get_or_insert_default().insert(SERVER_INFO.to_owned(), server.clone());
        }
        result
    }
}
