//! Signing in and out.

use types::Scope;

use super::*;

const EMAIL: &str = "ann@example.org";
const PASSWORD: &str = "correct horse";

async fn service() -> (tempfile::TempDir, AccountService) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::sqlite(Some(home.path().join("data")));
    let service = AccountService::new(&store, AccountOptions::default());
    service.add_user(EMAIL, PASSWORD, false).await.unwrap();
    (home, service)
}

fn address(last: u8) -> IpAddr {
    [10, 0, 0, last].into()
}

async fn sign_in(service: &AccountService, password: &str, last: u8) -> Result<SignedIn, SignInError> {
    service.sign_in(EMAIL, password, address(last), SessionKind::Token).await
}

#[tokio::test(flavor = "multi_thread")]
async fn token_is_valid_until_it_is_signed_out() {
    let (_home, service) = service().await;
    let signed_in = service.sign_in(" Ann@Example.org", PASSWORD, address(1), SessionKind::Token).await;
    let signed_in = signed_in.unwrap_or_else(|error| panic!("{error}"));
    assert!(signed_in.secret.is_none());
    assert_eq!(signed_in.user.as_ref().map(|user| user.email.as_str()), Some(EMAIL));
    let found = service.by_token(&signed_in.token).await.unwrap().unwrap();
    assert_eq!(found.user.as_ref().unwrap().email, EMAIL);
    assert!(found.owner.as_str().starts_with("user-") && found.may(Scope::Chat) && !found.may(Scope::Admin));
    assert!(service.sign_out(&found).await.unwrap());
    assert!(found.ended().is_cancelled());
    assert!(service.by_token(&signed_in.token).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn cookie_needs_its_secret() {
    let (_home, service) = service().await;
    let signed_in = service.sign_in(EMAIL, PASSWORD, address(1), SessionKind::Browser).await;
    let SignedIn { token, secret, .. } = signed_in.unwrap_or_else(|error| panic!("{error}"));
    let secret = secret.unwrap();
    assert!(service.by_cookie(&token, &secret).await.unwrap().is_some());
    assert!(service.by_cookie(&token, "").await.unwrap().is_none());
    assert!(service.by_cookie("", &secret).await.unwrap().is_none());
    // It is no token: a page of another site could not send it as one, either.
    assert!(service.by_token(&token).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_password_unknown_and_disabled_user_are_told_alike() {
    let (_home, service) = service().await;
    let wrong = sign_in(&service, "wrong", 1).await.err();
    let unknown = service.sign_in("bob@example.org", PASSWORD, address(1), SessionKind::Token).await.err();
    let none = service.sign_in("no address", PASSWORD, address(1), SessionKind::Token).await.err();
    let long = sign_in(&service, &"x".repeat(5000), 1).await.err();
    service.set_disabled(EMAIL, true).await.unwrap();
    let disabled = sign_in(&service, PASSWORD, 1).await.err();
    for error in [wrong, unknown, none, long, disabled] {
        assert_eq!(error, Some(SignInError::Wrong));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_slow_down_known_and_unknown_users_alike() {
    let (_home, service) = service().await;
    for email in [EMAIL, "bob@example.org"] {
        for last in 0..6 {
            let wrong = service.sign_in(email, "wrong", address(last), SessionKind::Token).await;
            assert_eq!(wrong.err(), Some(SignInError::Wrong), "{email}");
        }
        let refused = service.sign_in(email, PASSWORD, address(9), SessionKind::Token).await;
        assert!(matches!(refused.err(), Some(SignInError::TooMany { .. })), "{email}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_password_and_disabling_end_sessions() {
    let (_home, service) = service().await;
    let token =
        |signed_in: Result<SignedIn, SignInError>| signed_in.unwrap_or_else(|error| panic!("{error}")).token;
    let first = token(sign_in(&service, PASSWORD, 1).await);
    let found = service.by_token(&first).await.unwrap().unwrap();
    service.set_password(EMAIL, "battery staple").await.unwrap();
    assert!(found.ended().is_cancelled() && service.by_token(&first).await.unwrap().is_none());
    assert!(sign_in(&service, PASSWORD, 1).await.is_err());
    let second = token(sign_in(&service, "battery staple", 1).await);
    let found = service.by_token(&second).await.unwrap().unwrap();
    service.set_disabled(EMAIL, true).await.unwrap();
    assert!(found.ended().is_cancelled());
    service.set_disabled(EMAIL, false).await.unwrap();
    assert!(service.by_token(&second).await.unwrap().is_none(), "the session comes back");
}

#[tokio::test(flavor = "multi_thread")]
async fn token_counts_in_every_process_over_the_database() {
    let (home, service) = service().await;
    let signed_in = sign_in(&service, PASSWORD, 1).await.unwrap_or_else(|error| panic!("{error}"));
    let store = Store::sqlite(Some(home.path().join("data")));
    let other = AccountService::new(&store, AccountOptions::default());
    let found = other.by_token(&signed_in.token).await.unwrap().unwrap();
    // With another signing key it counts nowhere.
    let secret_key = Some("k".repeat(32));
    let stranger = AccountService::new(&store, AccountOptions { secret_key, ..AccountOptions::default() });
    assert!(stranger.by_token(&signed_in.token).await.unwrap().is_none());
    assert!(!format!("{stranger:?}").contains("kkkk"));
    service.sign_out(&found).await.unwrap();
    other.cache.poll().await;
    assert!(found.ended().is_cancelled());
}

#[tokio::test(flavor = "multi_thread")]
async fn launch_code_opens_one_session_of_local_owner() {
    let (_home, service) = service().await;
    let code = service.launch_code().unwrap();
    let signed_in = service.sign_in_by_code(&code).await.unwrap_or_else(|error| panic!("{error}"));
    let secret = signed_in.secret.unwrap();
    let found = service.by_cookie(&signed_in.token, &secret).await.unwrap().unwrap();
    assert!(found.owner == Owner::local() && found.may(Scope::Admin) && found.user.is_none());
    assert_eq!(service.sign_in_by_code(&code).await.err(), Some(SignInError::Wrong));
}
