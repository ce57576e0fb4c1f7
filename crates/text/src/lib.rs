//! Text for people, whoever wrote it: made safe to show.

pub mod sanitize;
