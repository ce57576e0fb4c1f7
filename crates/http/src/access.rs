//! Which requests are accepted, and on whose behalf: rules for web pages, then one check of credentials.

mod credential;
mod identity;
mod local_key;
mod web_page;

pub(crate) use credential::identify;
pub(crate) use identity::Identity;
pub use local_key::LocalKey;
pub(crate) use web_page::{PageRules, check as check_web_page};
