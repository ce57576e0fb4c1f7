//! Signing in and out, users and keys over HTTP.

use serde_json::{Value, json};

use super::{started, started_with};
use crate::support::http_client::{HttpAnswer, HttpClient, answer};
use crate::support::http_server::{HttpServer, PASSWORD};

const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.org";

async fn login(client: &HttpClient, email: &str, password: &str) -> HttpAnswer {
    client.post("/login", &json!({ "email": email, "password": password })).await
}

fn cookie(answer: &HttpAnswer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn user_signs_in_asks_and_signs_out() {
    let (_fake, server) = started().await;
    server.add_user(ANN, &[]).await;
    let answer = login(server.guest(), "Ann@Example.org", PASSWORD).await;
    let session = answer.ok();
    assert_eq!((&session["token_type"], &session["expires_in"]), (&json!("bearer"), &json!(86_400)));
    assert_eq!(answer.header("cache-control"), "no-store");
    let ann = server.guest().clone().with_key(session["access_token"].as_str().unwrap());
    let me = ann.get("/me").await.ok();
    assert_eq!((&me["email"], &me["kind"]), (&json!(ANN), &json!("token")), "{me}");
    assert!(me["owner"].as_str().unwrap().starts_with("user-") && me["expires_at"].is_string(), "{me}");
    let scopes = json!(["chat", "embed", "models:read", "conversations", "files", "mcp"]);
    assert_eq!(me["scopes"], scopes);
    let chat = json!({ "messages": [{ "role": "user", "content": "hi" }] });
    ann.post("/v1/chat/completions", &chat).await.ok();
    assert_eq!(ann.request("POST", "/logout").send().await.unwrap().status(), 200);
    assert_eq!(ann.get("/me").await.error(401)["code"], "invalid_api_key");
    // What has no session has none to end.
    for client in [server.guest().clone(), server.local()] {
        let refused = crate::support::http_client::answer(client.request("POST", "/logout")).await;
        assert_eq!(refused.error(400)["code"], "no_session");
    }
}

#[tokio::test]
async fn user_replaces_own_password() {
    const NEW: &str = "staple correct horse";
    let (_fake, server) = started().await;
    server.add_user(ANN, &[]).await;
    let token = async |password: &str| {
        let session = login(server.guest(), ANN, password).await.ok();
        server.guest().clone().with_key(session["access_token"].as_str().unwrap())
    };
    let (ann, elsewhere) = (token(PASSWORD).await, token(PASSWORD).await);
    let change = |password: &str, new: &str| json!({ "password": password, "new_password": new });
    let error = ann.post("/me/password", &change("wrong password", NEW)).await.error(403);
    assert_eq!((&error["code"], &error["param"]), (&json!("invalid_credentials"), &json!("password")));
    let error = ann.post("/me/password", &change(PASSWORD, "changeme")).await.error(400);
    assert_eq!(error["param"], "new_password", "{error}");
    ann.get("/me").await.ok();
    let session = ann.post("/me/password", &change(PASSWORD, NEW)).await.ok();
    let again = server.guest().clone().with_key(session["access_token"].as_str().unwrap());
    assert_eq!(again.get("/me").await.ok()["email"], ANN);
    // Other sessions have ended, as has this one.
    for client in [&ann, &elsewhere] {
        client.get("/me").await.error(401);
    }
    login(server.guest(), ANN, PASSWORD).await.error(401);
    token(NEW).await.get("/me").await.ok();
    // Guests and keys have none.
    server.guest().post("/me/password", &change(PASSWORD, NEW)).await.error(400);
}

#[tokio::test]
async fn wrong_password_and_unknown_user_have_the_same_answer() {
    let (_fake, server) = started().await;
    server.add_user(ANN, &[]).await;
    let mut bodies = Vec::new();
    for (email, password) in [(ANN, "wrong password"), (BOB, PASSWORD), ("nobody", PASSWORD), (ANN, "")] {
        let refused = login(server.guest(), email, password).await;
        assert_eq!(refused.error(401)["code"], "invalid_credentials");
        bodies.push(refused.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let error = server.guest().post("/login", &json!({ "email": ANN })).await.error(400);
    assert!(error["message"].as_str().unwrap().contains("password"), "{error}");
}

#[tokio::test]
async fn many_wrong_passwords_are_slowed_down_for_known_and_unknown_users() {
    let (_fake, server) = started().await;
    server.add_user(ANN, &[]).await;
    for email in [ANN, BOB] {
        let mut statuses = Vec::new();
        for _ in 0..7 {
            statuses.push(login(server.guest(), email, "wrong password").await.status);
        }
        assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 429], "{email}");
        // The right one has to wait, too.
        let refused = login(server.guest(), email, PASSWORD).await;
        assert_eq!(refused.error(429)["code"], "too_many_attempts");
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=3).contains(&wait), "{wait}");
    }
    let log = server.log();
    assert!(!log.contains(ANN) && !log.contains("wrong password"), "{log}");
    assert!(log.contains("a sign-in failed") && log.contains("127.0.0.1"), "{log}");
}

