//! What all requests share.

use std::sync::Arc;
use std::time::Instant;

use accounts::AccountService;
use tokio_util::sync::CancellationToken;

use crate::access::LocalKey;
use crate::idempotency::IdempotencyKeys;
use crate::metrics::Metrics;
use crate::mount::Endpoint;
use crate::openai::ResponseRecords;
use crate::options::HttpOptions;
use service::Services;
use store::Store;

/// The state of one server.
pub(crate) struct App {
    pub(crate) services: Arc<Services>,
    /// The database of the services.
    pub(crate) store: Store,
    pub(crate) accounts: Arc<AccountService>,
    pub(crate) options: HttpOptions,
    /// The key of the user who runs this server.
    pub(crate) local_key: Option<LocalKey>,
    /// MCP, mounted under `/mcp`.
    pub(crate) mcp: Option<Arc<dyn Endpoint>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) idempotency: IdempotencyKeys,
    /// Responses of OpenAI's API that are in memory.
    pub(crate) responses: ResponseRecords,
    pub(crate) started: Instant,
    /// Cancelled when the server ends: open streams say so, and end.
    pub(crate) shutdown: CancellationToken,
}
