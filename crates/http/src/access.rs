//! Which requests are accepted, and on whose behalf: rules for web pages, then one check of credentials.

mod client;
mod cookie;
mod credential;
mod ended;
mod identity;
mod local_key;
mod web_page;

pub(crate) use client::Client;
pub(crate) use cookie::{expired_cookie, session_cookie};
pub(crate) use credential::identify;
pub(crate) use ended::{credential_ended, until_ended};
pub(crate) use identity::{Identity, Kind, caller_of};
pub use local_key::LocalKey;
pub(crate) use web_page::{PageRules, check as check_web_page, is_published_on_loopback};
