//! Turns the body of a streamed answer into the events of a reply.

use std::collections::VecDeque;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::http::Body;
use super::types::ChatEvent;
use super::{ChatStream, ProviderError, ProviderResult};

/// Decoded events that wait to be taken.
pub(super) type Events = VecDeque<ProviderResult<ChatEvent>>;

/// An incremental decoder of one streamed reply. Pure: no IO.
///
/// The last event that it gives is [`ChatEvent::Done`] or an error; after that, bytes are ignored.
pub(super) trait Decode: Send + 'static {
    /// Takes the next bytes of the body.
    fn push(&mut self, chunk: &[u8], events: &mut Events);

    /// The body ended as HTTP says it should.
    fn finish(&mut self, events: &mut Events);

    /// The body broke off, or a timeout ran out.
    fn cut(&mut self, error: ProviderError, events: &mut Events) {
        events.push_back(Err(error));
    }
}

/// The events of a reply, decoded as its bytes come. Dropping the stream drops the body, which
/// closes the connection.
pub(super) fn reply(body: Body, decoder: impl Decode) -> ChatStream {
    let reading = Reading { body: Some(body), decoder, events: Events::new() };
    stream::unfold(reading, |mut reading| async move { reading.next().await.map(|event| (event, reading)) })
        .boxed()
}

/// All events of a body that comes in these pieces and ends well: what tests and fuzzing look at.
#[cfg(any(test, fuzzing))]
pub(super) fn decode(
    mut decoder: impl Decode,
    pieces: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Vec<ProviderResult<ChatEvent>> {
    let mut events = Events::new();
    for piece in pieces {
        decoder.push(piece.as_ref(), &mut events);
    }
    decoder.finish(&mut events);
    events.into()
}

struct Reading<D> {
    /// Gone once the last event is known.
    body: Option<Body>,
    decoder: D,
    events: Events,
}

impl<D: Decode> Reading<D> {
    async fn next(&mut self) -> Option<ProviderResult<ChatEvent>> {
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
        match event {
            Some(Ok(ChatEvent::Done(_))) => {
                if let Some(body) = self.body.take() {
                    body.give_back();
                }
            }
            Some(Err(_)) => self.body = None,
            _ => {}
        }
        event
    }
}
