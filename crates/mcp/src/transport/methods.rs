//! Parses the params of each method into their type.

use rmcp::model::{
    ClientNotification, ClientRequest, ConstString, CustomNotification, DiscoverRequest, ErrorCode,
    ErrorData, Extensions, JsonObject, Notification, NotificationMetaObject, NotificationNoParam,
    ProtocolVersion, Request, RequestMetaObject, RequestNoParam, RequestOptionalParam, RequestParamsMeta,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use text::similar;

/// The methods of this server, in all revisions.
const METHODS: [&str; 14] = [
    "server/discover",
    "initialize",
    "ping",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
    "prompts/list",
    "prompts/get",
    "completion/complete",
];

/// Those that revision 2026-07-28 has removed.
const REMOVED: [&str; 4] = ["initialize", "ping", "resources/subscribe", "resources/unsubscribe"];

/// Those that it has added.
const ADDED: [&str; 2] = ["server/discover", "subscriptions/listen"];

/// Maximum length of an unknown method in its error.
const MAX_SHOWN: usize = 100;

/// Why a request is rejected.
#[derive(Debug)]
pub(super) enum Refused {
    /// There is no such method.
    Method(ErrorData),
    /// The params are invalid: the reason, with the path.
    Params(String),
}

impl From<String> for Refused {
    fn from(reason: String) -> Self {
        Self::Params(reason)
    }
}

/// The error of an unknown method, with a suggestion. `modern`: the request is of revision 2026-07-28.
pub(crate) fn not_found(method: &str, modern: bool) -> ErrorData {
    let instead = match method {
        "resources/subscribe" | "resources/unsubscribe" if modern => {
            "revision 2026-07-28 has subscriptions/listen instead, with notifications.resourceSubscriptions".to_owned()
        }
        "initialize" if modern => {
            "revision 2026-07-28 has no handshake: a request carries its metadata, and server/discover describes the server".to_owned()
        }
        "ping" if modern => {
            "revision 2026-07-28 has removed it; any request shows that the server answers, such as server/discover".to_owned()
        }
        "subscriptions/listen" => {
            "it is of revision 2026-07-28, which a request names in its _meta; in older revisions call resources/subscribe"
                .to_owned()
        }
        "logging/setLevel" => {
            "this server sends no log messages to clients; its log goes to stderr, at the level of OLLAMA_MCP_LOG".to_owned()
        }
        _ => nearest(method, modern),
    };
    let shown: String = method.chars().take(MAX_SHOWN).flat_map(char::escape_debug).collect();
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("method not found: {shown}; {instead}"), None)
}

fn nearest(method: &str, modern: bool) -> String {
    let method: String = method.chars().take(MAX_SHOWN).collect();
    let of_other_revisions: &[&str] = if modern { &REMOVED } else { &ADDED };
    let methods = METHODS.into_iter().filter(|known| !of_other_revisions.contains(known));
    match similar::nearest(&method, methods.clone()) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => {
            let methods: Vec<_> = methods.collect();
            format!("the methods are {}; a tool is called with tools/call", methods.join(", "))
        }
    }
}

/// Whether params name revision 2026-07-28 or a newer one. `None`: the revision is unknown, which is another error.
fn is_modern(params: Option<&str>) -> Option<bool> {
    let Ok(Some(meta)) = meta(params) else { return Some(false) };
    match meta.get("io.modelcontextprotocol/protocolVersion").and_then(Value::as_str) {
        Some(version) if version > ProtocolVersion::LATEST.as_str() => None,
        Some(version) => Some(version >= ProtocolVersion::V_2026_07_28.as_str()),
        None => Some(false),
    }
}

/// Parses a request.
///
/// # Errors
/// An unknown method takes precedence over invalid params.
pub(super) fn request(method: &str, params: Option<&str>) -> Result<ClientRequest, Refused> {
    use ClientRequest as R;
    let exists = match method {
        "subscriptions/listen" => is_modern(params) != Some(false),
        method if REMOVED.contains(&method) => is_modern(params) != Some(true),
        // server/discover has no older form: without metadata, its params are invalid.
        _ => true,
    };
    if !exists {
        return Err(Refused::Method(not_found(method, method != "subscriptions/listen")));
    }
    Ok(match method {
        "ping" => R::PingRequest(bare(params)?),
        "initialize" => R::InitializeRequest(required(params)?),
        "server/discover" => R::DiscoverRequest(discover(params)?),
        "tools/list" => R::ListToolsRequest(optional(params)?),
        "tools/call" => R::CallToolRequest(required(params)?),
        "resources/list" => R::ListResourcesRequest(optional(params)?),
        "resources/templates/list" => R::ListResourceTemplatesRequest(optional(params)?),
        "resources/read" => R::ReadResourceRequest(required(params)?),
        "resources/subscribe" => R::SubscribeRequest(required(params)?),
        "resources/unsubscribe" => R::UnsubscribeRequest(required(params)?),
        "subscriptions/listen" => R::SubscriptionsListenRequest(required(params)?),
        "prompts/list" => R::ListPromptsRequest(optional(params)?),
        "prompts/get" => R::GetPromptRequest(required(params)?),
        "completion/complete" => R::CompleteRequest(required(params)?),
        _ => return Err(Refused::Method(not_found(method, is_modern(params) == Some(true)))),
    })
}