#[tokio::test]
async fn browser_session_needs_cookie_and_secret() {
    let (_fake, server) = started_with(&[("OLLAMA_MCP_SERVE_GUESTS", "never")]).await;
    server.add_user(ANN, &[]).await;
    let body = json!({ "email": ANN, "password": PASSWORD, "browser": true });
    let signed_in = server.guest().post("/login", &body).await;
    let session = signed_in.ok();
    assert!(session["access_token"].is_null(), "{session}");
    let secret = session["secret"].as_str().unwrap();
    let attributes = signed_in.header("set-cookie");
    let name = format!("ollama-mcp-{}=", server.address().port());
    assert!(attributes.starts_with(&name) && attributes.contains("HttpOnly"), "{attributes}");
    assert!(attributes.contains("SameSite=Strict") && !attributes.contains("Secure"), "{attributes}");
    let cookie = cookie(&signed_in);
    let me = |cookie: Option<&str>, secret: Option<&str>| {
        let mut request = server.guest().request("GET", "/me");
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(secret) = secret {
            request = request.header("x-ollama-mcp-session", secret);
        }
        answer(request)
    };
    let found = me(Some(&cookie), Some(secret)).await.ok();
    assert_eq!((&found["kind"], &found["email"]), (&json!("browser"), &json!(ANN)));
    for (cookie, secret) in
        [(Some(cookie.as_str()), None), (None, Some(secret)), (Some(cookie.as_str()), Some("x"))]
    {
        assert_eq!(me(cookie, secret).await.status, 401, "{cookie:?} {secret:?}");
    }
    // The cookie is no key: what a page of another site could send is worth nothing.
    let token = cookie.split_once('=').unwrap().1;
    assert_eq!(server.guest().clone().with_key(token).get("/me").await.status, 401);
    let request = server.guest().request("POST", "/logout").header("cookie", &cookie);
    let out = answer(request.header("x-ollama-mcp-session", secret)).await;
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
    assert_eq!(me(Some(&cookie), Some(secret)).await.status, 401);
}

#[tokio::test]
async fn launch_code_opens_page_of_local_user_once() {
    let (_fake, server) = started().await;
    server.add_user(ANN, &["--admin"]).await;
    let made = answer(server.local().request("POST", "/x/launch/codes")).await.ok();
    let body = json!({ "code": made["code"] });
    let opened = server.guest().post("/x/launch", &body).await;
    let secret = opened.ok()["secret"].as_str().unwrap().to_owned();
    let request = server.guest().request("GET", "/me").header("cookie", cookie(&opened));
    let me = answer(request.header("x-ollama-mcp-session", secret)).await.ok();
    assert_eq!((&me["owner"], &me["kind"]), (&json!("local"), &json!("browser")));
    assert_eq!(server.guest().post("/x/launch", &body).await.status, 401, "the code counts twice");
    // Not even an administrator becomes the local user.
    let ann = server.signed_in(ANN).await;
    assert_eq!(answer(ann.request("POST", "/x/launch/codes")).await.status, 403);
    assert_eq!(answer(server.guest().request("POST", "/x/launch/codes")).await.status, 403);
}

