//! Decodes the body of a streamed response into the events of a reply or a transfer.

use std::collections::VecDeque;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::http::Body;
use super::{ProviderError, ProviderResult};
use types::ChatEvent;

pub(super) type Events<E = ChatEvent> = VecDeque<ProviderResult<E>>;

/// An incremental decoder of one streamed response, without IO.
///
/// Its last event is one for which [`StreamDecoder::is_last`] is true, or an error. Later bytes are ignored.
pub(super) trait StreamDecoder: Send + 'static {
    type Event: Send + 'static;

    fn is_last(event: &Self::Event) -> bool;

    fn push(&mut self, chunk: &[u8], events: &mut Events<Self::Event>);

    /// The body is complete.
    fn finish(&mut self, events: &mut Events<Self::Event>);

    /// The body was cut off, or a timeout elapsed.
    fn cut(&mut self, error: ProviderError, events: &mut Events<Self::Event>) {
        events.push_back(Err(error));
    }
}

/// Decodes a body as its bytes arrive. Dropping the stream drops the body, which closes the connection.
pub(super) fn decode_body<D: StreamDecoder>(
    body: Body,
    decoder: D,
) -> BoxStream<'static, ProviderResult<D::Event>> {
    let decoded = DecodedBody { body: Some(body), decoder, events: Events::new() };
    stream::unfold(decoded, |mut decoded| async move { decoded.next().await.map(|event| (event, decoded)) })
        .boxed()
}

/// All events of a complete body that arrives in these chunks, for tests and fuzzing.
#[cfg(any(test, fuzzing))]
pub(super) fn decode<D: StreamDecoder>(
    mut decoder: D,
    chunks: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Vec<ProviderResult<D::Event>> {
    let mut events = Events::new();
    for chunk in chunks {
        decoder.push(chunk.as_ref(), &mut events);
    }
    decoder.finish(&mut events);
    events.into()
}

struct DecodedBody<D: StreamDecoder> {
    /// `None` once the last event is decoded.
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
