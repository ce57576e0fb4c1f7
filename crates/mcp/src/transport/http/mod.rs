//! Streamable HTTP: MCP in requests and responses of HTTP, for all revisions on one path.
//!
//! rmcp's own service for it answers 406 and 415 where a client can be understood, parses each message twice and the tools
//! with each list, shares one queue among the streams of a session, and cannot be held to bounds. So its service loop runs
//! over a transport of our own here, too, with the decoder of the line transport.
//!
//! A session of an older revision is one loop for all requests with its id. A request of revision 2026-07-28, and one by
//! hand without any session, is a loop of its own.
//!
//! Who calls, and which web pages may, is decided before.

mod accept;
mod body;
mod event_stream;
mod options;
mod outbox;
mod protocol_headers;
mod response;
mod routes;
mod session;
mod sessions;
mod single;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body::Body;
use http_types::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use platform::sync::lock;
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, ErrorCode, ErrorData, GetMeta as _, JsonRpcMessage, JsonRpcRequest,
    ProtocolVersion, RequestId,
};

use crate::resources::subscriptions::Listeners;
use crate::server::McpServer;
use crate::state::ServerOptions;
use accept::Format;
pub use event_stream::ResponseBody;
use event_stream::{EventStream, Guard, StreamOptions};
pub use options::HttpTransportOptions;
use outbox::{Keep, Reader};
use protocol_headers::{Era, SESSION_ID};
use service::{Caller, Services};
use session::{Refused, Session};
use sessions::Sessions;
use types::Owner;

/// How long an answer may take to be sent alone; then a stream begins, since clients and proxies wait for headers only so long.
const STREAM_AFTER: Duration = Duration::from_secs(1);

/// MCP over HTTP, on one path.
pub struct HttpTransport {
    server: McpServer,
    options: HttpTransportOptions,
    sessions: Arc<Sessions>,
    /// What each owner listens to. A standard mutex: held for one look-up.
    listeners: Mutex<HashMap<Owner, Listeners>>,
}

impl std::fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpTransport").field("options", &self.options).finish_non_exhaustive()
    }
}

type Reply = Response<ResponseBody>;

impl HttpTransport {
    /// A transport over these services. Its callers are never offered the files of this machine.
    pub fn new(services: Arc<Services>, server: ServerOptions, options: HttpTransportOptions) -> Self {
        let sessions = Sessions::new(options.max_sessions, options.session_idle, options.shutdown.clone());
        let server = McpServer::for_network(services, server);
        Self { server, options, sessions, listeners: Mutex::default() }
    }

    /// Answers a request of a caller who may use MCP.
    pub async fn handle<B>(&self, caller: Caller, request: Request<B>) -> Response<ResponseBody>
    where
        B: Body<Error: Display>,
    {
        if self.options.shutdown.is_cancelled() {
            return response::unavailable(None, "the server is stopping".to_owned());
        }
        match *request.method() {
            Method::POST => self.post(caller, request).await,
            Method::GET => self.get(&caller, request.headers()),
            Method::DELETE => self.delete(&caller, request.headers()),
            _ => response::not_allowed(
                "GET, POST, DELETE",
                "MCP is spoken by POST; GET and DELETE are for sessions",
            ),
        }
    }

    async fn post<B: Body<Error: Display>>(&self, caller: Caller, request: Request<B>) -> Reply {
        let (head, body) = request.into_parts();
        let headers = &head.headers;
        if !accept::is_json(headers) {
            let text = "the body must be JSON; send the header Content-Type: application/json";
            return response::invalid(StatusCode::UNSUPPORTED_MEDIA_TYPE, text);
        }
        let read = body::read(body, self.options.max_message_bytes);
        let body = match tokio::time::timeout(self.options.body_timeout, read).await {
            Ok(Ok(body)) => body,
            Ok(Err(refused)) => return refused,
            Err(_) => {
                let text = "the body did not come in time";
                return response::invalid(StatusCode::REQUEST_TIMEOUT, text);
            }
        };
        let message = match body::decode(&body) {
            Ok(message) => message,
            Err(error) => {
                let status = match error.error.code {
                    ErrorCode::PARSE_ERROR | ErrorCode::INVALID_REQUEST => StatusCode::BAD_REQUEST,
                    code => response::status(Some(code.0), protocol_headers::is_modern(headers)),
                };
                return response::refusal(status, *error);
            }
        };
        let bytes = body.len();
        drop(body);
        match message {
            JsonRpcMessage::Request(request) => self.request(caller, headers, request, bytes).await,
            message => self.message(&caller, headers, message).await,
        }
    }

