//! The bytes of a connection: how long a client may be idle and how long the head of a request may take, and a body for
//! the errors that hyper answers itself.
//!
//! hyper has one timer for both times, which starts when it waits for a head. So it would end connections that clients keep for
//! their next request after the time that a head may take.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_io_timeout::TimeoutStream;

use crate::error::{Dialect, HttpError};
use crate::options::Timeouts;

/// What the service of a connection does, as its bytes need to know it.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Heads that were complete.
    requests: AtomicU64,
    /// A request is being served, or its response is sent.
    in_flight: AtomicBool,
}

impl Activity {
    /// The head of a request is complete.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.in_flight.store(true, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }
}

/// A request, until its response is sent.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.store(false, Ordering::Relaxed);
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Waiting {
    /// A response. Its body and that of the request have limits of their own.
    Response,
    /// The first byte of a request.
    Request,
    /// The rest of a head.
    Head,
}

/// A connection with limits of time.
pub(super) struct TimedIo {
    inner: Pin<Box<TimeoutStream<TcpStream>>>,
    activity: Arc<Activity>,
    timeouts: Timeouts,
    waiting: Waiting,
    /// The complete heads when the wait began.
    served: u64,
    until: Instant,
    /// Only set again when it fires or is too late: most waits are short.
    sleep: Pin<Box<Sleep>>,
    /// A response in the place of hyper's own, as far as it is not written yet.
    own: Vec<u8>,
}

impl TimedIo {
    pub(super) fn new(stream: TcpStream, activity: Arc<Activity>, timeouts: Timeouts) -> Self {
        let mut inner = TimeoutStream::new(stream);
        inner.set_write_timeout(Some(timeouts.write));
        let until = Instant::now() + timeouts.idle;
        Self {
            inner: Box::pin(inner),
            activity,
            timeouts,
            waiting: Waiting::Request,
            served: 0,
            until,
            sleep: Box::pin(sleep_until(until)),
            own: Vec::new(),
        }
    }

    /// Notices that a head is complete, or a response sent.
    fn refresh(&mut self) {
        if self.activity.in_flight.load(Ordering::Relaxed) {
            self.waiting = Waiting::Response;
            return;
        }
        let served = self.activity.requests.load(Ordering::Relaxed);
        if self.waiting == Waiting::Response || served != self.served {
            self.served = served;
            self.wait_for(Waiting::Request, self.timeouts.idle);
        }
    }

    fn wait_for(&mut self, waiting: Waiting, time: std::time::Duration) {
        self.waiting = waiting;
        self.until = Instant::now() + time;
    }

    /// Whether the wait has been too long; wakes the task when it will have been.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        if self.sleep.deadline() > self.until {
            self.sleep.as_mut().reset(self.until);
        }
        while self.sleep.as_mut().poll(context).is_ready() {
            if Instant::now() >= self.until {
                return true;
            }
            self.sleep.as_mut().reset(self.until);
        }
        false
    }

    /// Whether these bytes are hyper's answer to a head that it cannot read: no request has reached the service.
    fn is_answer_of_hyper(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(b"HTTP/1.")
            && bytes.get(STATUS).is_some_and(|status| status.starts_with(b"4"))
            && !self.activity.in_flight.load(Ordering::Relaxed)
            && contains(bytes, HYPERS_LENGTH)
            // Those of the response before may still wait to be written.
            && !contains(bytes, REQUEST_ID)
    }

    /// Puts a response with a body in the place of hyper's. The bytes count as written.
    fn replace(&mut self, bytes: &[u8]) -> Option<usize> {
        let status = bytes.get(STATUS).and_then(|status| StatusCode::from_bytes(status).ok())?;
        let (code, text) = match status {
            StatusCode::BAD_REQUEST => ("invalid_http", "The request is not valid HTTP/1.1"),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                ("headers_too_large", "The address and the headers of the request are too long or too many")
            }
            _ => return None,
        };
        let body = HttpError::new(status, code, text).body(Dialect::OpenAi).to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\nx-content-type-options: nosniff\r\n\
             x-request-id: req_{}\r\ncontent-length: {}\r\n\r\n",
            uuid::Uuid::new_v4().simple(),
            body.len()
        );
        self.own = [head.as_bytes(), body.as_bytes()].concat();
        Some(bytes.len())
    }

    fn poll_own(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.own.is_empty() {
            let written = ready!(self.inner.as_mut().poll_write(context, &self.own))?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.own.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Where the status stands in a response.
const STATUS: std::ops::Range<usize> = 9..12;
/// What hyper's own answers have, which never have a body.
const HYPERS_LENGTH: &[u8] = b"content-length: 0\r\n";
/// What all of ours have.
const REQUEST_ID: &[u8] = b"x-request-id: ";

impl AsyncRead for TimedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        self.refresh();
        let read = self.inner.as_mut().poll_read(context, buffer);
        match read {
            Poll::Ready(Ok(())) => {
                if self.waiting == Waiting::Request && buffer.filled().len() > before {
                    let time = self.timeouts.head;
                    self.wait_for(Waiting::Head, time);
                }
            }
            Poll::Pending if self.waiting != Waiting::Response && self.is_over(context) => {
                return Poll::Ready(Err(ErrorKind::TimedOut.into()));
            }
            Poll::Pending | Poll::Ready(Err(_)) => {}
        }
        read
    }
}

impl AsyncWrite for TimedIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_own(context))?;
        if self.is_answer_of_hyper(bytes)
            && let Some(length) = self.replace(bytes)
        {
            return Poll::Ready(Ok(length));
        }
        self.inner.as_mut().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_own(context))?;
        if let Some(first) = pieces.first()
            && self.is_answer_of_hyper(first)
            && let Some(length) = self.replace(first)
        {
            return Poll::Ready(Ok(length));
        }
        self.inner.as_mut().poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_own(context))?;
        let flushed = self.inner.as_mut().poll_flush(context);
        // hyper may have begun to wait for bytes while the response was sent, and then reads only when it is woken.
        self.refresh();
        if self.waiting != Waiting::Response {
            let _ = self.is_over(context);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_own(context))?;
        self.inner.as_mut().poll_shutdown(context)
    }
}
