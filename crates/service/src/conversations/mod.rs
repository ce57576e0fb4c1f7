//! Conversations that are stored, and their turns.

pub mod context_window;
pub mod turn;
