//! Bodies of responses: whole ones, and streams of server-sent events.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::outbox::{Event, Found, Reader};

/// How long a client waits before it connects again.
const RETRY: Duration = Duration::from_secs(3);

/// Something that lives as long as a response.
pub(super) type Guard = Box<dyn Send + Sync>;

/// The body of a response.
pub struct ResponseBody(Kind);

enum Kind {
    Whole(Option<Bytes>),
    Stream(Box<EventStream>),
}

impl ResponseBody {
    pub(super) fn empty() -> Self {
        Self(Kind::Whole(None))
    }

    pub(super) fn whole(bytes: Bytes) -> Self {
        Self(Kind::Whole(Some(bytes)))
    }

    pub(super) fn stream(stream: EventStream) -> Self {
        Self(Kind::Stream(Box::new(stream)))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match &mut self.0 {
            Kind::Whole(bytes) => Poll::Ready(bytes.take()),
            Kind::Stream(stream) => stream.poll_next(context),
        };
        data.map(|data| data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

/// How a stream of events is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamOptions {
    /// A comment is sent after so long a silence; `None`: none is.
    pub(super) comment_after: Option<Duration>,
    /// Events have ids, by which a client of the session can go on after a lost connection.
    pub(super) resumable: bool,
    /// It begins with an event without data, so that the client has an id before the first message. Clients of revisions
    /// before 2025-11-25 take it for a message.
    pub(super) primed: bool,
    /// It stays open without messages where another reader takes over; else it ends.
    pub(super) outlives_replacement: bool,
}

/// The events of one response.
pub(super) struct EventStream {
    reader: Reader,
    options: StreamOptions,
    silence: Option<Pin<Box<Sleep>>>,
    replaced: bool,
    _guard: Option<Guard>,
}

impl EventStream {
    /// `guard` is dropped with the stream, such as when the client has gone.
    pub(super) fn new(reader: Reader, options: StreamOptions, guard: Option<Guard>) -> Self {
        let silence = options.comment_after.map(|limit| Box::pin(sleep(limit)));
        Self { reader, options, silence, replaced: false, _guard: guard }
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if std::mem::take(&mut self.options.primed) {
            let (stream, number, retry) = (self.reader.stream(), self.reader.taken(), RETRY.as_millis());
            return Poll::Ready(Some(format!("id: {stream}-{number}\nretry: {retry}\ndata: \n\n").into()));
        }
        if !self.replaced {
            match self.reader.poll_take(context) {
                Poll::Ready(Found::Events(events)) => {
                    self.restart_silence();
                    return Poll::Ready(Some(self.frame(&events)));
                }
                Poll::Ready(Found::End) => return Poll::Ready(None),
                Poll::Ready(Found::Replaced) if self.options.outlives_replacement => self.replaced = true,
                Poll::Ready(Found::Replaced) => return Poll::Ready(None),
                Poll::Pending => {}
            }
        }
        match self.silence.as_mut().map(|silence| silence.as_mut().poll(context)) {
            Some(Poll::Ready(())) => {
                self.restart_silence();
                Poll::Ready(Some(Bytes::from_static(b":\n\n")))
            }
            Some(Poll::Pending) | None => Poll::Pending,
        }
    }

    fn restart_silence(&mut self) {
        if let (Some(silence), Some(limit)) = (&mut self.silence, self.options.comment_after) {
            silence.as_mut().reset(Instant::now() + limit);
        }
    }

    /// All events in one piece: each piece is a write to the connection.
    fn frame(&self, events: &[Event]) -> Bytes {
        let size = events.iter().map(|event| event.json.len() + 48).sum();
        let mut text = BytesMut::with_capacity(size);
        for event in events {
            if self.options.resumable {
                // Writing to it cannot fail.
                let _ = writeln!(text, "id: {}-{}", self.reader.stream(), event.number);
            }
            // JSON without spaces has no line end.
            text.put_slice(b"data: ");
            text.put_slice(&event.json);
            text.put_slice(b"\n\n");
        }
        text.freeze()
    }
}
