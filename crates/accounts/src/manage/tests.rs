//! Users and keys, as administrators manage them.

use store::Store;

use super::*;
use crate::AccountOptions;

const EMAIL: &str = "ann@example.org";
const PASSWORD: &str = "correct horse";

fn service() -> (tempfile::TempDir, AccountService) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::sqlite(Some(home.path().join("data")));
    let service = AccountService::new(&store, AccountOptions::default());
    (home, service)
}

fn named(name: &str) -> NewKey {
    NewKey { name: name.to_owned(), ..NewKey::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_found_by_email_and_near_ones_are_named() {
    let (_home, service) = service();
    assert!(!service.has_callers().await.unwrap());
    let user = service.add_user("Ann@example.org", PASSWORD, false).await.unwrap();
    assert_eq!(service.users().await.unwrap(), std::slice::from_ref(&user));
    let error = service.add_user(EMAIL, PASSWORD, true).await.unwrap_err();
    assert_eq!(error.to_string(), "there is a user ann@example.org already");
    let error = service.set_password("anm@example.org", PASSWORD).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no user anm@example.org; did you mean ann@example.org?");
    assert!(service.has_callers().await.unwrap());
    service.set_disabled(EMAIL, true).await.unwrap();
    assert!(!service.has_callers().await.unwrap());
    assert_eq!(service.remove_user(EMAIL).await.unwrap().id, user.id);
    assert!(service.users().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn key_is_shown_once_and_valid_until_revoked() {
    let (_home, service) = service();
    let (key, text) = service.add_key(named("bot")).await.unwrap();
    assert!(text.starts_with(&key.prefix) && key.owner.as_str() == format!("key-{}", key.id));
    let found = service.by_key(&text).await.unwrap().unwrap();
    assert!(found.may(Scope::Chat) && !found.may(Scope::ModelsWrite) && found.id.as_ref() == key.id);
    assert!(service.by_key(text.strip_suffix(|_: char| true).unwrap()).await.unwrap().is_none());
    assert!(service.has_callers().await.unwrap());
    assert!(service.revoke_key("bot", None).await.unwrap().is_disabled);
    assert!(found.ended().is_cancelled() && service.by_key(&text).await.unwrap().is_none());
    assert!(!service.has_callers().await.unwrap());
    let error = service.revoke_key("bot", None).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no valid key \"bot\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn key_of_user_is_as_valid_as_its_user() {
    let (_home, service) = service();
    let user = service.add_user(EMAIL, PASSWORD, false).await.unwrap();
    let of_user = |scopes| NewKey { user: Some(EMAIL.to_owned()), scopes, ..named("bot") };
    let (key, text) = service.add_key(of_user(None)).await.unwrap();
    assert_eq!(key.owner.as_str(), user.id);
    let found = service.by_key(&text).await.unwrap().unwrap();
    service.set_disabled(EMAIL, true).await.unwrap();
    assert!(found.ended().is_cancelled() && service.by_key(&text).await.unwrap().is_none());
    service.set_disabled(EMAIL, false).await.unwrap();
    assert!(service.by_key(&text).await.unwrap().is_some());
    let error = service.add_key(of_user(Some(vec![Scope::Chat, Scope::Admin]))).await.unwrap_err();
    assert!(error.to_string().starts_with("ann@example.org may not have the scopes admin"), "{error}");
    service.remove_user(EMAIL).await.unwrap();
    assert!(service.by_key(&text).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn key_is_revoked_by_what_names_it_alone() {
    let (_home, service) = service();
    let (first, _) = service.add_key(named("bot")).await.unwrap();
    let (second, _) = service.add_key(named("bot")).await.unwrap();
    let error = service.revoke_key("bot", None).await.unwrap_err().to_string();
    assert!(error.contains(&first.id) && error.contains(&second.id), "{error}");
    let error = service.revoke_key(&first.id, Some(&second.owner)).await.unwrap_err();
    assert!(matches!(error, AccountError::NoKey { near: None, .. }), "{error}");
    assert_eq!(service.revoke_key(&first.prefix, None).await.unwrap().id, first.id);
    assert_eq!(service.revoke_key("bot", None).await.unwrap().id, second.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_keys_are_lines_of_text() {
    let (_home, service) = service();
    for name in ["", "  ", "a\nb", &"x".repeat(81)] {
        let error = service.add_key(named(name)).await.unwrap_err();
        assert!(matches!(error, AccountError::InvalidName(_)), "{name:?}: {error}");
    }
    assert_eq!(service.add_key(named(" bot für alle ")).await.unwrap().0.name, "bot für alle");
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_of_settings_is_added_once() {
    let (_home, service) = service();
    assert!(service.ensure_admin(EMAIL, PASSWORD).await.unwrap());
    assert!(!service.ensure_admin(EMAIL, "another one").await.unwrap());
    assert!(service.user(EMAIL).await.unwrap().is_admin);
    let key = format!("omk_{}", "a1".repeat(20));
    service.ensure_admin_key(&key).await.unwrap();
    let found = service.by_key(&key).await.unwrap().unwrap();
    assert!(found.may(Scope::Admin));
    // The same one again changes nothing; another one takes its place.
    service.ensure_admin_key(&key).await.unwrap();
    assert!(!found.ended().is_cancelled());
    service.ensure_admin_key(&format!("omk_{}", "b2".repeat(20))).await.unwrap();
    assert!(found.ended().is_cancelled() && service.by_key(&key).await.unwrap().is_none());
    assert!(service.ensure_admin_key("omk_short").await.is_err());
}