/// Parses a notification. `None`: its params are malformed, and notifications have no answer.
pub(super) fn notification(method: &str, params: Option<&str>) -> Option<ClientNotification> {
    use ClientNotification as N;
    Some(match method {
        "notifications/cancelled" => N::CancelledNotification(notice(params)?),
        "notifications/progress" => N::ProgressNotification(notice(params)?),
        "notifications/initialized" => N::InitializedNotification(NotificationNoParam::default()),
        "notifications/roots/list_changed" => N::RootsListChangedNotification(NotificationNoParam::default()),
        _ => N::CustomNotification(CustomNotification::new(method, None)),
    })
}

fn required<M, P>(params: Option<&str>) -> Result<Request<M, P>, String>
where
    M: ConstString + Default,
    P: DeserializeOwned + RequestParamsMeta,
{
    let (params, meta) = with_meta(present(params).unwrap_or("{}"))?;
    let mut request = Request::new(params);
    insert_meta(&mut request.extensions, meta);
    Ok(request)
}

/// Its params are only `_meta`, which rmcp's type of them lacks.
fn discover(params: Option<&str>) -> Result<DiscoverRequest, String> {
    let mut request = DiscoverRequest::new(typed("{}")?);
    insert_meta(&mut request.extensions, meta(params)?.map(RequestMetaObject::from));
    Ok(request)
}

fn optional<M, P>(params: Option<&str>) -> Result<RequestOptionalParam<M, P>, String>
where
    M: ConstString + Default,
    P: DeserializeOwned + RequestParamsMeta,
{
    let (params, meta) = present(params).map(with_meta).transpose()?.unzip();
    let mut request =
        RequestOptionalParam { method: M::default(), params, extensions: Extensions::default() };
    insert_meta(&mut request.extensions, meta.flatten());
    Ok(request)
}

/// Params and their `_meta`, which becomes part of the request's context.
fn with_meta<P>(params: &str) -> Result<(P, Option<RequestMetaObject>), String>
where
    P: DeserializeOwned + RequestParamsMeta,
{
    let mut typed: P = typed(params)?;
    must_be_object(params)?;
    let meta = typed.meta_mut().take();
    Ok((typed, meta))
}

/// Rejects arrays, which serde accepts for a struct, too.
fn must_be_object(params: &str) -> Result<(), String> {
    if params.starts_with('{') { Ok(()) } else { Err("params must be an object".to_owned()) }
}

fn bare<M: ConstString + Default>(params: Option<&str>) -> Result<RequestNoParam<M>, String> {
    let mut request = RequestNoParam::default();
    insert_meta(&mut request.extensions, meta(params)?.map(RequestMetaObject::from));
    Ok(request)
}

fn notice<M: ConstString + Default, P: DeserializeOwned>(params: Option<&str>) -> Option<Notification<M, P>> {
    let mut notification = Notification::new(typed(present(params).unwrap_or("{}")).ok()?);
    if let Some(meta) = meta(params).ok()? {
        notification.extensions.insert(NotificationMetaObject::from(meta));
    }
    Some(notification)
}

/// The params, if they are neither absent nor `null`: people write both by hand.
fn present(params: Option<&str>) -> Option<&str> {
    params.filter(|params| *params != "null")
}

fn typed<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|plain| {
        // Parsed again for the path: only failures pay for it.
        let located: Result<T, _> =
            serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(json));
        match located {
            Err(error) if error.path().iter().next().is_some() => {
                format!("{}: {}", error.path(), error.inner())
            }
            _ => plain.to_string(),
        }
    })
}

/// The `_meta` of params whose other fields are not read.
fn meta(params: Option<&str>) -> Result<Option<JsonObject>, String> {
    #[derive(Deserialize)]
    struct WithMeta {
        #[serde(rename = "_meta", default)]
        meta: Option<Value>,
    }
    let Some(params) = present(params) else { return Ok(None) };
    must_be_object(params)?;
    match typed::<WithMeta>(params)?.meta {
        None => Ok(None),
        Some(Value::Object(meta)) => Ok(Some(meta)),
        Some(_) => Err("_meta must be an object".to_owned()),
    }
}

fn insert_meta(extensions: &mut Extensions, meta: Option<RequestMetaObject>) {
    if let Some(meta) = meta {
        extensions.insert(meta);
    }
}