    async fn request(
        &self,
        caller: Caller,
        headers: &HeaderMap,
        request: JsonRpcRequest<ClientRequest>,
        bytes: usize,
    ) -> Reply {
        let id = request.id.clone();
        let listens = matches!(request.request, ClientRequest::SubscriptionsListenRequest(_));
        let streams = listens || request.request.get_meta().get_progress_token().is_some();
        let format = match accept::format(headers, streams) {
            Some(Format::Json) if listens => None,
            format => format,
        };
        let Some(format) = format else {
            let text = match listens {
                true => {
                    "subscriptions/listen is answered by a stream; list text/event-stream in the header Accept"
                }
                false => "the header Accept must list application/json, text/event-stream or both",
            };
            return response::error(
                StatusCode::NOT_ACCEPTABLE,
                Some(id),
                ErrorData::invalid_request(text, None),
            );
        };
        let era = match protocol_headers::era(headers, &request.request) {
            Ok(era) => era,
            Err(error) => return response::error(StatusCode::BAD_REQUEST, Some(id), error),
        };
        let session = match era {
            Era::Handshake => return self.handshake(caller, request, bytes, format).await,
            Era::Stateless => None,
            Era::Sessions => match session_id(headers) {
                None => None,
                Some(session) => match self.sessions.find(session, &caller) {
                    Some(session) => Some(session),
                    None => return response::no_session(Some(id)),
                },
            },
        };
        match session {
            Some(session) => match session.request(request, bytes, keep(format, true)).await {
                Ok(reader) => self.respond(reader, format, self.resumable(headers), None, false).await,
                Err(refused) => refusal(id, refused),
            },
            None if is_subscription(&request.request) => {
                let text = "it needs a session, which initialize begins; revision 2026-07-28 has subscriptions/listen instead";
                response::error(StatusCode::BAD_REQUEST, Some(id), ErrorData::invalid_request(text, None))
            }
            None => {
                let listeners = lock(&self.listeners).entry(caller.owner.clone()).or_default().clone();
                let (server, shutdown) = (&self.server, &self.options.shutdown);
                let (reader, guard) =
                    single::start(server, caller, listeners, request, keep(format, false), shutdown);
                self.respond(reader, format, self.once(), Some(guard), era == Era::Stateless).await
            }
        }
    }

    /// Opens a session by its first request.
    async fn handshake(
        &self,
        caller: Caller,
        request: JsonRpcRequest<ClientRequest>,
        bytes: usize,
        format: Format,
    ) -> Reply {
        let id = request.id.clone();
        let Some(session) = self.sessions.open(&self.server, caller) else {
            let max = self.options.max_sessions;
            let text = format!("all {max} sessions are in use; end one with DELETE, or try again later");
            return response::unavailable(Some(id), text);
        };
        let opening = Opening { sessions: &self.sessions, session: Some(Arc::clone(&session)) };
        let reader = match session.request(request, bytes, Keep::Unread).await {
            Ok(reader) => reader,
            Err(refused) => return refusal(id, refused),
        };
        let succeeded = reader
            .first()
            .await
            .and_then(|event| event.answer)
            .is_some_and(|answer| answer.error_code.is_none());
        let mut response = self.respond(reader, format, self.once(), None, false).await;
        if succeeded && let Ok(value) = HeaderValue::from_str(&session.id) {
            response.headers_mut().insert(SESSION_ID, value);
            opening.keep();
        }
        response
    }

    /// A notification or a response.
    async fn message(&self, caller: &Caller, headers: &HeaderMap, message: ClientJsonRpcMessage) -> Reply {
        let version = protocol_headers::version(headers).and_then(|version| match version {
            Some(version) => protocol_headers::check_known(version),
            None => Ok(()),
        });
        if let Err(error) = version {
            return response::error(StatusCode::BAD_REQUEST, None, error);
        }
        let session = session_id(headers).filter(|_| !protocol_headers::is_modern(headers));
        match (session, &message) {
            (Some(session), _) => match self.sessions.find(session, caller) {
                Some(session) => match session.message(message).await {
                    Ok(()) => response::empty(StatusCode::ACCEPTED),
                    Err(_) => response::no_session(None),
                },
                None => response::no_session(None),
            },
            // It can only be about something that a session has.
            (None, JsonRpcMessage::Notification(_)) => response::empty(StatusCode::ACCEPTED),
            (None, _) => {
                let text = "a response belongs to a session; send its Mcp-Session-Id";
                response::invalid(StatusCode::BAD_REQUEST, text)
            }
        }
    }

