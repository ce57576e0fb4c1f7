//! Whether the model server answers, asked now and then while a stream is open.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::event::Event;
use crate::error::HttpError;
use crate::sse;
use service::Services;

/// How often a server is asked that answered.
const WHILE_UP: Duration = Duration::from_secs(5);
/// How often one is asked that did not: people wait for it.
const WHILE_DOWN: Duration = Duration::from_secs(1);

/// What the server has answered last: its version, or the message and the hint of a failure.
type Answered = Option<Result<Option<String>, (String, Option<String>)>>;

/// The model server's state, as far as it is known.
pub(super) struct ModelServer(watch::Receiver<Answered>);

impl ModelServer {
    /// Asks the server as long as the result is there.
    pub(super) fn watch(services: &Arc<Services>, has_credential: bool) -> Self {
        let (sender, receiver) = watch::channel(None);
        let models = Arc::clone(&services.models);
        tokio::spawn(async move {
            loop {
                let answered = tokio::select! {
                    answered = models.ping() => answered,
                    () = sender.closed() => return,
                };
                let answered = answered.map_err(|error| {
                    let shown = HttpError::from_service(&error, has_credential);
                    (shown.message.clone(), shown.hint.clone())
                });
                let pause = if answered.is_ok() { WHILE_UP } else { WHILE_DOWN };
                sender.send_if_modified(|known| {
                    let differs = known.as_ref() != Some(&answered);
                    *known = Some(answered);
                    differs
                });
                tokio::select! {
                    () = sleep(pause) => {}
                    () = sender.closed() => return,
                }
            }
        });
        Self(receiver)
    }

    /// Waits for another state.
    pub(super) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The task that asks has ended with the runtime.
            std::future::pending().await
        }
    }

    /// Writes the state, once it is known.
    pub(super) fn write(&mut self, name: &'static str, out: &mut Vec<u8>) {
        let event = match &*self.0.borrow_and_update() {
            None => return,
            Some(Ok(version)) => {
                let event =
                    Event::Server { name, up: true, version: version.as_deref(), message: None, hint: None };
                return sse::write_event(out, None, &event);
            }
            Some(Err((message, hint))) => (message.clone(), hint.clone()),
        };
        let (message, hint) = event;
        let event =
            Event::Server { name, up: false, version: None, message: Some(&message), hint: hint.as_deref() };
        sse::write_event(out, None, &event);
    }
}
