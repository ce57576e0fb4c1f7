//! Two servers over one PostgreSQL database.

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_server::HttpServer;
use crate::support::postgres_server::PostgresServer;

async fn replica(fake: &FakeOllama, database: (&str, &str), instance: &str) -> HttpServer {
    HttpServer::start_with(fake, &[database, ("OLLAMA_MCP_SERVE_INSTANCE", instance)]).await
}

fn said(text: &str) -> Value {
    json!({ "message": text, "chat_id": "shared" })
}

#[tokio::test(flavor = "multi_thread")]
async fn conversation_goes_on_at_another_replica_and_is_answered_by_one_at_a_time() {
    let (fake, server) = (FakeOllama::start().await.with_defaults(), PostgresServer::start());
    let url = server.new_database("chats");
    let one = replica(&fake, ("OLLAMA_MCP_DATABASE_URL", &url), "one").await;
    // The name that other programs use.
    let two = replica(&fake, ("DATABASE_URL", &url), "two").await;
    one.guest().post("/chat", &said("first")).await.ok();
    two.guest().post("/chat", &said("second")).await.ok();
    let history = one.guest().get("/chat/history/shared").await.ok();
    let messages = history["history"]["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[2]["content"]), (4, &json!("second")), "{history}");

    let gate = Gate::new();
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let client = one.guest().clone();
    let third = tokio::spawn(async move { client.post("/chat", &said("third")).await });
    gate.reached(1).await;
    let refused = two.guest().post("/chat", &said("fourth")).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    let body = refused.json();
    assert_eq!(body["error"]["code"], "conversation_conflict", "{body}");
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("runs on the instance one"), "{message}");
    gate.open();
    assert_eq!(third.await.unwrap().status, 200);
    two.guest().post("/chat", &said("fourth")).await.ok();
    let history = two.guest().get("/chat/history/shared").await.ok();
    assert_eq!(history["history"]["messages"].as_array().unwrap().len(), 8, "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn response_is_found_by_all_once_it_has_ended_and_named_by_its_instance_before() {
    let (fake, server) = (FakeOllama::start().await.with_defaults(), PostgresServer::start());
    let url = server.new_database("responses");
    let database = ("OLLAMA_MCP_DATABASE_URL", url.as_str());
    let (one, two) = (replica(&fake, database, "one").await, replica(&fake, database, "two").await);
    let gate = Gate::new();
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let body = json!({ "model": "qwen2.5-coder:0.5b", "input": "hi", "background": true });
    let running = one.guest().post("/v1/responses", &body).await.ok();
    gate.reached(1).await;
    let path = format!("/v1/responses/{}", running["id"].as_str().unwrap());
    let error = two.guest().get(&path).await.error(409);
    assert!(error["message"].as_str().unwrap().ends_with("by the instance one"), "{error}");
    one.signal("KILL");
    one.ended().await;
    // The database notices the end of the connection.
    let failed = loop {
        let answer = two.guest().get(&path).await;
        if answer.status != 409 {
            break answer.ok();
        }
    };
    assert_eq!(failed["status"], "failed", "{failed}");
    let next = json!({ "model": "qwen2.5-coder:0.5b", "input": "ho", "previous_response_id": running["id"], "store": true });
    let stored = two.guest().post("/v1/responses", &next).await.ok();
    let again = replica(&fake, database, "one").await;
    let path = format!("/v1/responses/{}", stored["id"].as_str().unwrap());
    assert_eq!(again.guest().get(&path).await.ok(), stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_database_urls_are_refused_without_their_password() {
    use crate::support::http_server::{failed_start, serve_command};

    let home = tempfile::tempdir().unwrap();
    for (name, url, problem) in [
        ("OLLAMA_MCP_DATABASE_URL", "mysql://ann:s3cret@db/x", "must have the form postgres://"),
        ("DATABASE_URL", "mysql://ann:s3cret@db/x", "must have the form postgres://"),
        ("OLLAMA_MCP_DATABASE_URL", "postgres://ann:s3cret@db:x/y", "invalid value for option `port`"),
    ] {
        let mut command = serve_command(&home);
        command.env(name, url);
        let (_, stderr) = failed_start(command).await;
        assert!(stderr.contains(name) || stderr.contains("OLLAMA_MCP_DATABASE_URL"), "{stderr}");
        assert!(stderr.contains(problem) && !stderr.contains("s3cret"), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_those_of_the_server_and_a_database_that_refuses_is_told() {
    let (fake, database) = (FakeOllama::start().await.with_defaults(), PostgresServer::start());
    let url = database.new_database("accounts");
    let server = HttpServer::start_with(&fake, &[("DATABASE_URL", &url)]).await;
    // The command reads the same names as the server.
    let home = tempfile::tempdir().unwrap();
    let mut add = crate::support::process::command(&home);
    add.args(["keys", "add", "editor"]).env("DATABASE_URL", &url).stdin(std::process::Stdio::null());
    let added = add.output().await.unwrap();
    assert!(added.status.success(), "{added:?}");
    let key = String::from_utf8(added.stdout).unwrap();
    let me = server.guest().clone().with_key(key.trim()).get("/me").await.ok();
    assert_eq!(me["kind"], "key", "{me}");

    let wrong = format!("{url}_that_is_not_there");
    let other = HttpServer::start_with(&fake, &[("OLLAMA_MCP_DATABASE_URL", &wrong)]).await;
    let told = "The database cannot be used: ";
    crate::support::process::until("the database is told", || other.output().contains(told)).await;
}
