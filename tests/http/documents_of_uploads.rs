//! `/x/documents/`: uploads that are summarized, asked and searched, and what stands in their way.

use serde_json::{Value, json};

use super::files::uploaded;
use super::{answer_all, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_client::{HttpAnswer, HttpClient, HttpStream, answer, stream};
use crate::support::http_server::HttpServer;

const MODEL: &str = "qwen2.5-coder:0.5b";
/// The installed model that makes embeddings in these tests.
const EMBEDDER: &str = "gemma3:270m";
const NOTES: &str =
    "# Garden\n\nThe spare key is under the flower pot.\n\n# Kitchen\n\nThe oven was bought in 2019.\n";
const NOWHERE: &str = "file-00000000000000000000000000000000";

/// A server over the fake's world, in which a model can also be loaded.
async fn started() -> (FakeOllama, HttpServer) {
    let (fake, server) = started_with(&[]).await;
    answer_all(&fake);
    (fake, server)
}

/// A reply of the model in two chunks.
fn saying(text: &str) -> Answer {
    let (first, last) = text.split_at(text.len() / 2);
    let chunk = |content: &str, done: bool| {
        let message = json!({ "role": "assistant", "content": content });
        json!({ "model": MODEL, "message": message, "done": done, "done_reason": done.then_some("stop") })
    };
    Answer::ndjson(&[chunk(first, false), chunk(last, true)])
}

/// Embeddings with one number for gardens, and one for kitchens.
fn embed(fake: &FakeOllama) {
    let embeddings = Answer::computed(|request| {
        let given = request.json()["input"].take();
        let texts = given.as_array().cloned().unwrap_or_else(|| vec![given]);
        let of = |text: &Value| {
            let text = text.as_str().unwrap().to_lowercase();
            let outside = ["garden", "outdoors"].iter().any(|word| text.contains(word));
            if outside { json!([1.0, 0.1]) } else { json!([0.1, 1.0]) }
        };
        let vectors: Vec<_> = texts.iter().map(of).collect();
        Answer::json(200, json!({ "model": EMBEDDER, "embeddings": vectors, "prompt_eval_count": 3 }))
    });
    fake.on("POST", "/api/embed", embeddings);
}

fn asks(id: &str, question: &str) -> Value {
    json!({ "files": [id], "question": question, "model": MODEL })
}

/// The events of a stream, to its end.
async fn events(mut stream: HttpStream) -> Vec<Value> {
    assert_eq!((stream.status, stream.header("content-type")), (200, "text/event-stream"));
    stream.rest().await.iter().map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn names(places: &Value) -> Vec<&str> {
    places.as_array().unwrap().iter().map(|place| place["file"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn upload_is_summarized() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", saying("A key and an oven."));
    let id = uploaded(server.guest(), "notes.md", NOTES.as_bytes()).await;
    let body = json!({ "files": [id], "model": MODEL, "words": 20, "instruction": "Objects alone." });
    let made = server.guest().post("/x/documents/summarize", &body).await.ok();
    assert_eq!(
        (&made["status"], &made["content"]),
        (&json!("completed"), &json!("A key and an oven.")),
        "{made}"
    );
    assert_eq!(
        (&made["documents"]["operation"], &made["documents"]["files"]),
        (&json!("summary"), &json!(1)),
        "{made}"
    );
    assert_eq!((&made["model"], &made["location"]), (&json!(MODEL), &json!("local")), "{made}");
    let asked = fake.requests_to("POST", "/api/chat").last().unwrap().json().to_string();
    assert!(asked.contains("under the flower pot") && asked.contains("Objects alone."), "{asked}");
}

#[tokio::test]
async fn answer_cites_lines_and_what_does_not_hold_is_struck() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", saying("It is under the flower pot [1]. It is also in the attic [9]."));
    let id = uploaded(server.guest(), "notes.md", NOTES.as_bytes()).await;
    let made = server.guest().post("/x/documents/ask", &asks(&id, "Where is the spare key?")).await.ok();
    let documents = &made["documents"];
    assert_eq!((&documents["found"], &documents["operation"]), (&json!(true), &json!("question")), "{made}");
    let place = &documents["places"][0];
    assert_eq!((&place["file"], &place["first_line"]), (&json!("notes.md"), &json!(1)), "{made}");
    assert!(place["text"].is_null(), "the passage was not asked for: {made}");
    assert!(made["content"].as_str().unwrap().contains("[notes.md:1"), "{made}");
    assert!(documents["struck"].as_array().is_some_and(|struck| !struck.is_empty()), "{made}");
    let mut body = asks(&id, "Where is the spare key?");
    body["passages"] = json!(true);
    let made = server.guest().post("/x/documents/ask", &body).await.ok();
    let text = made["documents"]["places"][0]["text"].as_str().unwrap();
    assert!(text.contains("under the flower pot"), "{made}");
}

#[tokio::test]
async fn answer_that_is_not_there_is_told() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", saying("NOT IN THESE FILES"));
    let id = uploaded(server.guest(), "notes.md", NOTES.as_bytes()).await;
    let made = server.guest().post("/x/documents/ask", &asks(&id, "Who is the king?")).await.ok();
    assert_eq!(made["documents"]["found"], false, "{made}");
    assert!(made["content"].as_str().unwrap().starts_with("Not in these files"), "{made}");
}

#[tokio::test]
async fn places_are_found_by_words_without_a_model() {
    let (fake, server) = started().await;
    let oven = uploaded(server.guest(), "oven.txt", b"The warranty of the oven ends in May.").await;
    let car = uploaded(server.guest(), "car.txt", b"The tyres were changed in June.").await;
    let body = json!({ "files": [oven, car], "query": "warranty" });
    let made = server.guest().post("/x/documents/find", &body).await.ok();
    let places = &made["documents"]["places"];
    assert_eq!(names(places), ["oven.txt"], "{made}");
    assert_eq!((&places[0]["first_line"], &places[0]["last_line"]), (&json!(1), &json!(1)), "{made}");
    assert!(places[0]["score"].is_number(), "{made}");
    assert!(made["warnings"][0].as_str().unwrap().contains("by words alone"), "{made}");
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
}

#[tokio::test]
async fn places_are_found_by_meaning() {
    let (fake, server) = started().await;
    embed(&fake);
    let id = uploaded(server.guest(), "notes.md", NOTES.as_bytes()).await;
    let body = json!({ "files": [id], "query": "outdoors", "embedding_model": EMBEDDER, "limit": 1 });
    let made = server.guest().post("/x/documents/find", &body).await.ok();
    let documents = &made["documents"];
    assert_eq!(documents["embedding_model"], EMBEDDER, "{made}");
    assert_eq!(documents["places"][0]["first_line"], 1, "{made}");
    // What is in the index is not embedded again: the query alone.
    let before = fake.requests_to("POST", "/api/embed").len();
    server.guest().post("/x/documents/find", &body).await.ok();
    assert_eq!(fake.requests_to("POST", "/api/embed").len(), before + 1);
}

#[tokio::test]
async fn events_tell_progress_and_end_with_the_state() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", saying("It is under the flower pot [1]."));
    let id = uploaded(server.guest(), "notes.md", NOTES.as_bytes()).await;
    let request = server.guest().posting("/x/documents/ask", &asks(&id, "Where is the key?"));
    let events = events(stream(request.header("accept", "text/event-stream")).await).await;
    let (last, before) = events.split_last().unwrap();
    assert!(before.iter().all(|event| event["type"] == "progress"), "{events:#?}");
    assert!(before.iter().all(|event| event["status"].is_string()), "{events:#?}");
    assert_eq!((&last["type"], &last["state"]["status"]), (&json!("state"), &json!("completed")));
    assert_eq!(last["state"]["documents"]["found"], true);
    let path = format!("/x/completions/{}", last["state"]["id"].as_str().unwrap());
    assert_eq!(server.guest().get(&path).await.ok(), last["state"]);
}

#[tokio::test]
async fn work_in_the_background_is_followed_and_cancelled() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", saying("It is under the pot [1].").gate_after(1, &gate));
    let id = uploaded(server.guest(), "notes.md", NOTES.as_bytes()).await;
    let mut body = asks(&id, "Where is the key?");
    body["background"] = json!(true);
    let start = async || {
        let answer = server.guest().post("/x/documents/ask", &body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        format!("/x/completions/{}", answer.json()["id"].as_str().unwrap())
    };
    let first = start().await;
    gate.reached(1).await;
    let state = server.guest().get(&first).await.ok();
    assert_eq!((&state["status"], &state["documents"]["operation"]), (&json!("running"), &json!("question")));
    let follow = server.guest().request("GET", &first).header("accept", "text/event-stream");
    let follow = stream(follow).await;
    assert_eq!(server.guest().delete(&first).await.ok()["status"], "cancelled");
    let request = fake.wait_for("POST", "/api/chat").await;
    fake.closed(request.index).await;
    assert_eq!(events(follow).await.last().unwrap()["state"]["status"], "cancelled");
    // Another one comes to its end while nobody is there.
    gate.open();
    let second = start().await;
    let state = events(stream(server.guest().request("GET", &format!("{second}?stream=true"))).await).await;
    assert_eq!(state.last().unwrap()["state"]["status"], "completed");
    assert_eq!(server.guest().get(&second).await.ok()["documents"]["found"], true);
    body["stream"] = json!(true);
    assert_eq!(server.guest().post("/x/documents/ask", &body).await.error(400)["param"], "stream");
}

#[tokio::test]
async fn caller_who_leaves_cancels_the_work() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", saying("It is under the pot [1].").gate_after(1, &gate));
    let id = uploaded(server.guest(), "notes.md", NOTES.as_bytes()).await;
    for (round, accept) in ["text/event-stream", "application/json"].into_iter().enumerate() {
        let request = server.guest().posting("/x/documents/ask", &asks(&id, "Where is the key?"));
        let sent = tokio::spawn(stream(request.header("accept", accept)));
        gate.reached(round + 1).await;
        let asked = fake.requests_to("POST", "/api/chat").last().unwrap().index;
        if accept == "text/event-stream" {
            // The stream is open, and is cut in mid-answer.
            drop(sent.await.unwrap());
        } else {
            sent.abort();
        }
        fake.closed(asked).await;
    }
}

