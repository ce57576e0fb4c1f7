//! One turn: it is followed until its end, and Ctrl-C stops it.

use std::sync::Arc;

use super::output;
use super::screen::Screen;
use service::conversations::TurnCall;
use service::tasks::cancel_on_drop::CancelOnDrop;
use service::tasks::registry::TaskKind;
use service::tasks::reply::ReplyCursor;
use service::{Caller, ErrorCode, ServiceError, Services};

/// Asks, and shows the answer while it comes; the id of the conversation that it is stored in.
pub(super) async fn run(services: &Arc<Services>, turn: TurnCall) -> Result<Option<String>, ServiceError> {
    let task = services.conversations.start_turn(&Caller::local(), turn)?;
    let _guard = CancelOnDrop::new(Arc::clone(&task));
    let TaskKind::Reply(reply) = &task.kind else { return Err(ServiceError::internal()) };
    let mut changes = reply.changes();
    let mut cursor = ReplyCursor::default();
    let mut screen = Screen::new();
    loop {
        changes.borrow_and_update();
        // Read first: the update after it has all that there is.
        let outcome = reply.outcome();
        screen.show(&reply.update(&mut cursor), reply.model());
        match outcome {
            None => {}
            Some(Ok(completion)) => {
                screen.end(&completion);
                return Ok(reply.conversation().map(str::to_owned));
            }
            Some(Err(error)) if error.code == ErrorCode::Cancelled => {
                screen.interrupted();
                output::note("Stopped. This question and its answer are not in the conversation.\n");
                return Ok(None);
            }
            Some(Err(error)) => {
                screen.interrupted();
                return Err(error);
            }
        }
        tokio::select! {
            // The reply holds the sender.
            changed = changes.changed() => if changed.is_err() { return Err(ServiceError::internal()) },
            () = platform::stop_signal() => task.cancel(),
        }
    }
}
