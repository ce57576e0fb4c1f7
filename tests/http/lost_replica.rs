//! One of two servers over one PostgreSQL database is killed under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_client::{HttpClient, stream};
use crate::support::http_server::HttpServer;
use crate::support::postgres_server::PostgresServer;
use crate::support::process::until;

const MODEL: &str = "qwen2.5-coder:0.5b";
/// Clients, each with a conversation of its own.
const CLIENTS: usize = 6;
/// Turns of each before the end of the server, and after it.
const TURNS: usize = 4;

/// What the clients have in common.
struct Load {
    servers: [HttpClient; 2],
    acknowledged: [AtomicUsize; CLIENTS],
    stopping: AtomicBool,
}

impl Load {
    /// Asks turn after turn, at one server and the other in turns. Its acknowledged questions.
    async fn ask(self: Arc<Self>, number: usize) -> Vec<String> {
        let mut acknowledged = Vec::new();
        for nth in number.. {
            if self.stopping.load(Ordering::SeqCst) {
                break;
            }
            let question = format!("question {nth}");
            let body = json!({ "message": question, "chat_id": format!("talk-{number}") });
            let sent = self.servers[nth % 2].posting("/chat", &body).send().await;
            // What is cut off, or finds nobody, is not acknowledged.
            let Ok(response) = sent else { continue };
            let status = response.status().as_u16();
            let Ok(text) = response.text().await else { continue };
            match status {
                200 => {
                    acknowledged.push(question);
                    self.acknowledged[number].fetch_add(1, Ordering::SeqCst);
                }
                // The lock of the turn that was cut off ends with its connection.
                409 => assert!(text.contains("conversation_conflict"), "{text}"),
                _ => panic!("{status} {text}"),
            }
        }
        acknowledged
    }

    async fn has_answered(&self, turns: usize) {
        until(&format!("each client has {turns} turns"), || {
            self.acknowledged.iter().all(|count| count.load(Ordering::SeqCst) >= turns)
        })
        .await;
    }
}

async fn replica(fake: &FakeOllama, database: &str, instance: &str) -> HttpServer {
    let settings = [("OLLAMA_MCP_DATABASE_URL", database), ("OLLAMA_MCP_SERVE_INSTANCE", instance)];
    HttpServer::start_with(fake, &settings).await
}

/// Asks until the answer is none of these statuses.
async fn once_not(statuses: &[u16], ask: impl AsyncFn() -> (u16, Value)) -> (u16, Value) {
    loop {
        let answer = ask().await;
        if !statuses.contains(&answer.0) {
            return answer;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_server_loses_nothing_acknowledged_and_its_callers_are_told() {
    let (fake, database) = (FakeOllama::start().await.with_defaults(), PostgresServer::start());
    let url = database.new_database("killed");
    let (one, two) = (replica(&fake, &url, "one").await, replica(&fake, &url, "two").await);
    let (first, second) = (one.guest().clone(), two.guest().clone());

    // An answer of each kind that is there when the server ends, and one that runs.
    let input = |more: Value| {
        let mut body = json!({ "model": MODEL, "input": "hi" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let stored = first.post("/v1/responses", &input(json!({ "store": true }))).await.ok();
    let gate = Gate::new();
    for _ in 0..3 {
        fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    }
    let running = first.post("/v1/responses", &input(json!({ "background": true }))).await.ok();
    let messages = json!([{ "role": "user", "content": "hi" }]);
    let body = json!({ "model": MODEL, "messages": messages, "stream": true });
    let mut open = stream(first.posting("/v1/chat/completions", &body)).await;
    let cut = json!({ "message": "cut off", "chat_id": "cut" });
    let cut_turn = tokio::spawn(first.posting("/chat", &cut).send());
    gate.reached(3).await;

    let load = Arc::new(Load {
        servers: [first.clone(), second.clone()],
        acknowledged: Default::default(),
        stopping: AtomicBool::new(false),
    });
    let clients: Vec<_> = (0..CLIENTS).map(|number| tokio::spawn(Arc::clone(&load).ask(number))).collect();
    load.has_answered(TURNS).await;
    one.signal("KILL");
    one.ended().await;

    assert!(open.broke().await, "a stream that ends as if it were whole");
    assert!(cut_turn.await.unwrap().is_err(), "a turn that is answered by nobody");
    let path = format!("/v1/responses/{}", running["id"].as_str().unwrap());
    let (status, failed) = once_not(&[409], async || {
        let answer = second.get(&path).await;
        (answer.status, answer.json())
    })
    .await;
    assert_eq!((status, &failed["status"]), (200, &json!("failed")), "{failed}");
    let reason = failed["error"]["message"].as_str().unwrap();
    assert!(reason.starts_with("The server ended while"), "{failed}");
    let (status, answered) = once_not(&[409], async || {
        let answer = second.post("/chat", &json!({ "message": "again", "chat_id": "cut" })).await;
        (answer.status, answer.json())
    })
    .await;
    assert_eq!(status, 200, "the conversation of the cut turn is free: {answered}");

    let before = load.acknowledged.iter().map(|count| count.load(Ordering::SeqCst)).max().unwrap();
    load.has_answered(before + TURNS).await;
    load.stopping.store(true, Ordering::SeqCst);
    for (number, client) in clients.into_iter().enumerate() {
        let acknowledged = client.await.unwrap();
        let history = second.get(&format!("/chat/history/talk-{number}")).await.ok();
        let messages = history["history"]["messages"].as_array().unwrap();
        let mut asked = messages.iter().filter(|message| message["role"] == "user");
        for question in &acknowledged {
            let is_there = asked.any(|message| message["content"] == question.as_str());
            assert!(is_there, "{question} of client {number} is lost: {history}");
        }
        assert_eq!(messages.len() % 2, 0, "a turn is stored completely or not at all: {history}");
    }
    let history = second.get("/chat/history/cut").await.ok();
    assert_eq!(history["history"]["messages"].as_array().unwrap().len(), 2, "{history}");
    let path = format!("/v1/responses/{}", stored["id"].as_str().unwrap());
    assert_eq!(second.get(&path).await.ok(), stored);
}
