//! The rules for users, keys and sessions, as checks that run over any database.
#![cfg(any(test, feature = "contract"))]
#![allow(clippy::unwrap_used, reason = "a test suite: a check that fails panics")]

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use types::{Limits, Owner, Scope};

use super::{Accounts, ApiKey, NewUser, Session, SessionKind};
use crate::{Store, StoredMessage, Turn};

/// A rule that holds over every database.
pub struct AccountCheck {
    pub name: &'static str,
    /// Two handles on one empty database, as two processes have them.
    pub run: fn(Store, Store) -> BoxFuture<'static, ()>,
}

macro_rules! checks {
    ($($name:ident,)*) => {
        /// All checks. Each needs a database of its own.
        pub const CHECKS: &[AccountCheck] =
            &[$(AccountCheck { name: stringify!($name), run: |here, elsewhere| $name(here, elsewhere).boxed() }),*];
    };
}

checks! {
    email_is_taken_once,
    password_change_ends_sessions,
    disabled_user_keeps_keys_and_loses_sessions,
    removed_user_leaves_nothing,
    key_comes_back_as_written,
    key_is_revoked_once,
    key_of_same_id_is_replaced,
    expired_sessions_are_removed_by_next_one,
    secret_is_the_first_one_stored,
    changes_raise_revision_for_others,
}

fn user(id: &str, email: &str) -> NewUser {
    let (id, email, password_hash) = (id.to_owned(), email.to_owned(), "$argon2id$x".to_owned());
    NewUser { id, email, password_hash, is_admin: false, created_ms: 1 }
}

fn session(id: &str, user_id: Option<&str>, created_ms: i64) -> Session {
    let owner = user_id.map_or_else(Owner::local, |id| Owner::new(id).unwrap());
    let user_id = user_id.map(str::to_owned);
    Session {
        id: id.to_owned(),
        kind: if user_id.is_some() { SessionKind::Token } else { SessionKind::Browser },
        secret_hash: user_id.is_none().then(|| "ab".repeat(32)),
        owner,
        user_id,
        created_ms,
        expires_ms: created_ms + 100,
    }
}

fn key(id: &str, user_id: Option<&str>) -> ApiKey {
    let owner = user_id.map_or_else(|| format!("key-{id}"), str::to_owned);
    ApiKey {
        id: id.to_owned(),
        name: "bot, für \"alle\"".to_owned(),
        prefix: "omk_1234".to_owned(),
        owner: Owner::new(&owner).unwrap(),
        user_id: user_id.map(str::to_owned),
        scopes: vec![Scope::Chat, Scope::ModelsRead],
        limits: Limits::default(),
        created_ms: 5,
        expires_ms: None,
        is_disabled: false,
    }
}

async fn added(accounts: &Accounts) {
    assert!(accounts.add_user(user("user-1", "ann@example.org")).await.unwrap());
    assert!(accounts.add_user(user("user-2", "bob@example.org")).await.unwrap());
    for (id, of) in [("s1", Some("user-1")), ("s2", Some("user-2")), ("s3", None)] {
        accounts.add_session(&session(id, of, 10)).await.unwrap();
    }
    assert!(accounts.put_key(&key("k1", Some("user-1")), "h1").await.unwrap());
    assert!(accounts.put_key(&key("k2", None), "h2").await.unwrap());
}

async fn sessions(accounts: &Accounts) -> Vec<String> {
    let state = accounts.state(0).await.unwrap();
    let mut ids: Vec<_> = state.sessions.into_iter().map(|session| session.id).collect();
    ids.sort_unstable();
    ids
}

async fn email_is_taken_once(here: Store, elsewhere: Store) {
    assert!(here.accounts().add_user(user("user-1", "ann@example.org")).await.unwrap());
    assert!(!elsewhere.accounts().add_user(user("user-2", "ann@example.org")).await.unwrap());
    let (found, hash) = elsewhere.accounts().user_by_email("ann@example.org").await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), hash.as_str()), ("user-1", "$argon2id$x"));
    assert!(!found.is_admin && !found.is_disabled);
    assert_eq!(here.accounts().users().await.unwrap(), [found]);
    assert!(here.accounts().user_by_email("bob@example.org").await.unwrap().is_none());
}

async fn password_change_ends_sessions(here: Store, elsewhere: Store) {
    added(&here.accounts()).await;
    assert!(here.accounts().set_password("user-1", "$new").await.unwrap());
    assert!(!here.accounts().set_password("user-9", "$new").await.unwrap());
    assert_eq!(sessions(&elsewhere.accounts()).await, ["s2", "s3"]);
    let (_, hash) = elsewhere.accounts().user_by_email("ann@example.org").await.unwrap().unwrap();
    assert_eq!(hash, "$new");
}

async fn disabled_user_keeps_keys_and_loses_sessions(here: Store, elsewhere: Store) {
    let accounts = here.accounts();
    added(&accounts).await;
    assert!(accounts.set_disabled("user-1", true).await.unwrap());
    let state = elsewhere.accounts().state(0).await.unwrap();
    assert!(state.users.iter().any(|user| user.id == "user-1" && user.is_disabled));
    assert_eq!((state.keys.len(), state.sessions.len()), (2, 2));
    assert!(accounts.set_disabled("user-1", false).await.unwrap());
    assert!(!accounts.users().await.unwrap().iter().any(|user| user.is_disabled));
    assert!(!accounts.set_disabled("user-9", true).await.unwrap());
}

