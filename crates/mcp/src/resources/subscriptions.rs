//! Notifications of changed resources: for sessions of the older revisions by `resources/subscribe`, for callers of revision
//! 2026-07-28 by `subscriptions/listen`.
//!
//! One task for each of them writes one notification at a time and then looks for further changes, so a slow reader gets
//! fewer notifications, not a queue of them.
//!
//! MCP 2025-11-25, server/resources (subscriptions); MCP 2026-07-28, basic/utilities/subscriptions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use rmcp::model::{ErrorData, ResourceUpdatedNotificationParam, SubscriptionFilter};
use rmcp::service::{Peer, RoleServer, SubscriptionContext};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::uri::ResourceUri;
use crate::state::ServerState;
use platform::sync::lock;
use service::Caller;
use service::changes::{Change, Follower};
use service::models::watch::Poll;

/// Resources that a connection may subscribe to, and those that it may listen to. Far above what hosts do; it bounds the
/// server's memory.
const MAX_RESOURCES: usize = 1024;
/// Resources of one listen: rmcp compares all pairs of them.
const MAX_RESOURCES_OF_LISTEN: usize = 256;
/// Bytes of a URI. The longest name of a model, percent-encoded, fits.
const MAX_URI_BYTES: usize = 2048;

/// The bound on the resources that a caller listens to. Clones share it.
#[derive(Clone)]
pub(crate) struct Listeners(Arc<Semaphore>);

impl Default for Listeners {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_RESOURCES)))
    }
}

impl Listeners {
    /// Checks a listen before rmcp compares its resources; the permit is held as long as the listen.
    ///
    /// # Errors
    /// Too many resources, or too long a URI.
    pub(crate) fn admit(&self, filter: &SubscriptionFilter) -> Result<OwnedSemaphorePermit, ErrorData> {
        let uris = filter.resource_subscriptions.as_deref().unwrap_or_default();
        if uris.len() > MAX_RESOURCES_OF_LISTEN {
            let text = format!(
                "notifications.resourceSubscriptions has {} URIs; one subscriptions/listen may have {MAX_RESOURCES_OF_LISTEN}",
                uris.len()
            );
            return Err(ErrorData::invalid_params(text, None));
        }
        uris.iter().try_for_each(|uri| check_length(uri))?;
        // A listen without resources counts as one.
        let count = u32::try_from(uris.len().max(1)).unwrap_or(u32::MAX);
        Arc::clone(&self.0).try_acquire_many_owned(count).map_err(|_| {
            let text = format!(
                "too many resources are listened to: a caller may listen to {MAX_RESOURCES}; cancel a subscriptions/listen first"
            );
            ErrorData::invalid_request(text, None)
        })
    }
}

fn check_length(uri: &str) -> Result<(), ErrorData> {
    if uri.len() <= MAX_URI_BYTES {
        return Ok(());
    }
    let text = format!("the URI is {} bytes long; it may have {MAX_URI_BYTES}", uri.len());
    Err(ErrorData::invalid_params(text, None))
}

/// The subscriptions of one session of an older revision. A standard mutex: held for one change or one comparison, never
/// across an await.
#[derive(Default)]
pub(crate) struct Subscriptions(Arc<Mutex<Subscribed>>);

#[derive(Default)]
struct Subscribed {
    /// By the URI as the client writes it.
    resources: BTreeMap<String, ResourceUri>,
    /// After the handshake a client accepts notifications that it did not subscribe to.
    initialized: bool,
    /// Held while a resource is subscribed to whose changes only the model server knows.
    poll: Option<Arc<Poll>>,
    /// Ends the notifying task; it starts with the first subscription or the handshake.
    notifying: Option<DropGuard>,
}

impl Subscriptions {
    /// From now on notifies the client of changes of the list.
    pub(crate) fn initialized(&self, server: &ServerState, caller: &Caller, peer: Peer<RoleServer>) {
        let mut session = self.lock();
        session.initialized = true;
        self.notify(&mut session, server, caller, peer);
    }

    /// From now on notifies the client of changes of this resource.
    ///
    /// # Errors
    /// Resource not found, or too many subscriptions.
    pub(crate) fn subscribe(
        &self,
        server: &ServerState,
        caller: &Caller,
        peer: Peer<RoleServer>,
        uri: String,
    ) -> Result<(), ErrorData> {
        check_length(&uri)?;
        let resource = ResourceUri::subscribable(&uri, server.stores())?;
        let polled = resource.is_polled();
        let mut session = self.lock();
        if session.resources.len() >= MAX_RESOURCES && !session.resources.contains_key(&uri) {
            let said = format!("{MAX_RESOURCES} resources are subscribed to; unsubscribe from some");
            return Err(ErrorData::invalid_request(said, None));
        }
        session.resources.insert(uri, resource);
        // Follow changes before polling starts, so no change is missed.
        self.notify(&mut session, server, caller, peer);
        if polled {
            session.poll.get_or_insert_with(|| server.services().models.poll_changes());
        }
        Ok(())
    }

