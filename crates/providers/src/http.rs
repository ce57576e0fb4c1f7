//! The HTTP client below both providers: made on first use, pooled, with timeouts and typed failures.

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
mod upload;

/// How long a server may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To make a connection, TLS included.
    pub connect: Duration,
    /// From sending a chat to the first piece of its reply: the model loads and reads the prompt.
    pub first_byte: Duration,
    /// Between two pieces of a reply.
    pub next_byte: Duration,
    /// From sending what needs no model (version, lists, details, deleting ...) to the end of its answer. A server
    /// that takes longer hangs, and the generous wait for a loading model would hide it.
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

/// Longest silence of a transfer. A server says nothing while it checks the digest of a file, which
/// takes many minutes for hundreds of gigabytes on a slow disk.
const TRANSFER_GAP: Duration = Duration::from_secs(1_800);
/// Longest answer that needs no model. The details of a model with all its tensors are 5 MB.
const MAX_CONTROL_ANSWER: usize = 16 * 1024 * 1024;
/// Longest answer that is read as a whole: embeddings of 2,048 texts.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// How much of a refusal's body is read, and how long that may take.
const MAX_ERROR_BODY: usize = 64 * 1024;
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// Where local names lead to; port 0 stands for the address's own. Ollama listens on the first of them.
const LOOPBACK: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];
const USER_AGENT: &str = concat!("ollama-mcp/", env!("CARGO_PKG_VERSION"));

/// One server: where it is, and how it is spoken to.
pub(super) struct Http {
    base: Url,
    address: String,
    local: bool,
    headers: HeaderMap,
    timeouts: Timeouts,
    client: OnceLock<Client>,
}

/// Why a request has no answer that could be read.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server answered with a status that is no success.
    Response(ErrorResponse),
    /// There is no answer.
    Provider(ProviderError),
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl Http {
    /// Nothing is sent, and no client made, until the first request.
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

    /// The address without credentials and query.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Whether the address is this machine.
    pub(super) fn is_local(&self) -> bool {
        self.local
    }

    /// Asks for something that needs no model.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.control(Method::GET, path, None).await
    }

    /// Posts JSON, and reads a JSON answer that needs no model.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<T, Failure> {
        self.control(Method::POST, path, Some(body)).await
    }

    /// Sends JSON for something that needs no model; what a success says does not matter.
    pub(super) async fn command(&self, method: Method, path: &str, body: Vec<u8>) -> Result<(), Failure> {
        self.whole(method, path, Some(body), Wait::Control).await.map(|_| ())
    }

    /// Whether something is there: 404 means that it is not.
    pub(super) async fn has(&self, path: &str) -> Result<bool, Failure> {
        match self.whole(Method::HEAD, path, None, Wait::Control).await {
            Ok(_) => Ok(true),
            Err(Failure::Response(response)) if response.status == 404 => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Posts JSON, and reads a JSON answer as a whole, for which a model may have to load.
    pub(super) async fn post_to_model<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        parsed(path, &self.whole(Method::POST, path, Some(body), Wait::Answer).await?)
    }

    /// Posts JSON; the answer is to be read piece by piece.
    pub(super) async fn stream(&self, path: &str, body: Vec<u8>) -> Result<Body, Failure> {
        self.send(Method::POST, path, Some(body), self.timeouts.first_byte).await
    }

    /// As [`Http::stream`], for files that are moved and checked: long silence is no fault.
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

    /// The whole body of an answer. Each wait in it is bounded, and so is their sum (`waiting_for`): a server
    /// that sends a byte now and then would otherwise be waited for without end.
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
            // The model has done its work when the first piece comes.
            _ => (first_byte.saturating_add(next_byte), MAX_ANSWER),
        };
        let answer = async {
            let mut body = self.send(method, path, body, first_byte).await?;
            Ok(body.read(limit).await?)
        };
        let too_long = |_| Err(ProviderError::Timeout { waiting_for, after: total }.into());
        timeout(total, answer).await.unwrap_or_else(too_long)
    }

    /// Sends one request. A pooled connection that closes before the request is written is
    /// replaced by hyper; nothing is sent twice. A policy of retries belongs around this call.
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

    /// The answer, if it is a success.
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
        // Should two first requests race, one of the two clients is dropped unused.
        Ok(self.client.get_or_init(|| client))
    }

    fn build(&self) -> reqwest::Result<Client> {
        // An error means that one is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            let builder = Client::builder()
                .user_agent(USER_AGENT)
                .http1_only()
                .tcp_nodelay(true)
                .connect_timeout(self.timeouts.connect)
                // A redirect could carry the prompt and the credentials to another host.
                .redirect(reqwest::redirect::Policy::none());
            let builder = match address::pinned_name(&self.base) {
                Some(name) => builder.resolve_to_addrs(name, &LOOPBACK),
                None => builder,
            };
            if self.local { builder.no_proxy() } else { builder }
        };
        let without_roots = || builder().tls_certs_only([]).build();
        match self.base.scheme() {
            // No TLS is spoken: reading the system's certificates would cost milliseconds.
            "http" if self.local => without_roots(),
            // Certificates serve a proxy at most: a system without any is no obstacle.
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

/// The JSON of an answer that was read as a whole.
fn parsed<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| {
        let text = String::from_utf8_lossy(bytes.get(..400).unwrap_or(bytes)).into_owned();
        let reason =
            format!("{path} answered with something else than its JSON ({error}): {}", excerpt(&text, 100));
        ProviderError::Malformed { reason }.into()
    })
}

/// Reads what a refusal says, as far as it comes soon.
async fn error_response(mut response: Response) -> ErrorResponse {
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = wait.and_then(|value| retry_after(value, SystemTime::now()));
    let status = response.status().as_u16();
    let mut body = Vec::new();
    let deadline = Instant::now() + ERROR_BODY_TIMEOUT;
    while let Ok(Ok(Some(piece))) = timeout_at(deadline, response.chunk()).await {
        body.extend(piece.iter().take(MAX_ERROR_BODY - body.len()));
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
