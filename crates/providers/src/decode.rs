//! Turns the body of a streamed answer into the events of a reply, or of a transfer.

use std::collections::VecDeque;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::http::Body;
use super::{ProviderError, ProviderResult};
use types::ChatEvent;

/// Decoded events that wait to be taken.
pub(super) type Events<E = ChatEvent> = VecDeque<ProviderResult<E>>;

/// An incremental decoder of one streamed answer. Pure: no IO.
///
/// The last event that it gives is one that [`StreamDecoder::is_last`] knows, or an error; after that,
/// bytes are ignored.
pub(super) trait StreamDecoder: Send + 'static {
    /// What it gives.
    type Event: Send + 'static;

    /// Whether nothing follows this event.
    fn is_last(event: &Self::Event) -> bool;

    /// Takes the next bytes of the body.
    fn push(&mut self, chunk: &[u8], events: &mut Events<Self::Event>);

    /// The body ended as HTTP says it should.
    fn finish(&mut self, events: &mut Events<Self::Event>);

    /// The body broke off, or a timeout ran out.
    fn cut(&mut self, error: ProviderError, events: &mut Events<Self::Event>) {
        events.push_back(Err(error));
    }
}

/// The events of an answer, decoded as its bytes come. Dropping the stream drops the body, which
/// closes the connection.
pub(super) fn decode_body<D: StreamDecoder>(
    body: Body,
    decoder: D,
) -> BoxStream<'static, ProviderResult<D::Event>> {
    let decoded = DecodedBody { body: Some(body), decoder, events: Events::new() };
    stream::unfold(decoded, |mut decoded| async move { decoded.next().await.map(|event| (event, decoded)) })
        .boxed()
}

/// All events of a body that comes in these pieces and ends well: what tests and fuzzing look at.
#[cfg(any(test, fuzzing))]
pub(super) fn decode<D: StreamDecoder>(
    mut decoder: D,
    pieces: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Vec<ProviderResult<D::Event>> {
    let mut events = Events::new();
    for piece in pieces {
        decoder.push(piece.as_ref(), &mut events);
    }
    decoder.finish(&mut events);
    events.into()
}

struct DecodedBody<D: StreamDecoder> {
    /// Gone once the last event is known.
    body: Option<Body>,
    decoder: D,
    events: Events<D::Event>,
}

impl<D: StreamDecoder> DecodedBody<D> {
    async fn next(&mut self) -> Option<ProviderResult<D::Event>> {
        while self.events.is_empty() {
            let body = self.body.as_mut()?;
            match body.next().await {
                Ok(Some(chunk)) => self.decoder.push(chunk.as_ref(), &mut self.events),
                Ok(None) => {
                    self.decoder.finish(&mut self.events);
                    self.body = None;
                }
                Err(error) => {
                    self.decoder.cut(error, &mut self.events);
                    self.body = None;
                }
            }
        }
        let event = self.events.pop_front();
        match &event {
            Some(Ok(event)) if D::is_last(event) => {
                if let Some(body) = self.body.take() {
                    body.drain();
                }
            }
            Some(Err(_)) => self.body = None,
            _ => {}
        }
        event
    }
}