#[tokio::test]
async fn passwords_are_taken_over_https_alone_beyond_this_machine() {
    let forwarded = |client: &HttpClient, proto: &str| {
        let body = json!({ "email": ANN, "password": PASSWORD, "browser": true });
        let request = client.posting("/login", &body).header("x-forwarded-for", "203.0.113.7");
        answer(request.header("x-forwarded-proto", proto.to_owned()))
    };
    let (_fake, server) = started().await;
    server.add_user(ANN, &[]).await;
    // Nobody knows whether that is true.
    let refused = forwarded(server.guest(), "https").await;
    assert_eq!(refused.error(403)["code"], "insecure_transport");
    assert!(!refused.body.contains("OLLAMA_"), "{refused:?}");
    let (_fake, server) = started_with(&[("OLLAMA_MCP_SERVE_TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    server.add_user(ANN, &[]).await;
    assert_eq!(forwarded(server.guest(), "http").await.status, 403);
    let signed_in = forwarded(server.guest(), "https").await;
    let cookie = signed_in.header("set-cookie");
    assert!(cookie.starts_with("__Host-ollama-mcp-") && cookie.ends_with("; Secure"), "{cookie}");
    // The address of the caller is the one that is slowed down, and it is in the log.
    login(server.guest(), ANN, "wrong password").await.error(401);
    let wrong = server.guest().posting("/login", &json!({ "email": ANN, "password": "wrong password" }));
    let wrong = wrong.header("x-forwarded-for", "203.0.113.7").header("x-forwarded-proto", "https");
    assert_eq!(answer(wrong).await.status, 401);
    assert!(server.log().contains("203.0.113.7"), "{}", server.log());
}

#[tokio::test]
async fn administrator_manages_users() {
    let (_fake, server) = started().await;
    server.add_user(ANN, &["--admin"]).await;
    let ann = server.signed_in(ANN).await;
    let added = ann.post("/x/users", &json!({ "email": BOB, "password": PASSWORD })).await.ok();
    assert_eq!(
        (&added["email"], &added["admin"], &added["disabled"]),
        (&json!(BOB), &json!(false), &json!(false))
    );
    let again = ann.post("/x/users", &json!({ "email": BOB, "password": PASSWORD })).await;
    assert_eq!(again.error(409)["code"], "conflict");
    let weak = ann.post("/x/users", &json!({ "email": "eve@example.org", "password": "changeme" })).await;
    assert_eq!(weak.error(400)["param"], "password");
    let users = ann.get("/x/users").await.ok();
    assert_eq!(users["users"].as_array().unwrap().len(), 2, "{users}");
    let bob = server.signed_in(BOB).await;
    for (method, path) in [("GET", "/x/users"), ("DELETE", "/x/users/ann@example.org"), ("POST", "/x/users")]
    {
        assert_eq!(answer(bob.request(method, path)).await.status, 403, "{method} {path}");
    }
    let change =
        |body: Value| answer(ann.request("PATCH", "/x/users/bob@example.org").body(body.to_string()));
    assert_eq!(change(json!({ "disabled": true })).await.ok()["disabled"], true);
    assert_eq!(bob.get("/me").await.status, 401);
    assert_eq!(login(server.guest(), BOB, PASSWORD).await.status, 401);
    change(json!({ "disabled": false, "password": "battery staple" })).await.ok();
    login(server.guest(), BOB, "battery staple").await.ok();
    assert_eq!(change(json!({})).await.error(400)["param"], "body");
    assert_eq!(ann.delete("/x/users/bob@example.org").await.ok()["email"], BOB);
    let error = ann.delete("/x/users/anm@example.org").await.error(404);
    assert!(error["message"].as_str().unwrap().contains("did you mean ann@example.org"), "{error}");
}

#[tokio::test]
async fn user_manages_own_keys_and_a_key_manages_none() {
    let (_fake, server) = started().await;
    server.add_user(ANN, &[]).await;
    server.add_user(BOB, &[]).await;
    let (ann, bob) = (server.signed_in(ANN).await, server.signed_in(BOB).await);
    let asked = json!({ "name": "editor", "scopes": ["chat", "models:read"], "requests_per_minute": 7, "models": ["a"] });
    let made = ann.post("/x/keys", &asked).await.ok();
    let text = made["key"].as_str().unwrap();
    let key = server.guest().clone().with_key(text);
    let me = key.get("/me").await.ok();
    assert_eq!((&me["kind"], &me["key"], &me["email"]), (&json!("key"), &made["id"], &json!(ANN)), "{me}");
    assert_eq!(me["owner"], ann.get("/me").await.ok()["owner"]);
    assert_eq!(me["limits"], json!({ "models": ["a"], "requests_per_minute": 7, "priority": 0 }));
    assert_eq!(key.get("/chat/history").await.error(403)["code"], "forbidden");
    for client in [&key, server.guest()] {
        assert_eq!(client.get("/x/keys").await.status, 403);
        assert_eq!(client.post("/x/keys", &json!({ "name": "more" })).await.status, 403);
    }
    let listed = ann.get("/x/keys").await;
    assert!(!listed.body.contains(text), "{listed:?}");
    assert_eq!(listed.ok()["keys"][0]["name"], "editor");
    // Another user sees and revokes none of them; the user who runs the server sees all.
    assert_eq!(bob.get("/x/keys").await.ok()["keys"], json!([]));
    let path = format!("/x/keys/{}", made["id"].as_str().unwrap());
    assert_eq!(bob.delete(&path).await.status, 404);
    assert_eq!(server.local().get("/x/keys").await.ok()["keys"].as_array().unwrap().len(), 1);
    assert_eq!(ann.delete(&path).await.ok()["revoked"], true);
    assert_eq!(key.get("/me").await.status, 401);
}

#[tokio::test]
async fn key_gets_no_more_than_its_maker_may_give() {
    let (_fake, server) = started().await;
    server.add_user(ANN, &[]).await;
    let ann = server.signed_in(ANN).await;
    for (asked, param) in [
        (json!({ "name": "x", "scopes": ["admin"] }), "scopes"),
        (json!({ "name": "x", "scopes": ["models:write"] }), "scopes"),
        (json!({ "name": "x", "scopes": ["everything"] }), "scopes"),
        (json!({ "name": "x", "scopes": [] }), "scopes"),
        (json!({ "name": "x", "user": BOB }), "user"),
        (json!({ "name": "x", "priority": 1 }), "priority"),
        (json!({ "name": "x", "requests_per_minute": 0 }), "requests_per_minute"),
        (json!({ "name": "x", "expires_in": 0 }), "expires_in"),
        (json!({ "name": "x", "models": [] }), "models"),
        (json!({ "name": " " }), "name"),
    ] {
        let refused = ann.post("/x/keys", &asked).await;
        assert_eq!(refused.error(400)["param"], param, "{asked}");
    }
    let made = server
        .local()
        .post("/x/keys", &json!({ "name": "x", "scopes": ["admin"], "priority": 5 }))
        .await
        .ok();
    let admin = server.guest().clone().with_key(made["key"].as_str().unwrap());
    assert_eq!(admin.get("/x/users").await.status, 200);
    assert_eq!(made["owner"], format!("key-{}", made["id"].as_str().unwrap()));
}

#[tokio::test]
async fn accounts_survive_restart_and_token_lifetime_is_a_setting() {
    let (fake, server) = started().await;
    server.add_user(ANN, &[]).await;
    let data = server.data_dir();
    let environment = [
        ("OLLAMA_MCP_DATA_DIR", data.to_str().unwrap()),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "30"),
        ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
    ];
    // A second process over the same data.
    let other = HttpServer::start_with(&fake, &environment).await;
    let session = login(other.guest(), ANN, PASSWORD).await.ok();
    assert_eq!(session["expires_in"], 1800);
    let token = session["access_token"].as_str().unwrap();
    assert_eq!(other.guest().clone().with_key(token).get("/me").await.ok()["email"], ANN);
    // It has another key, so the token is none of the first one's.
    assert_eq!(server.guest().clone().with_key(token).get("/me").await.status, 401);
}