async fn removed_user_leaves_nothing(here: Store, elsewhere: Store) {
    let accounts = here.accounts();
    added(&accounts).await;
    let conversations = here.conversations();
    for owner in ["user-1", "user-2"] {
        let message = StoredMessage::text(types::Role::User, "hi", std::time::UNIX_EPOCH);
        let turn = Turn { id: "a".into(), after: None, replaces: 0, system: None, messages: vec![message] };
        conversations.append(&Owner::new(owner).unwrap(), turn).await.unwrap();
    }
    assert!(accounts.remove_user("user-1", 50).await.unwrap());
    assert!(!accounts.remove_user("user-1", 50).await.unwrap());
    let state = elsewhere.accounts().state(0).await.unwrap();
    assert!(state.users.iter().all(|user| user.id == "user-2"));
    assert!(state.keys.iter().all(|(_, key)| key.id == "k2"));
    assert_eq!(sessions(&accounts).await, ["s2", "s3"]);
    for (owner, is_there) in [("user-1", false), ("user-2", true)] {
        let found = conversations.get(&Owner::new(owner).unwrap(), "a", None).await.unwrap();
        assert_eq!(found.is_some(), is_there, "{owner}");
    }
}

async fn key_comes_back_as_written(here: Store, elsewhere: Store) {
    added(&here.accounts()).await;
    let limits = Limits {
        models: Some(vec!["qwen3:8b".to_owned(), "a\"b".to_owned()]),
        requests_per_minute: Some(u32::MAX),
        tokens_per_day: Some(1 << 40),
        concurrency: Some(2),
        priority: -3,
    };
    let written = ApiKey { limits, expires_ms: Some(99), created_ms: 6, ..key("k3", Some("user-2")) };
    here.accounts().put_key(&written, "h3").await.unwrap();
    let keys = elsewhere.accounts().state(0).await.unwrap().keys;
    // The newest is the first.
    assert_eq!(keys.first(), Some(&("h3".to_owned(), written)));
    assert_eq!(keys.get(1), Some(&("h1".to_owned(), key("k1", Some("user-1")))));
    assert_eq!(elsewhere.accounts().keys().await.unwrap().len(), 3);
}

async fn key_is_revoked_once(here: Store, elsewhere: Store) {
    added(&here.accounts()).await;
    assert!(elsewhere.accounts().revoke_key("k1").await.unwrap());
    assert!(!here.accounts().revoke_key("k1").await.unwrap());
    assert!(!here.accounts().revoke_key("k9").await.unwrap());
    let keys = here.accounts().keys().await.unwrap();
    assert!(keys.iter().all(|key| key.is_disabled == (key.id == "k1")));
}

async fn key_of_same_id_is_replaced(here: Store, elsewhere: Store) {
    added(&here.accounts()).await;
    here.accounts().revoke_key("k2").await.unwrap();
    assert!(here.accounts().put_key(&key("k2", None), "h9").await.unwrap());
    let keys = elsewhere.accounts().state(0).await.unwrap().keys;
    let found: Vec<_> = keys.iter().filter(|(_, key)| key.id == "k2").collect();
    assert!(matches!(found.as_slice(), [(hash, key)] if hash == "h9" && !key.is_disabled));
}

async fn expired_sessions_are_removed_by_next_one(here: Store, elsewhere: Store) {
    let accounts = here.accounts();
    added(&accounts).await;
    assert_eq!(accounts.session("s1").await.unwrap(), Some(session("s1", Some("user-1"), 10)));
    assert_eq!(accounts.session("s3").await.unwrap(), Some(session("s3", None, 10)));
    // Those of the others expire at 110.
    accounts.add_session(&session("s4", Some("user-1"), 110)).await.unwrap();
    assert_eq!(elsewhere.accounts().session("s1").await.unwrap(), None);
    assert_eq!(sessions(&accounts).await, ["s4"]);
    assert!(accounts.end_session("s4").await.unwrap());
    assert!(!accounts.end_session("s4").await.unwrap());
}

async fn secret_is_the_first_one_stored(here: Store, elsewhere: Store) {
    assert_eq!(here.accounts().secret("tokens", vec![0, 1]).await.unwrap(), [0, 1]);
    assert_eq!(elsewhere.accounts().secret("tokens", vec![2]).await.unwrap(), [0, 1]);
    assert_eq!(elsewhere.accounts().secret("other", vec![2]).await.unwrap(), [2]);
}

async fn changes_raise_revision_for_others(here: Store, elsewhere: Store) {
    let (accounts, other) = (here.accounts(), elsewhere.accounts());
    added(&accounts).await;
    let mut last = other.revision().await.unwrap();
    let changes = [
        accounts.set_password("user-1", "$new"),
        accounts.set_disabled("user-1", true),
        accounts.revoke_key("k1"),
        accounts.put_key(&key("k3", None), "h3"),
        accounts.end_session("s2"),
        accounts.remove_user("user-1", 1),
    ];
    for change in changes {
        assert!(change.await.unwrap());
        let revision = other.revision().await.unwrap();
        assert!(revision > last);
        last = revision;
    }
    assert_eq!(other.state(0).await.unwrap().revision, last);
}
