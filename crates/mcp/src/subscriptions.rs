//! Who is told of changes: sessions of the older revisions by `resources/subscribe`, callers of revision 2026-07-28 by
//! `subscriptions/listen`.
//!
//! Each is told by one task that writes one notification after the other and then asks what else has changed, so a
//! reader that is slow gets fewer of them, not a pile.
//!
//! MCP 2025-11-25, server/resources (subscriptions); MCP 2026-07-28, basic/utilities/subscriptions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::{ErrorData, ResourceUpdatedNotificationParam, SubscriptionFilter};
use rmcp::service::{Peer, RoleServer, SubscriptionContext};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::resources::Address;
use super::server::McpServer;
use service::changes::{Change, Follower};
use service::models::watch::Poll;

/// Resources that a connection may subscribe to, and those that it may listen to. Far above what a host does; a bound
/// so that it cannot grow the server.
const MAX_RESOURCES: usize = 1024;
/// Resources of one listen: rmcp compares each of them with each other one.
const MAX_RESOURCES_OF_LISTEN: usize = 256;
/// Bytes of a URI. The longest name of a model, percent-encoded, fits.
const MAX_URI_BYTES: usize = 2048;

/// How much the listens of a connection may hold. Clones are the same.
#[derive(Clone)]
pub(super) struct Listeners(Arc<Semaphore>);

impl Default for Listeners {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_RESOURCES)))
    }
}

