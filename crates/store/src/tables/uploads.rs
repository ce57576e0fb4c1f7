//! Files that callers sent; the bytes are on disk.

use std::sync::Arc;

use crate::database::Database;

/// Files that callers sent; the bytes are on disk.
#[derive(Debug, Clone)]
pub struct Uploads(Arc<dyn Database>);

impl Uploads {
    pub(crate) fn new(database: Arc<dyn Database>) -> Self {
        Self(database)
    }
}