#[tokio::test]
async fn files_of_others_and_deleted_ones_do_not_exist() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", saying("It is under the flower pot [1]."));
    server.add_user("ann@example.org", &[]).await;
    let ann = server.signed_in("ann@example.org").await;
    let (of_ann, own) = (
        uploaded(&ann, "notes.md", NOTES.as_bytes()).await,
        uploaded(server.guest(), "own.txt", b"Nothing here.").await,
    );
    let started = ann.post("/x/documents/ask", &asks(&of_ann, "Where is the key?")).await.ok();
    let refused = async |client: &HttpClient, id: &str| {
        for (path, more) in [
            ("summarize", json!({ "model": MODEL })),
            ("ask", json!({ "model": MODEL, "question": "Where?" })),
            ("find", json!({ "query": "key" })),
        ] {
            let mut body = more;
            body["files"] = json!([own, id]);
            if !std::ptr::eq(client, server.guest()) {
                body["files"] = json!([id]);
            }
            let error = client.post(&format!("/x/documents/{path}"), &body).await.error(404);
            assert_eq!(error["code"], "file_not_found", "{path}: {error}");
            let place = error["param"].as_str().unwrap();
            assert!(place.starts_with("files["), "{path}: {error}");
        }
    };
    refused(server.guest(), &of_ann).await;
    refused(server.guest(), NOWHERE).await;
    let path = format!("/x/completions/{}", started["id"].as_str().unwrap());
    assert_eq!(server.guest().get(&path).await.status, 404);
    ann.get(&path).await.ok();
    ann.delete(&format!("/x/files/{of_ann}")).await.ok();
    refused(&ann, &of_ann).await;
}

