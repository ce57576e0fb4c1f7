//! Users, their keys and their sessions.

use std::sync::Arc;

use crate::database::Database;

/// Users, their keys and their sessions.
#[derive(Debug, Clone)]
pub struct Accounts(Arc<dyn Database>);

impl Accounts {
    pub(crate) fn new(database: Arc<dyn Database>) -> Self {
        Self(database)
    }
}
