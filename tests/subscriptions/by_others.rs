//! Changes by others are seen by a poll, which runs only while somebody is subscribed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use service::models::ModelSettings;
use service::{ServiceSettings, Services};

use super::{MODEL, fake, installed, listen, next_notification, subscribe};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::{BY_HAND, MODERN, PATIENCE, Session};
use crate::support::process::Process;

/// How often these servers poll.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

fn polling(poll_interval: Duration) -> ServiceSettings {
    let models = ModelSettings { poll_interval, ..ModelSettings::default() };
    ServiceSettings { models, ..ServiceSettings::default() }
}

/// A server that polls more often than the real one.
fn start_polling_often(address: &str) -> Session {
    Session::of_services(address, polling(POLL_INTERVAL))
}

#[tokio::test]
async fn notifications_for_slow_reader_are_coalesced() {
    const POLLS: usize = 300;
    let fake = fake().await.with_patience(PATIENCE);
    let polls = AtomicUsize::new(0);
    let changing = Answer::computed(move |_| {
        let until = polls.fetch_add(1, Ordering::SeqCst).min(POLLS);
        let model = json!({ "name": MODEL, "model": MODEL, "expires_at": until.to_string(), "details": {} });
        Answer::json(200, json!({ "models": [model] }))
    });
    fake.on("GET", "/api/ps", changing);
    let mut session = start_polling_often(&fake.url());
    // Slashes at the end do not matter, and such an address soon fills the pipe.
    let uri = format!("ollama://running{}", "/".repeat(2_000));
    subscribe(&mut session, &uri).await;
    fake.wait_for_requests_to("GET", "/api/ps", POLLS + 2).await;
    session.result(BY_HAND, "resources/unsubscribe", json!({ "uri": uri })).await;
    let told = session.finish().await.len();
    assert!((10..150).contains(&told), "{told} notifications of {POLLS} changes");
}