    /// No longer notifies of this resource. Unsubscribing from an unknown URI is a no-op.
    pub(crate) fn unsubscribe(&self, uri: &str) {
        let mut session = self.lock();
        session.resources.remove(uri);
        if !session.resources.values().any(ResourceUri::is_polled) {
            session.poll = None;
        }
    }

    fn notify(
        &self,
        session: &mut Subscribed,
        server: &ServerState,
        caller: &Caller,
        peer: Peer<RoleServer>,
    ) {
        if session.notifying.is_some() {
            return;
        }
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        session.notifying = Some(stop.drop_guard());
        // A weak reference, so dropping the session ends this task.
        let (follower, session) = (server.services().changes.follow(caller), Arc::downgrade(&self.0));
        let notify = async move {
            let mut follower = follower;
            while let Some(changes) = follower.changed().await {
                let Some(session) = session.upgrade() else { return };
                let (list, updated) = {
                    let session = lock(&session);
                    let list = session.initialized && list_changed(&changes);
                    let changed =
                        session.resources.iter().filter(|(_, resource)| resource.changed_by(&changes));
                    (list, changed.map(|(uri, _)| uri.clone()).collect::<Vec<_>>())
                };
                drop(session);
                if list && peer.notify_resource_list_changed().await.is_err() {
                    return;
                }
                for uri in updated {
                    let update = ResourceUpdatedNotificationParam::new(uri);
                    if peer.notify_resource_updated(update).await.is_err() {
                        return;
                    }
                }
            }
        };
        tokio::spawn(async move { stopped.run_until_cancelled(notify).await });
    }

    fn lock(&self) -> MutexGuard<'_, Subscribed> {
        lock(&self.0)
    }
}

/// The part of a client's filter that this server can serve: changes of the list, and of resources that change.
pub(crate) fn accepted(requested: &SubscriptionFilter, stored: bool) -> SubscriptionFilter {
    let mut accepted = SubscriptionFilter::new();
    accepted.resources_list_changed = requested.resources_list_changed;
    accepted.resource_subscriptions = requested.resource_subscriptions.as_ref().map(|uris| {
        uris.iter().filter(|uri| ResourceUri::subscribable(uri, stored).is_ok()).cloned().collect::<Vec<_>>()
    });
    accepted
}

/// Serves one `subscriptions/listen` until the client cancels it, or until the input ends: nobody can cancel it after that.
pub(crate) async fn listen(
    server: &ServerState,
    caller: &Caller,
    input_closed: &CancellationToken,
    subscription: &SubscriptionContext,
) {
    tokio::select! {
        () = input_closed.cancelled() => {}
        () = subscription.cancelled() => {}
        () = notify_listener(server, caller, subscription) => {}
    }
}

async fn notify_listener(server: &ServerState, caller: &Caller, subscription: &SubscriptionContext) {
    let accepted = subscription.accepted();
    let list = accepted.resources_list_changed == Some(true);
    let resources: Vec<_> = accepted
        .resource_subscriptions
        .iter()
        .flatten()
        .filter_map(|uri| Some((uri, ResourceUri::subscribable(uri, server.stores()).ok()?)))
        .collect();
    if !list && resources.is_empty() {
        return std::future::pending().await;
    }
    let mut follower: Follower = server.services().changes.follow(caller);
    let polled = list || resources.iter().any(|(_, resource)| resource.is_polled());
    let _poll = polled.then(|| server.services().models.poll_changes());
    while let Some(changes) = follower.changed().await {
        let sink = subscription.sink();
        if list && list_changed(&changes) && sink.notify_resource_list_changed().await.is_err() {
            return;
        }
        for (uri, resource) in &resources {
            if resource.changed_by(&changes) && sink.notify_resource_updated(uri.as_str()).await.is_err() {
                return;
            }
        }
    }
}

/// Whether the list of models has changed.
fn list_changed(changes: &std::collections::BTreeSet<Change>) -> bool {
    changes.iter().any(|change| matches!(change, Change::Installed(_) | Change::Anything))
}