#[tokio::test]
async fn wrong_argument_is_named() {
    let (fake, server) = started().await;
    let id = uploaded(server.guest(), "notes.md", NOTES.as_bytes()).await;
    let long = "x".repeat(20_000);
    for (path, body, status, param) in [
        ("summarize", json!({}), 400, "files"),
        ("summarize", json!({ "files": "notes.md" }), 400, "files"),
        ("summarize", json!({ "files": [id], "words": 0 }), 400, "words"),
        ("summarize", json!({ "files": [id], "words": "many" }), 400, "words"),
        ("summarize", json!({ "files": [id], "instruction": long }), 400, "instruction"),
        ("summarize", json!({ "files": [id], "model": "missing:1b" }), 404, "model"),
        ("ask", json!({ "files": [], "question": "Where?" }), 400, "files"),
        ("ask", json!({ "files": [id] }), 400, "question"),
        ("ask", json!({ "files": [id], "question": " " }), 400, "question"),
        ("ask", json!({ "files": [id], "question": "Where?", "passages": 1 }), 400, "passages"),
        ("ask", json!({ "files": [id], "question": "Where?", "model": "missing:1b" }), 404, "model"),
        ("find", json!({ "files": [id] }), 400, "query"),
        ("find", json!({ "files": [id], "query": "key", "limit": 0 }), 400, "limit"),
        ("find", json!({ "files": [id], "query": "key", "limit": 1000 }), 400, "limit"),
        ("find", json!({ "files": ["/etc/passwd"], "query": "key" }), 403, "files[0]"),
        ("find", json!({ "files": ["../notes.md"], "query": "key" }), 403, "files[0]"),
    ] {
        let answer: HttpAnswer = server.guest().post(&format!("/x/documents/{path}"), &body).await;
        assert_eq!(answer.error(status)["param"], param, "{path} {body}: {answer:?}");
    }
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
}

