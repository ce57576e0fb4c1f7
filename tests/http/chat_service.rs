//! The chat service's routes, as the clients of the older services call them.

use serde_json::{Value, json};

use super::{started, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate, Recording};
use crate::support::http_server::HttpServer;

const MODEL: &str = "qwen2.5-coder:0.5b";

fn messages(stream: Value) -> Value {
    json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }], "stream": stream })
}

/// The lines of a recorded stream.
fn recorded(case: &str) -> Vec<Value> {
    Recording::load(case).body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The texts of a field of the message in all lines, put together.
fn text(lines: &[Value], field: &str) -> String {
    lines.iter().filter_map(|line| line["message"][field].as_str()).collect()
}

fn keys(line: &Value) -> Vec<&String> {
    line.as_object().unwrap().keys().collect()
}

#[tokio::test]
async fn messages_stream_in_chunks_of_ollama() {
    let (fake, server) = started().await;
    for case in ["chat_stream", "think_model_stream", "tools_model_call_stream"] {
        fake.on_next("POST", "/api/chat", Answer::recorded(case));
        let answer = server.guest().post("/chat", &messages(Value::Null)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/x-ndjson"));
        let (lines, sent) = (answer.lines(), recorded(case));
        for field in ["content", "thinking"] {
            assert_eq!(text(&lines, field), text(&sent, field), "{case}");
        }
        let calls = |lines: &[Value]| -> Vec<Value> {
            lines.iter().filter_map(|line| line["message"].get("tool_calls").cloned()).collect()
        };
        assert_eq!(calls(&lines), calls(&sent), "{case}");
        let (mut last, mut sent_last) = (lines.last().unwrap().clone(), sent.last().unwrap().clone());
        assert_eq!(keys(&last), keys(&sent_last), "{case}");
        for last in [&mut last, &mut sent_last] {
            last.as_object_mut().unwrap().remove("created_at");
        }
        assert_eq!(last["done"], true);
        assert_eq!(last, sent_last, "{case}");
        for line in &lines[..lines.len() - 1] {
            assert_eq!(keys(line), ["model", "created_at", "message", "done"], "{case}");
            assert_eq!(line["done"], false);
        }
    }
}

#[tokio::test]
async fn messages_without_stream_are_one_object() {
    let (fake, server) = started().await;
    fake.on_next("POST", "/api/chat", Answer::recorded("think_model_stream"));
    let answer = server.guest().post("/chat", &messages(json!(false))).await.ok();
    let sent = recorded("think_model_stream");
    assert_eq!(answer["message"]["content"], text(&sent, "content"));
    assert_eq!(answer["message"]["thinking"], text(&sent, "thinking"));
    let last = sent.last().unwrap();
    assert_eq!(keys(&answer), keys(last));
    assert_eq!((&answer["done"], &answer["eval_count"]), (&json!(true), &last["eval_count"]));
}

#[tokio::test]
async fn ollamas_own_fields_reach_the_model() {
    let (fake, server) = started().await;
    let body = json!({
        "model": MODEL, "messages": [{ "role": "user", "content": "hi" }], "stream": false, "keep_alive": "10m",
        "options": { "temperature": 0, "num_ctx": 512 }, "format": "json",
        "tools": [{ "type": "function", "function": { "name": "f", "parameters": {} } }], "unknown": 1
    });
    fake.on("POST", "/api/chat", Answer::recorded("chat_format_json_schema_stream"));
    let answer = server.guest().post("/chat", &body).await;
    assert_eq!((answer.status, answer.header("x-ollama-mcp-ignored")), (200, "unknown"), "{answer:?}");
    let sent = fake.wait_for("POST", "/api/chat").await.json();
    assert_eq!(sent["options"], json!({ "temperature": 0, "num_ctx": 512 }));
    assert_eq!((&sent["keep_alive"], &sent["format"]), (&json!("10m"), &json!("json")));
    assert_eq!(sent["tools"][0]["function"]["name"], "f");
}

#[tokio::test]
async fn message_is_a_turn_and_prompt_is_not() {
    let (fake, server) = started().await;
    let reply = text(&recorded("chat_stream"), "content");
    let turn = json!({ "message": "first", "chat_id": "new", "system": "Be brief." });
    let answer = server.guest().post("/chat", &turn).await.ok();
    assert_eq!(answer, json!({ "response": reply, "chat_id": "new", "success": true }));
    server.guest().post("/chat", &json!({ "message": "second", "chat_id": "new" })).await.ok();
    let sent = fake.wait_for_requests_to("POST", "/api/chat", 2).await[1].json();
    let read: Vec<_> =
        sent["messages"].as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(json!(read), json!(["Be brief.", "first", reply, "second"]));
    let prompt = server.guest().post("/chat", &json!({ "prompt": "hi", "model": MODEL })).await.ok();
    assert_eq!(prompt, json!({ "response": reply }));

    let listed = server.guest().get("/chat/history").await.ok();
    let chat = &listed["chats"]["new"];
    assert_eq!((keys(&listed["chats"]), &chat["message_count"]), (vec![&"new".to_owned()], &json!(5)));
    assert_eq!(keys(chat), ["created_at", "last_updated", "message_count"]);
    assert_eq!(listed["success"], true);
    let read = server.guest().get("/chat/history/new").await.ok();
    assert_eq!((&read["chat_id"], &read["success"]), (&json!("new"), &json!(true)));
    assert_eq!(read["history"]["created_at"], chat["created_at"]);
    let stored = read["history"]["messages"].as_array().unwrap();
    assert_eq!(stored[0], json!({ "role": "system", "content": "Be brief." }));
    let shape: Vec<_> = stored
        .iter()
        .map(|message| (message["role"].as_str().unwrap(), message.get("timestamp").is_some()))
        .collect();
    assert_eq!(
        shape,
        [("system", false), ("user", true), ("assistant", true), ("user", true), ("assistant", true)]
    );
    assert_eq!(keys(&stored[1]), ["role", "content", "timestamp"]);

    let deleted = server.guest().delete("/chat/delete/new").await.ok();
    assert_eq!(deleted, json!({ "message": "Chat new deleted successfully", "success": true }));
    let gone = server.guest().get("/chat/history/new").await;
    assert_eq!(gone.error(404)["code"], "conversation_not_found");
    assert!(gone.json()["detail"].as_str().unwrap().contains("new"), "{gone:?}");
    assert_eq!(server.guest().delete("/chat/delete/new").await.error(404)["code"], "conversation_not_found");
}

#[tokio::test]
async fn turn_without_id_gets_one_and_is_its_owners_alone() {
    let (_fake, server) = started().await;
    let answer = server.guest().post("/chat", &json!({ "message": "hi" })).await.ok();
    let id = answer["chat_id"].as_str().unwrap();
    assert_eq!(id.len(), 36, "{answer}");
    let path = format!("/chat/history/{id}");
    assert_eq!(server.guest().get(&path).await.status, 200);
    let (others, unknown) =
        (server.local().get(&path).await, server.local().get("/chat/history/nobody").await);
    assert_eq!(others.body.replace(id, "ID"), unknown.body.replace("nobody", "ID"));
    assert_eq!(others.status, 404);
    assert_eq!(server.local().delete(&format!("/chat/delete/{id}")).await.status, 404);
    assert_eq!(server.local().get("/chat/history").await.ok()["chats"], json!({}));
}

#[tokio::test]
async fn history_has_all_pages() {
    let (_fake, server) = started().await;
    let ask = |number| {
        let client = server.guest().clone();
        async move {
            client.post("/chat", &json!({ "message": "hi", "chat_id": format!("c{number}") })).await.ok()
        }
    };
    // A few at a time: one page of the store has 200.
    for first in (0..205).step_by(41) {
        futures_util::future::join_all((first..first + 41).map(ask)).await;
    }
    let listed = server.guest().get("/chat/history").await.ok();
    assert_eq!((listed["chats"].as_object().unwrap().len(), listed.get("next_cursor")), (205, None));
}

#[tokio::test]
async fn wrong_requests_name_the_argument_in_detail_too() {
    let (_fake, server) = started().await;
    for (path, body, param) in [
        ("/chat", json!({ "message": "a", "prompt": "b" }), "message"),
        ("/chat", json!({ "model": "m" }), "messages"),
        ("/chat", json!({ "message": "a", "chat_id": "a/b" }), "chat_id"),
        ("/chat", json!({ "messages": [{ "role": "wizard", "content": "x" }] }), "messages[0].role"),
        ("/chat", json!({ "prompt": "a", "options": [] }), "options"),
        ("/api/v1/generate", json!({}), "prompt"),
        ("/api/v1/generate", json!({ "prompt": " " }), "prompt"),
        ("/api/v1/generate", json!({ "prompt": 5 }), "prompt"),
    ] {
        let answer = server.guest().post(path, &body).await;
        assert_eq!(answer.error(400)["param"], param, "{body}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(answer.json()["error"]["message"].as_str().unwrap()), "{detail}");
    }
    for path in ["/chat/history/a%20b", "/chat/history/%C3%A4", "/chat/history/a.b"] {
        assert_eq!(server.guest().get(path).await.error(400)["param"], "chat_id", "{path}");
    }
    let both = server.guest().post("/chat", &json!({ "message": "a", "prompt": "b" })).await.json();
    assert_eq!(both["error"]["message"], "message and prompt are given together; give one of them");
}

#[tokio::test]
async fn generate_answers_text_or_events() {
    let (_fake, server) = started().await;
    let reply = text(&recorded("chat_stream"), "content");
    let whole =
        server.guest().post("/api/v1/generate", &json!({ "prompt": "hi", "stream": false })).await.ok();
    assert_eq!(whole, json!({ "response": reply }));
    let streamed = server.guest().post("/api/v1/generate", &json!({ "prompt": "hi", "stream": true })).await;
    let events = streamed.events();
    assert_eq!(events.last().unwrap(), "{}");
    let parts = events.iter().map(|event| serde_json::from_str::<Value>(event).unwrap());
    let all: String = parts.filter_map(|event| event["response"].as_str().map(str::to_owned)).collect();
    assert_eq!(all, reply);
}

#[tokio::test]
async fn models_are_those_of_tags() {
    let (_fake, server) = started().await;
    let sent: Value = serde_json::from_str(&Recording::load("tags_five_models").body).unwrap();
    let mut sent = sent["models"].as_array().unwrap().clone();
    sent.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    assert_eq!(server.guest().get("/models").await.ok(), json!({ "models": sent }));
}

#[tokio::test]
async fn client_that_goes_stops_the_model() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut stream = server.guest().post_stream("/chat", &messages(json!(true))).await;
    stream.line().await.unwrap();
    drop(stream);
    let asked = fake.wait_for("POST", "/api/chat").await;
    fake.closed(asked.index).await;
    // The same while nothing was sent yet.
    for body in
        [messages(json!(false)), json!({ "prompt": "hi" }), json!({ "message": "hi", "chat_id": "c" })]
    {
        let mut socket = server.socket().await;
        socket
            .request("POST", "/chat", &["Content-Type: application/json"], body.to_string().as_bytes())
            .await;
        let asked = fake.requests_to("POST", "/api/chat").len() + 1;
        let asked = fake.wait_for_requests_to("POST", "/api/chat", asked).await;
        drop(socket);
        fake.closed(asked.last().unwrap().index).await;
    }
    assert_eq!(server.guest().get("/chat/history").await.ok()["chats"], json!({}));
}

#[tokio::test]
async fn nothing_is_answered_before_the_model_begins() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").delay_head(&gate));
    let mut socket = server.socket().await;
    socket.request("POST", "/chat", &[], messages(json!(true)).to_string().as_bytes()).await;
    gate.reached(1).await;
    assert!(socket.is_open_and_silent_for(std::time::Duration::from_millis(100)).await);
    gate.open();
    assert_eq!(socket.response().await.status(), 200);
}

#[tokio::test]
async fn reply_with_a_schema_streams_and_tells_what_is_wrong_at_the_end() {
    let (fake, server) = started().await;
    let mut body = messages(json!(true));
    body["format"] = json!({ "type": "object" });
    let answer = server.guest().post("/chat", &body).await;
    let lines = answer.lines();
    // Pieces that wait for a busy server come as one: the text before the end is at least one line.
    assert!(lines.len() > 1 && !lines[0]["message"]["content"].as_str().unwrap().is_empty(), "{answer:?}");
    assert!(!lines.last().unwrap()["warnings"].as_array().unwrap().is_empty(), "{answer:?}");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

#[tokio::test]
async fn alias_means_its_model() {
    let (fake, server) =
        started_with(&[("OLLAMA_MCP_SERVE_MODEL_ALIASES", "gpt-4o=qwen2.5-coder:0.5b")]).await;
    let mut body = messages(json!(false));
    body["model"] = json!("gpt-4o");
    server.guest().post("/chat", &body).await.ok();
    assert_eq!(fake.wait_for("POST", "/api/chat").await.json()["model"], MODEL);
}

#[tokio::test]
async fn clients_that_test_for_502_get_it() {
    let down = format!("http://{}", FakeOllama::closed_address());
    let server = HttpServer::with(&[("OLLAMA_HOST", &down)]).await;
    let local = server.local();
    let answers = [
        local.get("/models").await,
        local.post("/chat", &messages(json!(true))).await,
        local.post("/chat", &messages(json!(false))).await,
        local.post("/chat", &json!({ "prompt": "hi", "model": MODEL })).await,
        local.post("/chat", &json!({ "message": "hi", "model": MODEL })).await,
    ];
    for answer in answers {
        assert_eq!(answer.error(502)["code"], "ollama_unreachable", "{answer:?}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("OLLAMA_HOST"), "{answer:?}");
    }
    let generate = local.post("/api/v1/generate", &json!({ "prompt": "hi" })).await;
    assert_eq!(generate.error(503)["code"], "ollama_unreachable");
    let guest = server.guest().get("/models").await;
    assert!(!guest.body.contains(&down[7..]) && !guest.body.contains("OLLAMA_"), "{guest:?}");
}
