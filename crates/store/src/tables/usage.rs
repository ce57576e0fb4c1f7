//! What was used, and the counters of limits.

use std::sync::Arc;

use crate::database::Database;

/// What was used, and the counters of limits.
#[derive(Debug, Clone)]
pub struct Usage(Arc<dyn Database>);

impl Usage {
    pub(crate) fn new(database: Arc<dyn Database>) -> Self {
        Self(database)
    }
}