#[tokio::test]
async fn ollama_that_is_down_fails_what_needs_it() {
    let (fake, server) = started().await;
    let id = uploaded(server.guest(), "notes.md", NOTES.as_bytes()).await;
    fake.stop().await;
    for (path, body) in
        [("summarize", json!({ "files": [id], "model": MODEL })), ("ask", asks(&id, "Where is the key?"))]
    {
        let error = server.guest().post(&format!("/x/documents/{path}"), &body).await.error(503);
        assert_eq!(error["code"], "ollama_unreachable", "{path}: {error}");
        let request = server.guest().posting(&format!("/x/documents/{path}"), &body);
        let streamed = answer(request.header("accept", "text/event-stream")).await;
        assert_eq!(
            streamed.error(503)["code"],
            "ollama_unreachable",
            "before anything was made: {streamed:?}"
        );
    }
}

#[tokio::test]
async fn scopes_decide_who_may_do_what() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", saying("A key and an oven."));
    let (reader, _) = server.with_key(&["reader", "--scopes", "embed,files"]).await;
    let (chatter, _) = server.with_key(&["chatter", "--scopes", "chat,embed"]).await;
    let id = uploaded(&reader, "notes.md", NOTES.as_bytes()).await;
    let find = json!({ "files": [id], "query": "oven" });
    reader.post("/x/documents/find", &find).await.ok();
    let mut later = find.clone();
    later["background"] = json!(true);
    for (client, path, body, scope) in [
        (&reader, "summarize", json!({ "files": [id] }), "chat"),
        (&reader, "ask", json!({ "files": [id], "question": "Where?" }), "chat"),
        (&reader, "find", later, "chat"),
        (&chatter, "summarize", json!({ "files": [id] }), "files"),
        (&chatter, "ask", json!({ "files": [id], "question": "Where?" }), "files"),
        (&chatter, "find", find, "files"),
    ] {
        let error = client.post(&format!("/x/documents/{path}"), &body).await.error(403);
        assert!(error["message"].as_str().unwrap().contains(scope), "{path}: {error}");
    }
}

#[tokio::test]
async fn requests_count_towards_the_limits_of_a_key() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", saying("A key and an oven."));
    let (bot, _) = server.with_key(&["bot", "--rpm", "1"]).await;
    let id = uploaded(&bot, "notes.md", NOTES.as_bytes()).await;
    let mut refused = 0;
    // A minute that begins meanwhile admits one more.
    for (path, body) in [
        ("find", json!({ "files": [id], "query": "oven" })),
        ("ask", asks(&id, "Where?")),
        ("summarize", json!({ "files": [id], "model": MODEL })),
    ] {
        let answer = bot.post(&format!("/x/documents/{path}"), &body).await;
        refused += usize::from(answer.status == 429);
    }
    assert!(refused >= 1, "no request was refused");
}

#[tokio::test]
async fn nothing_of_a_file_is_logged() {
    let (fake, server) = started_with(&[("OLLAMA_MCP_LOG", "trace")]).await;
    answer_all(&fake);
    fake.on("POST", "/api/chat", saying("canary-reply [1]."));
    embed(&fake);
    let id = uploaded(server.guest(), "notes.md", b"canary-text of a file").await;
    for (path, body) in [
        ("summarize", json!({ "files": [id], "model": MODEL, "instruction": "canary-instruction" })),
        ("ask", asks(&id, "canary-question")),
        ("find", json!({ "files": [id], "query": "canary-query", "embedding_model": EMBEDDER })),
        ("find", json!({ "files": ["canary-id"], "query": "canary-query" })),
    ] {
        server.guest().post(&format!("/x/documents/{path}"), &body).await;
    }
    let log = server.log();
    assert!(log.lines().count() > 20, "the log is hardly at trace: {log}");
    assert!(!log.contains("canary-"), "{log}");
}
