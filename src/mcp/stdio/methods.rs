//! Each method's params, read straight into their type.

use rmcp::model::{
    ClientNotification, ClientRequest, ConstString, CustomNotification, CustomRequest, DiscoverRequest,
    Extensions, JsonObject, Notification, NotificationMetaObject, NotificationNoParam, Request,
    RequestMetaObject, RequestNoParam, RequestOptionalParam,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a request. A method that has no type here becomes a custom one, which the service refuses by name.
///
/// # Errors
/// What is wrong with the params, with the path to it.
pub(super) fn request(method: &str, params: Option<&str>) -> Result<ClientRequest, String> {
    use ClientRequest as R;
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
        "logging/setLevel" => R::SetLevelRequest(required(params)?),
        _ => {
            let mut request = CustomRequest::new(method, typed::<Option<Value>>(params.unwrap_or("null"))?);
            insert_meta(&mut request.extensions, meta(params)?);
            R::CustomRequest(request)
        }
    })
}

/// Reads a notification. `None` where its params are malformed: nothing answers a notification.
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

fn required<M: ConstString + Default, P: DeserializeOwned>(
    params: Option<&str>,
) -> Result<Request<M, P>, String> {
    let mut request = Request::new(typed(present(params).unwrap_or("{}"))?);
    insert_meta(&mut request.extensions, meta(params)?);
    Ok(request)
}

/// Its params are nothing but `_meta`, which rmcp's type of them does not know.
fn discover(params: Option<&str>) -> Result<DiscoverRequest, String> {
    let mut request = DiscoverRequest::new(typed("{}")?);
    insert_meta(&mut request.extensions, meta(params)?);
    Ok(request)
}

fn optional<M: ConstString + Default, P: DeserializeOwned>(
    params: Option<&str>,
) -> Result<RequestOptionalParam<M, P>, String> {
    let params_of_method = present(params).map(typed).transpose()?;
    let mut request = RequestOptionalParam {
        method: M::default(),
        params: params_of_method,
        extensions: Extensions::default(),
    };
    insert_meta(&mut request.extensions, meta(params)?);
    Ok(request)
}

fn bare<M: ConstString + Default>(params: Option<&str>) -> Result<RequestNoParam<M>, String> {
    let mut request = RequestNoParam::default();
    insert_meta(&mut request.extensions, meta(params)?);
    Ok(request)
}

fn notice<M: ConstString + Default, P: DeserializeOwned>(params: Option<&str>) -> Option<Notification<M, P>> {
    let mut notification = Notification::new(typed(present(params).unwrap_or("{}")).ok()?);
    if let Some(meta) = meta(params).ok()? {
        notification.extensions.insert(NotificationMetaObject::from(meta));
    }
    Some(notification)
}

/// Params that are there: absent and `null` mean the same, as people write both by hand.
fn present(params: Option<&str>) -> Option<&str> {
    params.filter(|params| *params != "null")
}

fn typed<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|plain| {
        // Only a failure pays for the path.
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

/// `params._meta`, which goes beside the params into the request's context.
fn meta(params: Option<&str>) -> Result<Option<JsonObject>, String> {
    #[derive(Deserialize)]
    struct WithMeta {
        #[serde(rename = "_meta", default)]
        meta: Option<Value>,
    }
    let Some(params) = present(params) else { return Ok(None) };
    if !params.starts_with('{') {
        return Err("params must be an object".to_owned());
    }
    match typed::<WithMeta>(params)?.meta {
        None => Ok(None),
        Some(Value::Object(meta)) => Ok(Some(meta)),
        Some(_) => Err("_meta must be an object".to_owned()),
    }
}

fn insert_meta(extensions: &mut Extensions, meta: Option<JsonObject>) {
    if let Some(meta) = meta {
        extensions.insert(RequestMetaObject::from(meta));
    }
}
