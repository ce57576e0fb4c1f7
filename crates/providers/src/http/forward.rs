//! Requests that are passed on: whatever the status of the answer, it is not read here.

use std::time::{Duration, SystemTime};

use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER};
use tokio::time::{Instant, timeout_at};

use super::{Body, Http};
use crate::forward::{ForwardBody, Forwarded, Patience};
use crate::retry_after::retry_after;
use crate::{ProviderError, ProviderResult, Wait};

/// Longer than any caller waits: the caller ends such a request.
const UNBOUNDED: Duration = Duration::from_secs(365 * 24 * 3600);

impl Http {
    /// Sends one request and waits for the head of the answer. Dropping the future closes the connection.
    ///
    /// # Errors
    /// There is no answer, or it is a redirect.
    pub(crate) async fn forward(
        &self,
        method: Method,
        path: &str,
        body: ForwardBody,
        patience: Patience,
    ) -> ProviderResult<Forwarded> {
        let timeouts = &self.timeouts;
        let (waiting_for, first_byte, next_byte) = match patience {
            Patience::Control => (Wait::Control, timeouts.control, timeouts.next_byte),
            Patience::Settings => (Wait::FirstByte, timeouts.first_byte, timeouts.next_byte),
            Patience::Caller => (Wait::FirstByte, UNBOUNDED, UNBOUNDED),
        };
        let started = Instant::now();
        let deadline = started + first_byte;
        let mut request =
            self.client()?.request(method.clone(), self.url(path)).headers(self.headers.clone());
        request = match body {
            ForwardBody::Empty => request,
            ForwardBody::Json(body) => request.header(CONTENT_TYPE, "application/json").body(body),
            ForwardBody::File { size, content } => {
                let request = request.header(CONTENT_TYPE, "application/octet-stream");
                let request = match size {
                    Some(size) => request.header(CONTENT_LENGTH, size),
                    None => request,
                };
                request.body(reqwest::Body::wrap_stream(content))
            }
        };
        let response = timeout_at(deadline, request.send())
            .await
            .map_err(|_| ProviderError::Timeout { waiting_for, after: first_byte })?
            .map_err(|error| self.not_sent(&error))?;
        let status = response.status();
        tracing::debug!(%method, path, status = status.as_u16(), elapsed = ?started.elapsed(), "answer begins");
        if status.is_redirection() {
            return Err(self.redirected(&response));
        }
        let headers = response.headers();
        Ok(Forwarded {
            status: status.as_u16(),
            content_type: text(headers, CONTENT_TYPE).map(str::to_owned),
            retry_after: text(headers, RETRY_AFTER).and_then(|wait| retry_after(wait, SystemTime::now())),
            body: Body { response, first: Some((deadline, first_byte)), next_byte },
        })
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
