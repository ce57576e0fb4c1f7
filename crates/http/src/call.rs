//! One request, with its caller and the state of the server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::Identity;
use crate::error::HttpError;
use crate::json;
use crate::mount::{Body, Response};
use crate::route::Answer;
use crate::state::App;
use service::{Caller, ServiceError};

/// The header with the fields of a request that have no effect.
const IGNORED: &str = "x-ollama-mcp-ignored";
/// The header that asks for events which a dialect does not have.
pub(crate) const EVENTS: &str = "x-ollama-mcp-events";
/// Most bytes of the header before.
const MAX_IGNORED: usize = 1024;

/// One request.
pub(crate) struct Call {
    pub(crate) app: Arc<App>,
    pub(crate) identity: Identity,
    /// The parameters of the path.
    pub(crate) path: HashMap<String, String>,
    pub(crate) parts: Parts,
    /// Behind a lock only because a body is not `Sync`, and calls are passed by reference.
    pub(crate) body: Mutex<Body>,
}

impl Call {
    pub(crate) fn caller(&self) -> &Caller {
        &self.identity.caller
    }

    /// A parameter of the path; the router has matched it.
    pub(crate) fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A header as text.
    ///
    /// # Errors
    /// 400 for one that is no text.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&str>, HttpError> {
        let value = self.parts.headers.get(name).map(HeaderValue::to_str).transpose();
        value.map_err(|_| HttpError::bad_request(name, "must be ASCII text"))
    }

    /// Whether the stream is to tell the place in the queue: it begins before the model does then.
    ///
    /// # Errors
    /// 400 for other events.
    pub(crate) fn wants_queue_events(&self) -> Result<bool, HttpError> {
        match self.header(EVENTS)? {
            None => Ok(false),
            Some("queue") => Ok(true),
            Some(other) => Err(HttpError::bad_request(EVENTS, format!("is {other:?}; it must be queue"))),
        }
    }

    /// The query as a type.
    ///
    /// # Errors
    /// 400.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        let read = axum::extract::Query::<T>::try_from_uri(&self.parts.uri);
        read.map(|query| query.0)
            .map_err(|error| HttpError::bad_request("query", format!("is wrong: {error}")))
    }

    /// Takes the body as a type; with the names of the fields that have no effect.
    ///
    /// # Errors
    /// 400 with the path of what is wrong, 413, 408.
    pub(crate) async fn json<T: DeserializeOwned>(&mut self) -> Result<(T, Vec<String>), HttpError> {
        let body = self.bytes().await?;
        let mut ignored = Vec::new();
        let read = json::parse(&body, &mut ignored)?;
        Ok((read, ignored))
    }

    /// Takes the body.
    ///
    /// # Errors
    /// 413, 408.
    pub(crate) async fn bytes(&mut self) -> Result<bytes::Bytes, HttpError> {
        let body = std::mem::take(&mut *platform::sync::lock(&self.body));
        let options = &self.app.options;
        json::read_bytes(body, &self.parts.headers, options.max_body_bytes, options.timeouts.body).await
    }

    /// An error of the service, as this caller may see it.
    pub(crate) fn error(&self, error: &ServiceError) -> HttpError {
        HttpError::from_service(error, self.identity.has_credential())
    }
}

/// A JSON answer with status 200.
pub(crate) fn json_answer(value: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(value).map_err(|_| HttpError::internal())?;
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Names the fields of the request that have no effect.
pub(crate) fn tell_ignored(response: &mut Response, ignored: &[String]) {
    if ignored.is_empty() {
        return;
    }
    let mut text = String::new();
    for name in ignored {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if !plain || text.len() + name.len() > MAX_IGNORED {
            continue;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(name);
    }
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers_mut().insert(IGNORED, value);
    }
}
