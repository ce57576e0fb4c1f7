//! Text for people, whoever wrote it: made safe to show, and numbers as people read them.

pub mod format;
pub mod sanitize;
