//! The transport, request by request.

mod deadlines;
mod files;
mod forms;
mod limits;
mod outbox;
mod rate_limits;
mod sessions;
mod stateless;
mod support;
