//! Text for people, whoever wrote it: made safe to show, numbers as people read them, and names that were meant.

pub mod format;
pub mod places;
pub mod sanitize;
pub mod similar;
