//! `/x/conversations`: lists with titles, searches, pages, copies and exports.

use serde_json::{Value, json};

use super::started;
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::http_client::{HttpClient, answer};

const MODEL: &str = "qwen2.5-coder:0.5b";

/// Models that answer "re: " and the last message; one is missing.
pub(super) fn answer_with_question(fake: &FakeOllama) {
    let reply = Answer::computed(|request| {
        let body = request.json();
        if body["model"] == "missing:1b" {
            return Answer::json(404, json!({ "error": "model 'missing:1b' not found" }));
        }
        let said = body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        let reply = json!({ "role": "assistant", "content": format!("re: {}", said.as_str().unwrap()) });
        Answer::ndjson(&[
            json!({ "model": body["model"], "message": reply, "done": true, "done_reason": "stop" }),
        ])
    });
    fake.on("POST", "/api/chat", reply);
}

/// A turn of a conversation, as the chat service has it.
async fn say(client: &HttpClient, id: &str, text: &str) {
    client.post("/chat", &json!({ "message": text, "chat_id": id, "model": MODEL })).await.ok();
}

async fn listed(client: &HttpClient, query: &str) -> Vec<String> {
    let list = client.get(&format!("/x/conversations{query}")).await.ok();
    let ids = list["conversations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_str().unwrap().to_owned());
    ids.collect()
}

fn contents(page: &Value) -> Vec<&str> {
    page["messages"].as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn list_has_titles_and_is_searched_and_paged() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let client = server.guest();
    for (id, text) in
        [("sky", "Why is the SKY blue?"), ("food", "Äpfel oder Birnen"), ("trip", "Plans for Kyoto")]
    {
        say(client, id, text).await;
    }
    let list = client.get("/x/conversations").await.ok();
    let first = &list["conversations"][0];
    assert_eq!(
        (&first["id"], &first["title"], &first["has_title"]),
        (&json!("trip"), &json!("Plans for Kyoto"), &json!(false))
    );
    assert_eq!((&first["message_count"], &first["model"]), (&json!(2), &json!(MODEL)));
    assert_eq!(listed(client, "?query=sky").await, ["sky"]);
    assert_eq!(listed(client, "?query=%C3%A4PFEL+birnen").await, ["food"]);
    assert_eq!(listed(client, "?query=re%3A").await, ["trip", "food", "sky"]);
    assert!(listed(client, "?query=100%25").await.is_empty());

    let page = client.get("/x/conversations?limit=2").await.ok();
    assert_eq!(page["conversations"].as_array().unwrap().len(), 2);
    let next = page["next_cursor"].as_str().unwrap();
    let rest = client.get(&format!("/x/conversations?limit=2&before={next}")).await.ok();
    assert_eq!((&rest["conversations"][0]["id"], &rest["next_cursor"]), (&json!("sky"), &Value::Null));
    for (query, param) in [("?limit=0", "limit"), ("?limit=201", "limit"), ("?before=x", "before")] {
        assert_eq!(client.get(&format!("/x/conversations{query}")).await.error(400)["param"], param);
    }
}

#[tokio::test]
async fn renamed_conversation_keeps_its_place_and_is_found_by_its_title() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let client = server.guest();
    for id in ["old", "new"] {
        say(client, id, "hello").await;
    }
    let rename = async |title: &str| {
        answer(client.request("PATCH", "/x/conversations/old").body(json!({ "title": title }).to_string()))
            .await
    };
    let renamed = rename("  Trip to Kyoto ").await.ok();
    assert_eq!((&renamed["title"], &renamed["has_title"]), (&json!("Trip to Kyoto"), &json!(true)));
    assert_eq!(listed(client, "").await, ["new", "old"]);
    assert_eq!(listed(client, "?query=kyoto").await, ["old"]);
    say(client, "old", "again").await;
    assert_eq!(client.get("/x/conversations/old").await.ok()["title"], "Trip to Kyoto");
    assert_eq!(rename("").await.ok()["title"], "hello");
    for wrong in ["a\nb".to_owned(), "x".repeat(201)] {
        assert_eq!(rename(&wrong).await.error(400)["param"], "title");
    }
    let none = answer(client.request("PATCH", "/x/conversations/none").body(r#"{"title":"x"}"#)).await;
    assert_eq!(none.error(404)["code"], "conversation_not_found");
}

#[tokio::test]
async fn long_conversation_comes_in_pages_from_its_end() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let client = server.guest();
    for number in 0..4 {
        say(client, "a", &number.to_string()).await;
    }
    let newest = client.get("/x/conversations/a?limit=3").await.ok();
    assert_eq!(contents(&newest), ["re: 2", "3", "re: 3"]);
    assert_eq!((&newest["older"], &newest["messages"][0]["index"]), (&json!(5), &json!(5)));
    assert_eq!(newest["messages"][2]["model"], MODEL);
    let before = client.get("/x/conversations/a?limit=4&before=5").await.ok();
    assert_eq!((contents(&before), &before["older"]), (vec!["re: 0", "1", "re: 1", "2"], &json!(1)));
    let first = client.get("/x/conversations/a?before=1").await.ok();
    assert_eq!(
        (contents(&first), &first["older"], &first["message_count"]),
        (vec!["0"], &json!(0), &json!(8))
    );
    client.get("/x/conversations/none").await.error(404);
    assert_eq!(client.get("/x/conversations/a?limit=201").await.error(400)["param"], "limit");
}

#[tokio::test]
async fn page_with_much_text_is_bounded_and_says_what_is_older() {
    let (fake, server) = started().await;
    let client = server.guest();
    let long = json!({ "model": MODEL, "message": { "role": "assistant", "content": "x".repeat(900_000) }, "done": true });
    fake.on("POST", "/api/chat", Answer::ndjson(&[long]));
    for _ in 0..6 {
        say(client, "a", "hello").await;
    }
    let page = client.get("/x/conversations/a").await.ok();
    let (older, shown) = (page["older"].as_u64().unwrap(), page["messages"].as_array().unwrap().len() as u64);
    assert!(older > 0 && older + shown == 12, "{older} {shown}");
    let rest = client.get(&format!("/x/conversations/a?before={older}")).await.ok();
    assert_eq!(rest["messages"].as_array().unwrap().last().unwrap()["index"], older - 1);
}

#[tokio::test]
async fn copy_ends_before_a_message_and_lives_alone() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let client = server.guest();
    for text in ["one", "two"] {
        say(client, "a", text).await;
    }
    let copy = client.post("/x/conversations/a/fork", &json!({ "at": 2 })).await.ok();
    let id = copy["id"].as_str().unwrap();
    assert_eq!((&copy["title"], &copy["message_count"]), (&json!("one"), &json!(2)));
    say(client, id, "else").await;
    assert_eq!(
        contents(&client.get(&format!("/x/conversations/{id}")).await.ok()),
        ["one", "re: one", "else", "re: else"]
    );
    let asked = fake.requests_to("POST", "/api/chat").pop().unwrap().json();
    assert_eq!(asked["messages"].as_array().unwrap().len(), 3, "{asked}");
    assert_eq!(contents(&client.get("/x/conversations/a").await.ok()), ["one", "re: one", "two", "re: two"]);
    let whole = client.post("/x/conversations/a/fork", &json!({ "title": "Second try" })).await.ok();
    assert_eq!((&whole["message_count"], &whole["title"]), (&json!(4), &json!("Second try")));
    client.post("/x/conversations/none/fork", &json!({})).await.error(404);
    let deleted = client.delete("/x/conversations/a").await.ok();
    assert_eq!(deleted, json!({ "id": "a", "deleted": true }));
    client.get("/x/conversations/a").await.error(404);
    client.delete("/x/conversations/a").await.error(404);
    assert_eq!(listed(client, "").await.len(), 2);
}