    /// The stream of a session, or the rest of a stream whose connection was lost.
    fn get(&self, caller: &Caller, headers: &HeaderMap) -> Reply {
        if !accept::takes_stream(headers) {
            let text = "GET opens a stream of events; list text/event-stream in the header Accept";
            return response::invalid(StatusCode::NOT_ACCEPTABLE, text);
        }
        let session = match self.session_of(caller, headers) {
            Ok(session) => session,
            Err(refused) => return *refused,
        };
        let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
        let (reader, outlives_replacement) = match last {
            None => (session.listen(), true),
            Some(last) => match session.resume(last) {
                Some(reader) => {
                    let is_common = reader.stream() == 0;
                    (reader, is_common)
                }
                None => {
                    let text = "there is nothing after this Last-Event-ID, or not any longer";
                    return response::invalid(StatusCode::GONE, text);
                }
            },
        };
        let options = StreamOptions { outlives_replacement, ..self.resumable(headers) };
        response::stream(EventStream::new(reader, options, None))
    }

    fn delete(&self, caller: &Caller, headers: &HeaderMap) -> Reply {
        match self.session_of(caller, headers) {
            Ok(session) => {
                self.sessions.end(&session);
                response::empty(StatusCode::NO_CONTENT)
            }
            Err(refused) => *refused,
        }
    }

    /// The session that a request without a message is about.
    fn session_of(&self, caller: &Caller, headers: &HeaderMap) -> Result<Arc<Session>, Box<Reply>> {
        match session_id(headers) {
            _ if protocol_headers::is_modern(headers) => {
                let text = "revision 2026-07-28 has no sessions; send requests by POST";
                Err(Box::new(response::not_allowed("POST", text)))
            }
            None => {
                let text = "the header Mcp-Session-Id is missing; a session begins with initialize, by POST";
                Err(Box::new(response::invalid(StatusCode::BAD_REQUEST, text)))
            }
            Some(id) => self.sessions.find(id, caller).ok_or_else(|| Box::new(response::no_session(None))),
        }
    }

    /// Answers with what the reader gets. `guard` lives as long as the response is needed.
    async fn respond(
        &self,
        reader: Reader,
        format: Format,
        options: StreamOptions,
        guard: Option<Guard>,
        modern: bool,
    ) -> Reply {
        let first = match format {
            Format::Json => Ok(reader.first().await),
            Format::Stream | Format::Either => tokio::time::timeout(STREAM_AFTER, reader.first()).await,
        };
        match first {
            // It was cancelled, and nobody waits for an answer.
            Ok(None) => return response::empty(StatusCode::ACCEPTED),
            Ok(Some(event)) => {
                if let Some(answer) = event.answer {
                    let status = response::status(answer.error_code, modern);
                    if format != Format::Stream || status != StatusCode::OK {
                        reader.finish();
                        return response::json(status, event.json);
                    }
                }
            }
            Err(_) => {}
        }
        response::stream(EventStream::new(reader, options, guard))
    }

    /// A stream that ends with its connection.
    fn once(&self) -> StreamOptions {
        let comment_after = self.options.comment_after;
        StreamOptions { comment_after, resumable: false, primed: false, outlives_replacement: false }
    }

    /// A stream of a session.
    fn resumable(&self, headers: &HeaderMap) -> StreamOptions {
        let version = protocol_headers::version(headers).ok().flatten().unwrap_or_default();
        let primed = version >= ProtocolVersion::V_2025_11_25.as_str();
        StreamOptions { resumable: true, primed, ..self.once() }
    }
}

/// Ends a session whose first request did not succeed.
struct Opening<'a> {
    sessions: &'a Sessions,
    session: Option<Arc<Session>>,
}

impl Opening<'_> {
    fn keep(mut self) {
        self.session = None;
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        if let Some(session) = &self.session {
            self.sessions.end(session);
        }
    }
}

fn keep(format: Format, in_session: bool) -> Keep {
    match format {
        Format::Json => Keep::Answer,
        Format::Stream | Format::Either if in_session => Keep::ForResumption,
        Format::Stream | Format::Either => Keep::Unread,
    }
}

fn refusal(id: RequestId, refused: Refused) -> Reply {
    match refused {
        Refused::Ended => response::no_session(Some(id)),
        Refused::Request(error) => response::refusal(StatusCode::BAD_REQUEST, error),
    }
}

fn session_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(SESSION_ID).map(|value| value.to_str().unwrap_or_default())
}

fn is_subscription(request: &ClientRequest) -> bool {
    matches!(request, ClientRequest::SubscribeRequest(_) | ClientRequest::UnsubscribeRequest(_))
}
