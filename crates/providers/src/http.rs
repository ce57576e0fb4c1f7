//! The HTTP client of both providers: created on first use, pooled, with timeouts and typed failures.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Method, Response};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

pub(super) use self::body::Body;
use super::address;
use super::connect_error;
use super::error_body::{ErrorResponse, excerpt};
use super::retry_after::retry_after;
use super::{ProviderError, ProviderResult, Wait};
use settings::ProviderSettings;

mod body;
mod forward;
mod upload;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, including TLS.
    pub connect: Duration,
    /// From sending a chat to the first chunk of its reply: the model loads and reads the prompt.
    pub first_byte: Duration,
    /// Between two chunks of a reply.
    pub next_byte: Duration,
    /// For a whole response that needs no model (version, lists, details, deletion). The long timeout for a loading model
    /// would hide a hanging server.
    pub control: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::from(&ProviderSettings::default())
    }
}

impl From<&ProviderSettings> for Timeouts {
    fn from(settings: &ProviderSettings) -> Self {
        Self {
            connect: settings.connect_timeout,
            first_byte: settings.first_byte_timeout,
            next_byte: settings.idle_timeout,
            control: Duration::from_secs(30),
        }
    }
}

/// Time between two chunks of a transfer. A server is silent while it checks the digest of a file, which takes many
/// minutes for hundreds of gigabytes on a slow disk.
const TRANSFER_GAP: Duration = Duration::from_secs(1_800);
/// Bytes of a response that needs no model. The details of a model with all its tensors are 5 MB.
const MAX_CONTROL_ANSWER: usize = 16 * 1024 * 1024;
/// Bytes of a response that is read as a whole: embeddings of 2,048 texts.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// Bytes read of an error body, and the time for it.
const MAX_ERROR_BODY: usize = 64 * 1024;
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// Addresses of local names; port 0 stands for the port of the URL. Ollama listens on the first.
const LOOPBACK: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];
const USER_AGENT: &str = concat!("ollama-mcp/", env!("CARGO_PKG_VERSION"));

/// The client of one server.
pub(super) struct Http {
    base: Url,
    address: String,
    local: bool,
    headers: HeaderMap,
    timeouts: Timeouts,
    client: OnceLock<Client>,
}

/// Why a request has no usable response.
#[derive(Debug)]
pub(super) enum Failure {
    /// The status is not a success.
    Response(ErrorResponse),
    /// There is no response.
    Provider(ProviderError),
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl Http {
    /// Nothing is sent, and no client created, before the first request.
    ///
    /// # Errors
    /// [`ProviderError::InvalidRequest`] for an address that is not HTTP, or a header (or token)
    /// that HTTP cannot carry; its text does not repeat the value.
    pub(super) fn new(
        base: Url,
        token: Option<&str>,
        headers: &[(String, String)],
        timeouts: Timeouts,
    ) -> ProviderResult<Self> {
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(invalid("base_url", "must begin with http:// or https:// and name a host"));
        }
        let mut map = HeaderMap::new();
        if let Some(token) = token {
            map.insert(AUTHORIZATION, secret("auth token", &format!("Bearer {token}"))?);
        }
        for (name, value) in headers {
            let argument = format!("header {name:?}");
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| invalid(&argument, "is not a name that HTTP allows"))?;
            map.insert(name, secret(&argument, value)?);
        }
        let (address, local) = (address::redacted(&base), address::is_local(&base));
        Ok(Self { base, address, local, headers: map, timeouts, client: OnceLock::new() })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn is_local(&self) -> bool {
        self.local
    }