#[tokio::test]
async fn export_is_a_file_of_the_whole_conversation() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let client = server.guest();
    let said =
        json!({ "message": "What? # is: \"1/2\"", "chat_id": "a", "model": MODEL, "system": "Be brief." });
    client.post("/chat", &said).await.ok();
    // More than one part of the file.
    for number in 0..60 {
        say(client, "a", &number.to_string()).await;
    }
    let markdown = client.get("/x/conversations/a/export").await;
    assert_eq!((markdown.status, markdown.header("content-type")), (200, "text/markdown; charset=utf-8"));
    assert_eq!(markdown.header("content-disposition"), "attachment; filename=\"What # is 12.md\"");
    assert_eq!(markdown.header("x-content-type-options"), "nosniff");
    assert!(markdown.body.starts_with("# What? # is: \"1/2\"\n\n"), "{}", markdown.body);
    assert!(markdown.body.contains("## System prompt\n\nBe brief.\n\n## User, "), "{}", markdown.body);
    assert_eq!(markdown.body.matches(&format!("## {MODEL}, ")).count(), 61);
    assert!(markdown.body.ends_with("re: 59\n\n"));
    let json = client.get("/x/conversations/a/export?format=json").await;
    assert_eq!(json.header("content-disposition"), "attachment; filename=\"What # is 12.json\"");
    let file = json.json();
    assert_eq!(
        (&file["id"], &file["system"], contents(&file).len()),
        (&json!("a"), &json!("Be brief."), 122)
    );
    let indexes =
        file["messages"].as_array().unwrap().iter().map(|message| message["index"].as_u64().unwrap());
    assert!(indexes.eq(0..122));
    client.get("/x/conversations/a/export?format=pdf").await.error(400);
    client.get("/x/conversations/none/export").await.error(404);
}

#[tokio::test]
async fn conversation_without_messages_is_shown_and_exported() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let client = server.guest();
    say(client, "a", "one").await;
    let copy = client.post("/x/conversations/a/fork", &json!({ "at": 0 })).await.ok();
    assert_eq!((&copy["title"], &copy["message_count"]), (&json!(""), &json!(0)));
    let path = format!("/x/conversations/{}", copy["id"].as_str().unwrap());
    assert!(contents(&client.get(&path).await.ok()).is_empty());
    assert_eq!(client.get(&format!("{path}/export?format=json")).await.json()["messages"], json!([]));
}