impl Listeners {
    /// Checks what a listen asks for, before anything is compared or kept; the answer is held as long as the listen.
    ///
    /// # Errors
    /// Too many resources, or too long a URI.
    pub(super) fn admit(&self, filter: &SubscriptionFilter) -> Result<OwnedSemaphorePermit, ErrorData> {
        let uris = filter.resource_subscriptions.as_deref().unwrap_or_default();
        if uris.len() > MAX_RESOURCES_OF_LISTEN {
            let text = format!(
                "notifications.resourceSubscriptions has {} URIs; one subscriptions/listen may have {MAX_RESOURCES_OF_LISTEN}",
                uris.len()
            );
            return Err(ErrorData::invalid_params(text, None));
        }
        uris.iter().try_for_each(|uri| check_length(uri))?;
        // One without resources is open as well, and takes a place.
        let count = u32::try_from(uris.len().max(1)).unwrap_or(u32::MAX);
        Arc::clone(&self.0).try_acquire_many_owned(count).map_err(|_| {
            let text = format!(
                "too many resources are listened to: a connection may listen to {MAX_RESOURCES}; cancel a subscriptions/listen first"
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

/// The subscriptions of one session of an older revision.
#[derive(Default)]
pub(super) struct Subscriptions(Arc<Mutex<Session>>);

#[derive(Default)]
struct Session {
    /// By the URI as the client writes it.
    resources: BTreeMap<String, Address>,
    /// It shook hands, so it takes notifications that it did not ask for.
    initialized: bool,
    /// Held while there are resources to be watched at the model server.
    poll: Option<Arc<Poll>>,
    /// Ends the task that tells; there is one once there is something to tell.
    telling: Option<DropGuard>,
}

impl Subscriptions {
    /// From now on tells the client of changes of the list.
    pub(super) fn initialized(&self, server: &McpServer, peer: Peer<RoleServer>) {
        let mut session = self.lock();
        session.initialized = true;
        self.tell(&mut session, server, peer);
    }

    /// From now on tells the client of changes of this resource.
    ///
    /// # Errors
    /// Resource not found, or too many subscriptions.
    pub(super) fn subscribe(
        &self,
        server: &McpServer,
        peer: Peer<RoleServer>,
        uri: String,
    ) -> Result<(), ErrorData> {
        check_length(&uri)?;
        let address = Address::subscribable(&uri, server.stores())?;
        let polled = address.is_polled();
        let mut session = self.lock();
        if session.resources.len() >= MAX_RESOURCES && !session.resources.contains_key(&uri) {
            let said = format!("{MAX_RESOURCES} resources are subscribed to; unsubscribe from some");
            return Err(ErrorData::invalid_request(said, None));
        }
        session.resources.insert(uri, address);
        // The one that tells comes before the one that looks, so that nothing is missed.
        self.tell(&mut session, server, peer);
        if polled {
            session.poll.get_or_insert_with(|| server.services().models.poll_changes());
        }
        Ok(())
    }

    /// No longer tells of this resource; one that was never subscribed to is none of either.
    pub(super) fn unsubscribe(&self, uri: &str) {
        let mut session = self.lock();
        session.resources.remove(uri);
        if !session.resources.values().any(Address::is_polled) {
            session.poll = None;
        }
    }

    fn tell(&self, session: &mut Session, server: &McpServer, peer: Peer<RoleServer>) {
        if session.telling.is_some() {
            return;
        }
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        session.telling = Some(stop.drop_guard());
        // Not the server itself: its end is to end the task.
        let (follower, session) =
            (server.services().changes.follow(server.caller()), Arc::downgrade(&self.0));
        let telling = async move {
            let mut follower = follower;
            while let Some(changes) = follower.changed().await {
                let Some(session) = session.upgrade() else { return };
                let (list, updated) = {
                    let session = session.lock().unwrap_or_else(PoisonError::into_inner);
                    let list = session.initialized && list_changed(&changes);
                    let changed =
                        session.resources.iter().filter(|(_, address)| address.changed_by(&changes));
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
        tokio::spawn(async move { stopped.run_until_cancelled(telling).await });
    }

    fn lock(&self) -> MutexGuard<'_, Session> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of what a client wants to hear, what there is: changes of the list, and of resources that change.
pub(super) fn accepted(requested: &SubscriptionFilter, stored: bool) -> SubscriptionFilter {
    let mut accepted = SubscriptionFilter::new();
    accepted.resources_list_changed = requested.resources_list_changed;
    accepted.resource_subscriptions = requested.resource_subscriptions.as_ref().map(|uris| {
        uris.iter().filter(|uri| Address::subscribable(uri, stored).is_ok()).cloned().collect::<Vec<_>>()
    });
    accepted
}

/// Tells a client what it listens to, until the input ends: nobody can cancel it any more then. A client that
/// cancels ends it from outside.
pub(super) async fn listen(server: &McpServer, subscription: &SubscriptionContext) {
    tokio::select! {
        () = server.input_closed() => {}
        () = subscription.cancelled() => {}
        () = tell_listener(server, subscription) => {}
    }
}

async fn tell_listener(server: &McpServer, subscription: &SubscriptionContext) {
    let accepted = subscription.accepted();
    let list = accepted.resources_list_changed == Some(true);
    let resources: Vec<_> = accepted
        .resource_subscriptions
        .iter()
        .flatten()
        .filter_map(|uri| Some((uri, Address::subscribable(uri, server.stores()).ok()?)))
        .collect();
    if !list && resources.is_empty() {
        return std::future::pending().await;
    }
    let mut follower: Follower = server.services().changes.follow(server.caller());
    let polled = list || resources.iter().any(|(_, address)| address.is_polled());
    let _poll = polled.then(|| server.services().models.poll_changes());
    while let Some(changes) = follower.changed().await {
        let sink = subscription.sink();
        if list && list_changed(&changes) && sink.notify_resource_list_changed().await.is_err() {
            return;
        }
        for (uri, address) in &resources {
            if address.changed_by(&changes) && sink.notify_resource_updated(uri.as_str()).await.is_err() {
                return;
            }
        }
    }
}

/// Whether other models are there to be read than before.
fn list_changed(changes: &std::collections::BTreeSet<Change>) -> bool {
    changes.iter().any(|change| matches!(change, Change::Installed(_) | Change::Anything))
}