    /// Gets JSON that needs no model.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        match self.control(Method::GET, path, None).await {
            // A server may close a pooled connection while the request is written. To ask again changes nothing.
            Err(Failure::Provider(ProviderError::Interrupted { .. })) => {
                self.control(Method::GET, path, None).await
            }
            answer => answer,
        }
    }

    /// Posts JSON; the response is JSON that needs no model.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<T, Failure> {
        self.control(Method::POST, path, Some(body)).await
    }

    /// Sends JSON for a command that needs no model; the body of a success is ignored.
    pub(super) async fn command(&self, method: Method, path: &str, body: Vec<u8>) -> Result<(), Failure> {
        self.whole(method, path, Some(body), Wait::Control).await.map(|_| ())
    }

    /// Whether a resource exists: 404 means that it does not.
    pub(super) async fn has(&self, path: &str) -> Result<bool, Failure> {
        match self.whole(Method::HEAD, path, None, Wait::Control).await {
            Ok(_) => Ok(true),
            Err(Failure::Response(response)) if response.status == 404 => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Posts JSON and reads a whole JSON response, for which a model may have to load.
    pub(super) async fn post_to_model<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        parsed(path, &self.whole(Method::POST, path, Some(body), Wait::Answer).await?)
    }

    /// Posts JSON; the response is read in chunks.
    pub(super) async fn stream(&self, path: &str, body: Vec<u8>) -> Result<Body, Failure> {
        self.send(Method::POST, path, Some(body), self.timeouts.first_byte).await
    }

    /// As [`Http::stream`], for transfers of files: long silence is normal.
    pub(super) async fn transfer(&self, path: &str, body: Vec<u8>) -> Result<Body, Failure> {
        let first_byte = self.timeouts.first_byte.max(TRANSFER_GAP);
        let mut body = self.send(Method::POST, path, Some(body), first_byte).await?;
        body.next_byte = body.next_byte.max(TRANSFER_GAP);
        Ok(body)
    }

    async fn control<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<T, Failure> {
        parsed(path, &self.whole(method, path, body, Wait::Control).await?)
    }

    /// The whole body of a response. Each wait has a timeout, and so has their sum: a server that sends a byte now and then
    /// would otherwise never time out.
    async fn whole(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        waiting_for: Wait,
    ) -> Result<Vec<u8>, Failure> {
        let Timeouts { first_byte, next_byte, control, .. } = self.timeouts;
        let (total, limit) = match waiting_for {
            Wait::Control => (control, MAX_CONTROL_ANSWER),
            // The model has finished when the first chunk arrives.
            _ => (first_byte.saturating_add(next_byte), MAX_ANSWER),
        };
        let answer = async {
            let mut body = self.send(method, path, body, first_byte).await?;
            Ok(body.read(limit).await?)
        };
        let too_long = |_| Err(ProviderError::Timeout { waiting_for, after: total }.into());
        timeout(total, answer).await.unwrap_or_else(too_long)
    }

    /// Sends one request. hyper replaces a pooled connection that closes before the request is written. Retries belong to the
    /// caller.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        first_byte: Duration,
    ) -> Result<Body, Failure> {
        let started = Instant::now();
        let deadline = started + first_byte;
        let mut request =
            self.client()?.request(method.clone(), self.url(path)).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = match timeout_at(deadline, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.not_sent(&error).into()),
            Err(_) => {
                return Err(ProviderError::Timeout { waiting_for: Wait::FirstByte, after: first_byte }.into());
            }
        };
        let status = response.status().as_u16();
        tracing::debug!(%method, path, status, elapsed = ?started.elapsed(), "answer begins");
        let response = self.accepted(response).await?;
        Ok(Body { response, first: Some((deadline, first_byte)), next_byte: self.timeouts.next_byte })
    }

    /// The response, if it is a success.
    async fn accepted(&self, response: Response) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status.is_redirection() {
            return Err(self.redirected(&response).into());
        }
        Err(Failure::Response(error_response(response).await))
    }

    fn client(&self) -> ProviderResult<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = self.build().map_err(|error| self.unreachable(connect_error::reason(&error)))?;
        // If two first requests race, one of the two clients is dropped unused.
        Ok(self.client.get_or_init(|| client))
    }

    fn build(&self) -> reqwest::Result<Client> {
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            let builder = Client::builder()
                .user_agent(USER_AGENT)
                .http1_only()
                .tcp_nodelay(true)
                .connect_timeout(self.timeouts.connect)
                // A redirect could send the prompt and the credentials to another host.
                .redirect(reqwest::redirect::Policy::none());
            let builder = match address::pinned_name(&self.base) {
                Some(name) => builder.resolve_to_addrs(name, &LOOPBACK),
                None => builder,
            };
            if self.local { builder.no_proxy() } else { builder }
        };
        let without_roots = || builder().tls_certs_only([]).build();
        match self.base.scheme() {
            // Without TLS, reading the system's certificates would waste milliseconds.
            "http" if self.local => without_roots(),
            // Only a proxy needs certificates, so a system may have none.
            "http" => builder().build().or_else(|_| without_roots()),
            _ => builder().build(),
        }
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url
    }

    fn not_sent(&self, error: &reqwest::Error) -> ProviderError {
        if connect_error::is_out_of_descriptors(error) {
            return ProviderError::OutOfDescriptors { address: self.address.clone() };
        }
        if error.is_connect() {
            if error.is_timeout() {
                return ProviderError::Timeout { waiting_for: Wait::Connect, after: self.timeouts.connect };
            }
            return self.unreachable(connect_error::reason(error));
        }
        if error.is_builder() || error.is_request() && error.is_dns() {
            return self.unreachable(connect_error::reason(error));
        }
        if connect_error::is_not_http(error) {
            let reason = format!("it does not speak HTTP ({})", connect_error::reason(error));
            return ProviderError::Malformed { reason };
        }
        ProviderError::Interrupted {
            reason: format!("{} before the answer began", connect_error::reason(error)),
        }
    }

    fn unreachable(&self, reason: String) -> ProviderError {
        ProviderError::Unreachable { address: self.address.clone(), reason }
    }

    fn redirected(&self, response: &Response) -> ProviderError {
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let target = location.and_then(|location| response.url().join(location).ok());
        let target = target.map_or_else(|| "another place".to_owned(), |target| address::origin(&target));
        let message = format!(
            "it redirects to {target}; redirects are not followed: set the address to where the server is"
        );
        ProviderError::Status { status: response.status().as_u16(), message }
    }
}

fn parsed<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| {
        let text = String::from_utf8_lossy(bytes.get(..400).unwrap_or(bytes)).into_owned();
        let reason =
            format!("{path} answered with something else than its JSON ({error}): {}", excerpt(&text, 100));
        ProviderError::Malformed { reason }.into()
    })
}

/// Reads the body of an error response, as far as it arrives in time.
async fn error_response(mut response: Response) -> ErrorResponse {
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = wait.and_then(|value| retry_after(value, SystemTime::now()));
    let status = response.status().as_u16();
    let mut body = Vec::new();
    let deadline = Instant::now() + ERROR_BODY_TIMEOUT;
    while let Ok(Ok(Some(chunk))) = timeout_at(deadline, response.chunk()).await {
        body.extend(chunk.iter().take(MAX_ERROR_BODY - body.len()));
        if body.len() >= MAX_ERROR_BODY {
            break;
        }
    }
    ErrorResponse { status, retry_after: wait, body }
}

fn secret(argument: &str, value: &str) -> ProviderResult<HeaderValue> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| invalid(argument, "its value has characters that an HTTP header cannot carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn invalid(argument: &str, reason: &str) -> ProviderError {
    ProviderError::InvalidRequest { argument: argument.to_owned(), reason: reason.to_owned() }
}
