//! Answers: what the service returns, as the JSON and the text of a tool or a resource. Pure functions.

pub(crate) mod batch;
pub(crate) mod completion;
pub(crate) mod conversations;
pub(crate) mod job;
