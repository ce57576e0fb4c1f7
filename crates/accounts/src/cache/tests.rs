//! What is in memory follows the database.

use store::{ApiKey, SessionKind, Store};
use types::{Limits, Owner, Scope};

use super::*;

/// Two processes over one database.
fn processes() -> (tempfile::TempDir, store::Accounts, Cache) {
    let home = tempfile::tempdir().unwrap();
    let open = || Store::sqlite(Some(home.path().join("data"))).accounts();
    let (elsewhere, cache) = (open(), Cache::new(open()));
    (home, elsewhere, cache)
}

fn key(id: &str, expires_ms: Option<i64>) -> ApiKey {
    ApiKey {
        id: id.to_owned(),
        name: "bot".to_owned(),
        prefix: "omk_".to_owned(),
        owner: Owner::new(&format!("key-{id}")).unwrap(),
        user_id: None,
        scopes: vec![Scope::Chat],
        limits: Limits::default(),
        created_ms: 1,
        expires_ms,
        is_disabled: false,
    }
}

fn session(id: &str, expires_ms: i64) -> Session {
    Session {
        id: id.to_owned(),
        kind: SessionKind::Token,
        owner: Owner::local(),
        user_id: None,
        secret_hash: None,
        created_ms: 1,
        expires_ms,
    }
}

#[tokio::test]
async fn known_key_needs_no_database() {
    let (home, elsewhere, cache) = processes();
    elsewhere.put_key(&key("a", None), "h").await.unwrap();
    let first = cache.key("h").await.unwrap().unwrap();
    // Nothing could be read from it any more.
    std::fs::remove_dir_all(home.path().join("data")).unwrap();
    std::fs::write(home.path().join("data"), "").unwrap();
    let again = cache.key("h").await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    assert!(cache.key("unknown").await.is_err());
}

#[tokio::test]
async fn key_added_elsewhere_is_found_without_poll() {
    let (_home, elsewhere, cache) = processes();
    assert!(cache.key("h").await.unwrap().is_none());
    elsewhere.put_key(&key("a", None), "h").await.unwrap();
    // Immediately, although the revision has just been read.
    assert!(cache.key("h").await.unwrap().is_some_and(|key| key.may(Scope::Chat) && !key.may(Scope::Mcp)));
}

#[tokio::test]
async fn flood_of_wrong_keys_reads_the_revision_seldom() {
    let (_home, _elsewhere, cache) = processes();
    let began = Instant::now();
    for _ in 0..4 {
        let flood = (0..100).map(|_| async { assert!(cache.key("h").await.unwrap().is_none()) });
        futures_util::future::join_all(flood).await;
    }
    assert!(began.elapsed() >= 3 * MISS_INTERVAL, "{:?}", began.elapsed());
    // One at a time would take 20 s.
    assert!(began.elapsed() < 100 * MISS_INTERVAL, "{:?}", began.elapsed());
}

#[tokio::test]
async fn key_revoked_elsewhere_ends_with_next_poll() {
    let (_home, elsewhere, cache) = processes();
    let ended = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ended);
    cache.observe_ends(Box::new(move |credential| lock(&seen).push(credential.id.to_string())));
    for id in ["a", "b"] {
        elsewhere.put_key(&key(id, None), id).await.unwrap();
    }
    let (a, b) = (cache.key("a").await.unwrap().unwrap(), cache.key("b").await.unwrap().unwrap());
    elsewhere.revoke_key("a").await.unwrap();
    cache.poll().await;
    assert!(a.ended().is_cancelled() && !b.ended().is_cancelled());
    assert_eq!(*lock(&ended), ["a"]);
    assert!(cache.key("a").await.unwrap().is_none());
    // What has not changed is still the same.
    assert!(Arc::ptr_eq(&b, &cache.key("b").await.unwrap().unwrap()));
}

#[tokio::test]
async fn expired_credentials_end() {
    let (_home, elsewhere, cache) = processes();
    let later = now_ms() + 3_600_000;
    elsewhere.put_key(&key("a", Some(later)), "h").await.unwrap();
    elsewhere.put_key(&key("b", Some(1)), "expired").await.unwrap();
    elsewhere.add_session(&session("s", later)).await.unwrap();
    let (key, session) = (cache.key("h").await.unwrap().unwrap(), cache.session("s").await.unwrap().unwrap());
    assert!(cache.key("expired").await.unwrap().is_none());
    cache.end_expired(later - 1);
    assert!(key.is_valid(later - 1) && session.is_valid(later - 1));
    assert!(!key.is_valid(later) && !session.is_valid(later));
    cache.end_expired(later);
    assert!(key.ended().is_cancelled() && session.ended().is_cancelled());
}

#[tokio::test]
async fn session_of_another_process_is_found_and_ends_with_it() {
    let (_home, elsewhere, cache) = processes();
    assert!(cache.session("s").await.unwrap().is_none());
    elsewhere.add_session(&session("s", i64::MAX)).await.unwrap();
    let found = cache.session("s").await.unwrap().unwrap();
    assert!(found.may(Scope::Admin));
    elsewhere.end_session("s").await.unwrap();
    cache.poll().await;
    assert!(found.ended().is_cancelled() && cache.session("s").await.unwrap().is_none());
}

#[tokio::test]
async fn session_read_before_a_change_is_not_kept() {
    let (_home, elsewhere, cache) = processes();
    cache.refresh().await.unwrap();
    let before = cache.revision();
    elsewhere.end_session("another").await.unwrap();
    cache.poll().await;
    cache.insert(session("s", i64::MAX), before);
    assert!(cache.session("s").await.unwrap().is_none());
}

#[tokio::test]
async fn nothing_is_polled_before_a_credential_is_shown() {
    let (home, _elsewhere, cache) = processes();
    cache.poll().await;
    assert!(!home.path().join("data").exists());
}

#[tokio::test]
async fn memory_alone_counts_for_limited_time() {
    let (_home, elsewhere, cache) = processes();
    elsewhere.put_key(&key("a", None), "h").await.unwrap();
    assert!(cache.key("h").await.unwrap().is_some());
    if let Some(loaded) = lock(&cache.loaded).as_mut() {
        loaded.checked = loaded.checked.checked_sub(MAX_AGE).unwrap();
    }
    assert!(cache.find(|loaded| loaded.keys.get("h")).is_none());
    assert!(cache.key("h").await.unwrap().is_some(), "the database answers");
}