/// Waits until the poll has ended with the last of its subscribers.
async fn polling_has_ended(services: &Services) {
    let ended = async {
        while services.models.is_polling() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("the poll ends");
}

fn polls(fake: &FakeOllama) -> usize {
    fake.requests_to("GET", "/api/tags").len()
}

#[tokio::test]
async fn changes_by_others_notify_in_both_revisions() {
    // One Ollama for each, so that each poll is of the one that is waited for.
    let (of_host, of_listener) = (fake().await, fake().await);
    let mut host = Process::start(&of_host, &[]);
    host.handshake(BY_HAND, "tests").await;
    subscribe(&mut host, "ollama://models/new:1b").await;
    let mut listener = Process::start(&of_listener, &[]);
    listen(&mut listener, json!({ "resourceSubscriptions": ["ollama://models"] })).await;
    for fake in [&of_host, &of_listener] {
        for path in ["/api/tags", "/api/ps"] {
            fake.wait_for_requests_to("GET", path, 1).await;
        }
        installed(fake, &[MODEL, "new:1b"]);
    }
    assert_eq!(next_notification(&mut host, BY_HAND).await, "list_changed");
    assert_eq!(next_notification(&mut host, BY_HAND).await, "updated ollama://models/new:1b");
    assert_eq!(next_notification(&mut listener, MODERN).await, "updated ollama://models");
    host.finish().await.well();
    listener.finish().await.only();
}

#[tokio::test]
async fn own_change_triggers_immediate_poll() {
    let fake = fake().await;
    let hourly = polling(Duration::from_secs(3600));
    let mut session = Session::of_services(&fake.url(), hourly);
    subscribe(&mut session, "ollama://models").await;
    fake.wait_for_requests_to("GET", "/api/ps", 1).await;
    // Otherwise what others do with the same model until the next look would pass for it.
    session.ask("tools/call", super::delete("smollm2:135m")).await;
    fake.wait_for_requests_to("GET", "/api/tags", 2).await;
    assert_eq!(next_notification(&mut session, BY_HAND).await, "updated ollama://models");
}

#[tokio::test]
async fn server_is_polled_only_while_somebody_is_subscribed() {
    let fake = fake().await;
    let (services, mut session) = Session::with_services(&fake.url(), polling(POLL_INTERVAL));
    session.handshake(BY_HAND, "tests").await;
    session.still_serves().await;
    assert!(
        !services.models.is_polling() && fake.requests().is_empty(),
        "a session alone is no reason to poll"
    );
    // Two subscribers share one poll; it ends with the last of them.
    subscribe(&mut session, "ollama://models").await;
    let (id, _) = listen(&mut session, json!({ "resourceSubscriptions": ["ollama://running"] })).await;
    fake.wait_for_requests_to("GET", "/api/tags", 3).await;
    session.result(BY_HAND, "resources/unsubscribe", json!({ "uri": "ollama://models" })).await;
    let seen = polls(&fake);
    fake.wait_for_requests_to("GET", "/api/tags", seen + 3).await;
    assert!(services.models.is_polling());
    session.cancel(id).await;
    polling_has_ended(&services).await;
    // What changes meanwhile is news to nobody: a poll that had gone on would tell the next subscriber.
    installed(&fake, &[]);
    subscribe(&mut session, "ollama://models").await;
    let seen = polls(&fake);
    fake.wait_for_requests_to("GET", "/api/tags", seen + 3).await;
    assert!(session.finish().await.is_empty(), "a change was told that came while nobody was subscribed");
}

#[tokio::test]
async fn changes_of_loaded_models_and_expiry_notify() {
    let fake = fake().await;
    let mut session = start_polling_often(&fake.url());
    for uri in ["ollama://models", "ollama://running", "ollama://running/gemma3%3A270m"] {
        subscribe(&mut session, uri).await;
    }
    fake.wait_for_requests_to("GET", "/api/ps", 2).await;
    let loaded = |until: &str| {
        let model = json!({ "name": MODEL, "model": MODEL, "size": 1, "size_vram": 0, "expires_at": until, "details": {} });
        fake.on("GET", "/api/ps", Answer::json(200, json!({ "models": [model] })));
    };
    loaded("2026-01-01T00:00:00Z");
    assert_eq!(next_notification(&mut session, BY_HAND).await, "updated ollama://running");
    assert_eq!(next_notification(&mut session, BY_HAND).await, "updated ollama://running/gemma3%3A270m");
    // The list of models says whether each is loaded.
    fake.replay("ps_none");
    for uri in ["ollama://models", "ollama://running", "ollama://running/gemma3%3A270m"] {
        assert_eq!(next_notification(&mut session, BY_HAND).await, format!("updated {uri}"));
    }
}

#[tokio::test]
async fn unreachable_server_is_no_change_until_it_answers_again() {
    let fake = fake().await;
    fake.on("GET", "/api/tags", Answer::reset_before_head());
    let mut session = start_polling_often(&fake.url());
    subscribe(&mut session, "ollama://models").await;
    fake.wait_for_requests_to("GET", "/api/tags", 5).await;
    session.still_serves().await;
    assert!(session.set_aside().is_empty());
    fake.replay("tags_five_models");
    assert_eq!(next_notification(&mut session, BY_HAND).await, "updated ollama://models");
    // Down and up again with the same models: nothing has changed.
    let polled = polls(&fake);
    fake.on("GET", "/api/tags", Answer::json(500, json!({ "error": "down" })));
    fake.wait_for_requests_to("GET", "/api/tags", polled + 2).await;
    let polled = polls(&fake);
    fake.replay("tags_five_models");
    fake.wait_for_requests_to("GET", "/api/tags", polled + 3).await;
    session.still_serves().await;
    assert!(session.set_aside().is_empty());
}

#[tokio::test]
async fn own_change_notifies_once() {
    let fake = fake().await;
    let mut session = start_polling_often(&fake.url());
    subscribe(&mut session, "ollama://models").await;
    fake.wait_for_requests_to("GET", "/api/tags", 2).await;
    // The fake's list changes with the request, as a real one's does.
    let deleted = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&deleted);
    let tags = Answer::computed(move |_| {
        let names: &[&str] = if gone.load(Ordering::SeqCst) { &[MODEL] } else { &[MODEL, "smollm2:135m"] };
        Answer::json(200, super::tags(names))
    });
    fake.on("GET", "/api/tags", tags);
    while next_notification(&mut session, BY_HAND).await != "updated ollama://models" {}
    let delete = Answer::computed(move |_| {
        deleted.store(true, Ordering::SeqCst);
        Answer::empty(200)
    });
    fake.on("DELETE", "/api/delete", delete);
    session.ask("tools/call", super::delete("smollm2:135m")).await;
    let polled = polls(&fake);
    fake.wait_for_requests_to("GET", "/api/tags", polled + 5).await;
    session.still_serves().await;
    let told: Vec<_> = session.set_aside().iter().map(super::short).collect();
    assert_eq!(told, ["updated ollama://models"]);
}
