//! The transport, request by request.

mod files;
mod forms;
mod limits;
mod outbox;
mod sessions;
mod stateless;
mod support;
