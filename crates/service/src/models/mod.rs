//! The models of the server: which there are, what each can do, and what happens to them.

pub mod catalog;
pub mod health;
pub mod lifecycle;
pub mod names;
pub mod parameters;
pub mod reservations;
pub mod watch;
