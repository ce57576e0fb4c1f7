//! Work that runs on its own: it is queued, followed, fetched by its id, and cancelled. Nothing here knows of models.

pub mod cancel_on_drop;
pub mod handle;
pub mod job;
pub mod memory;
pub mod queue;
pub mod registry;
pub mod reply;
