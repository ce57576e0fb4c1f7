//! Who may call a server that others can reach: users, keys, sessions, and how much each may use.
//!
//! It knows no protocol: the HTTP front and the command line call it. A module uses only those above it:
//!
//! ```text
//! random, error, email       values
//! password, token, key       what is hashed, signed and made
//! credential, cache          who is behind a key or a session, in memory
//! backoff, launch            wrong passwords; codes that open a page
//! service                    signing in and out, and looking up
//! manage                     users and keys
//! clock, limits, usage       what keys may still use, and what was used
//! ```

mod backoff;
mod cache;
mod clock;
mod credential;
mod email;
mod error;
mod key;
mod launch;
pub mod limits;
mod manage;
mod password;
mod random;
mod service;
mod token;
pub mod usage;

pub use cache::POLL_INTERVAL;
pub use credential::{Credential, CredentialKind, DEFAULT_SCOPES, scopes_of_user};
pub use error::{AccountError, SignInError};
pub use key::{KEY_PREFIX, is_key};
pub use manage::NewKey;
pub use service::{AccountOptions, AccountService, SignedIn};
pub use store::{ApiKey, User};
