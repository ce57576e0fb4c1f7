//! Who may call a server that others can reach: users, keys, sessions, and how much each may use.
//!
//! It knows no protocol: the HTTP front and the command line call it.

mod clock;
pub mod limits;
pub mod usage;
