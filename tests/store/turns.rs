//! Turns: what the model is sent, what is stored, and what is not.

use serde_json::json;

use super::{MODEL, contents, echoing, reply, sent, session, start, stored, turn};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::{BY_HAND, MODERN, Session, modern_meta, tool_error};

#[tokio::test]
async fn history_is_sent_also_by_next_process() {
    let (fake, data, mut session) = start().await;
    let mut first = turn("talk", "one");
    first["system"] = json!("Be brief.");
    let result = session.call("converse", first).await;
    assert_eq!(result["structuredContent"]["conversation_id"], "talk");
    assert_eq!(result["content"][0]["text"], "re: one");
    assert_eq!(result["content"][1]["text"], "conversation_id: talk");
    drop(session);

    let mut session = super::session(&fake, &data);
    let (result, progress) =
        session.call_watched("converse", json!({ "conversation_id": "talk", "prompt": "two" })).await;
    assert_eq!(result["structuredContent"]["model"], MODEL);
    assert_eq!(result["structuredContent"]["model_reason"], "the conversation's last model");
    let streamed: String =
        progress.iter().filter_map(|one| one["_meta"]["ollama-mcp/delta"].as_str()).collect();
    assert_eq!(streamed, "re: two");
    let pair = |role: &str, text: &str| (role.to_owned(), text.to_owned());
    assert_eq!(
        sent(&fake.requests_to("POST", "/api/chat")[1]),
        [pair("system", "Be brief."), pair("user", "one"), pair("assistant", "re: one"), pair("user", "two")]
    );
    let read = session.call("get_conversation", json!({ "conversation_id": "talk" })).await;
    assert_eq!(contents(&read), ["one", "re: one", "two", "re: two"]);
    let structured = &read["structuredContent"];
    assert_eq!(structured["system"], "Be brief.");
    assert_eq!(structured["messages"][1]["usage"], json!({ "prompt_tokens": 40, "completion_tokens": 5 }));
    assert_eq!(structured["messages"][1]["model"], MODEL);
    assert!(structured["messages"][0]["created"].as_str().unwrap().ends_with('Z'));
    let page = read["content"][0]["text"].as_str().unwrap();
    assert!(page.contains("## system\n\nBe brief.") && page.contains("re: two"), "{page}");
    let end = session.call("get_conversation", json!({ "conversation_id": "talk", "last": 1 })).await;
    assert_eq!((contents(&end), &end["structuredContent"]["total"]), (vec!["re: two".to_owned()], &json!(4)));
}

#[tokio::test]
async fn thinking_is_stored_and_not_sent_again() {
    let (fake, _data, mut session) = start().await;
    let mut lines = reply("one");
    lines.insert(
        0,
        json!({ "model": MODEL, "message": { "role": "assistant", "content": "", "thinking": "hm" } }),
    );
    fake.on_next("POST", "/api/chat", Answer::ndjson(&lines));
    session.call("converse", turn("a", "one")).await;
    session.call("converse", turn("a", "two")).await;
    let read = session.call("get_conversation", json!({ "conversation_id": "a" })).await;
    assert_eq!(read["structuredContent"]["messages"][1]["reasoning"], "hm");
    assert_eq!(read["structuredContent"]["messages"][1]["content"], "re: one");
    let body = &fake.requests_to("POST", "/api/chat")[1].json();
    assert!(body["messages"][1].get("thinking").is_none(), "{body}");
}

#[tokio::test]
async fn new_creates_id_and_invalid_id_is_refused() {
    let (fake, _data, mut session) = start().await;
    let result = session.call("converse", turn("new", "hello")).await;
    let id = result["structuredContent"]["conversation_id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 36, "{id}");
    assert_eq!(stored(&mut session, &id).await, ["hello", "re: hello"]);
    let long = "x".repeat(65);
    for wrong in ["", "a b", "../x", "a/b", "é", &long, "a'; DROP TABLE messages; --"] {
        for tool in ["converse", "get_conversation", "delete_conversation"] {
            let mut arguments = json!({ "conversation_id": wrong });
            if tool == "converse" {
                arguments["prompt"] = json!("x");
            }
            let result = session.call(tool, arguments).await;
            let (code, text) = tool_error(&result);
            assert_eq!(code, "invalid_argument", "{tool} {wrong:?}");
            assert!(text.starts_with("conversation_id is "), "{text}");
        }
    }
    let result = session.call("converse", turn("a", "  ")).await;
    assert!(tool_error(&result).1.starts_with("prompt is empty"));
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

#[tokio::test]
async fn failed_turn_leaves_conversation_unchanged() {
    let (fake, _data, mut session) = start().await;
    session.call("converse", turn("a", "one")).await;
    fake.on_next("POST", "/api/chat", Answer::ndjson(&reply("two")).cut_after(2));
    let result = session.call("converse", turn("a", "two")).await;
    assert_eq!(tool_error(&result).0, "interrupted");
    assert_eq!(result["structuredContent"]["error"]["partial"]["content"], "re: two");
    assert_eq!(stored(&mut session, "a").await, ["one", "re: one"]);
    fake.on_next("POST", "/api/chat", Answer::json(404, json!({ "error": "model 'gema3' not found" })));
    let missing = json!({ "conversation_id": "b", "prompt": "x", "model": "gema3" });
    let result = session.call("converse", missing).await;
    assert_eq!(tool_error(&result).0, "model_not_found");
    let result = session.call("get_conversation", json!({ "conversation_id": "b" })).await;
    assert_eq!(tool_error(&result).0, "conversation_not_found");
}

#[tokio::test]
async fn cancelled_turn_leaves_conversation_unchanged() {
    let (fake, _data, mut session) = start().await;
    session.call("converse", turn("a", "one")).await;
    let gate = Gate::new();
    fake.on_next("POST", "/api/chat", Answer::ndjson(&reply("two")).gate_after(2, &gate));
    let id =
        session.request("tools/call", json!({ "name": "converse", "arguments": turn("a", "two") })).await;
    gate.reached(1).await;
    session.cancel(id).await;
    fake.closed(fake.requests().len() - 1).await;
    assert_eq!(stored(&mut session, "a").await, ["one", "re: one"]);
    // The conversation is free again.
    session.call("converse", turn("a", "three")).await;
    assert_eq!(stored(&mut session, "a").await, ["one", "re: one", "three", "re: three"]);
}

#[tokio::test]
async fn concurrent_turns_run_one_after_another() {
    let (fake, _data, mut session) = start().await;
    let gate = Gate::new();
    fake.on_next("POST", "/api/chat", Answer::ndjson(&reply("one")).delay_head(&gate));
    let call = |prompt: &str| json!({ "name": "converse", "arguments": turn("a", prompt) });
    let first = session.request("tools/call", call("one")).await;
    gate.reached(1).await;
    let mut second = call("two");
    second["_meta"] = json!({ "progressToken": "second" });
    let second = session.request("tools/call", second).await;
    let told = session.next().await;
    assert_eq!(told["params"]["message"], "queued, 1 ahead", "{told}");
    // Another conversation does not wait.
    let other = session.call("converse", turn("b", "other")).await;
    assert_eq!(other["content"][0]["text"], "re: other");
    gate.open();
    session.answer(first).await;
    session.answer(second).await;
    assert_eq!(stored(&mut session, "a").await, ["one", "re: one", "two", "re: two"]);
    let chats = fake.requests_to("POST", "/api/chat");
    assert_eq!(sent(chats.last().unwrap()).len(), 3, "the second has read the first");
}

#[tokio::test]
async fn turn_beyond_deadline_continues_and_is_stored() {
    let (fake, data) = (echoing().await, tempfile::TempDir::new().unwrap());
    let gate = Gate::new();
    fake.on_next("POST", "/api/chat", Answer::ndjson(&reply("one")).gate_after(1, &gate));
    let url = fake.url();
    let path = data.path().to_str().unwrap();
    let settings =
        [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MCP_DATA_DIR", path), ("OLLAMA_MCP_CALL_DEADLINE", "300ms")];
    let mut session = Session::with(&settings);
    let result = session.call("converse", turn("a", "one")).await;
    assert_eq!(result["structuredContent"]["status"], "in_progress");
    assert_eq!(result["structuredContent"]["conversation_id"], "a");
    assert_eq!(result["content"][1]["text"], "conversation_id: a");
    let read = session.call("get_conversation", json!({ "conversation_id": "a" })).await;
    assert_eq!(tool_error(&read).0, "conversation_not_found");
    gate.open();
    let result = session.call("get_completion", json!({ "wait_seconds": 20 })).await;
    assert_eq!(result["structuredContent"]["status"], "completed");
    assert_eq!(result["structuredContent"]["conversation_id"], "a");
    assert_eq!(stored(&mut session, "a").await, ["one", "re: one"]);
}

#[tokio::test]
async fn conversation_continued_by_other_process_is_a_conflict() {
    let (fake, data, mut here) = start().await;
    here.call("converse", turn("a", "one")).await;
    let mut elsewhere = session(&fake, &data);
    let file = rusqlite::Connection::open(data.path().join("data").join("conversations.db")).unwrap();
    let call = json!({ "name": "converse", "arguments": turn("a", "here") });
    for (deletes, left) in [(false, vec!["one", "re: one", "there", "re: there"]), (true, vec![])] {
        let gate = Gate::new();
        fake.on_next("POST", "/api/chat", Answer::ndjson(&reply("here")).delay_head(&gate));
        let id = here.request("tools/call", call.clone()).await;
        gate.reached(1).await;
        if deletes {
            let arguments = json!({ "conversation_id": "a", "confirm": true });
            let result = elsewhere.call("delete_conversation", arguments).await;
            assert_eq!(result["content"][0]["text"], "The conversation a is deleted.");
        } else {
            // By a program that waits for nobody's turn.
            for (role, content) in [("user", "there"), ("assistant", "re: there")] {
                let insert = "INSERT INTO messages (owner, conversation_id, role, content, created_ms) VALUES ('local', 'a', ?1, ?2, 1)";
                file.execute(insert, [role, content]).unwrap();
            }
        }
        gate.open();
        let result = here.answer(id).await["result"].take();
        assert_eq!(tool_error(&result).0, "conversation_conflict");
        assert_eq!(result["structuredContent"]["error"]["partial"]["content"], "re: here");
        assert_eq!(stored(&mut elsewhere, "a").await, left);
    }
}

#[tokio::test]
async fn turn_waits_for_turn_of_other_process() {
    let (fake, data, mut here) = start().await;
    let mut elsewhere = session(&fake, &data);
    let gate = Gate::new();
    fake.on_next("POST", "/api/chat", Answer::ndjson(&reply("here")).delay_head(&gate));
    let call = |prompt: &str| json!({ "name": "converse", "arguments": turn("a", prompt) });
    let first = here.request("tools/call", call("here")).await;
    gate.reached(1).await;
    let mut second = call("there");
    second["_meta"] = json!({ "progressToken": 1 });
    let second = elsewhere.request("tools/call", second).await;
    let told = elsewhere.next().await;
    assert_eq!(told["params"]["message"], "queued, 1 ahead", "{told}");
    // Another conversation does not wait, and neither does one that is cancelled.
    elsewhere.call("converse", turn("b", "other")).await;
    let third = elsewhere.request("tools/call", call("cancelled")).await;
    elsewhere.cancel(third).await;
    gate.open();
    here.answer(first).await;
    let answer = elsewhere.answer(second).await;
    assert_eq!(answer["result"]["content"][0]["text"], "re: there", "{answer}");
    assert_eq!(stored(&mut here, "a").await, ["here", "re: here", "there", "re: there"]);
    assert_eq!(sent(fake.requests_to("POST", "/api/chat").last().unwrap()).len(), 3, "it has read the first");
}

#[tokio::test]
async fn history_beyond_context_is_left_out_with_warning() {
    let (fake, _data, mut session) = start().await;
    let long = "word ".repeat(120);
    let mut first = turn("a", &long);
    first["system"] = json!("Be brief.");
    let mut results = vec![session.call("converse", first).await];
    for number in 0..3 {
        let mut next = turn("a", &format!("{number} {long}"));
        next["num_ctx"] = json!(900);
        results.push(session.call("converse", next).await);
    }
    let warnings = |result: &serde_json::Value| result["structuredContent"]["warnings"].to_string();
    assert!(!warnings(&results[1]).contains("left out"), "{}", results[1]);
    let last = results.last().unwrap();
    assert!(warnings(last).contains("The 2 oldest messages"), "{}", warnings(last));
    assert!(last["content"].to_string().contains("900 tokens"), "in the text too: {last}");
    let sent = sent(fake.requests_to("POST", "/api/chat").last().unwrap());
    assert_eq!((sent.len(), sent[0].0.as_str(), sent[1].0.as_str()), (6, "system", "user"));
    assert!(sent[1].1.starts_with("0 ") && sent[5].1.starts_with("2 "));
    assert_eq!(stored(&mut session, "a").await.len(), 8, "all of it is stored");
}

#[tokio::test]
async fn turns_in_stateless_revision_and_with_unreachable_server() {
    let (fake, data, mut session) = start().await;
    let mut params = json!({ "name": "converse", "arguments": turn("a", "one") });
    params["_meta"] = modern_meta();
    let result = session.result(MODERN, "tools/call", params).await;
    assert_eq!(result["structuredContent"]["conversation_id"], "a");
    let address = FakeOllama::closed_address().to_string();
    let path = data.path().join("data");
    let mut down =
        Session::with(&[("OLLAMA_HOST", &address), ("OLLAMA_MCP_DATA_DIR", path.to_str().unwrap())]);
    let result = down.call("converse", turn("a", "two")).await;
    assert_eq!(tool_error(&result).0, "ollama_unreachable");
    assert_eq!(stored(&mut down, "a").await, ["one", "re: one"], "reading needs no model");
    drop(fake);
}

#[tokio::test]
async fn invalid_and_unknown_arguments_are_refused_by_name() {
    let (_fake, _data, mut session) = start().await;
    for (tool, arguments, text) in [
        ("converse", json!({ "prompt": "x" }), "the argument `conversation_id` is missing"),
        ("converse", json!({ "conversation_id": 5, "prompt": "x" }), "conversation_id is integer"),
        ("converse", json!({ "conversation_id": "a", "prompt": "x", "temperature": 3 }), "temperature is 3"),
        ("converse", json!({ "conversation_id": "a", "promt": "x" }), "Did you mean \"prompt\"?"),
        ("converse", json!({ "conversation_id": "a", "messages": [] }), "\"messages\" is not an argument"),
        ("list_conversations", json!({ "limit": 0 }), "limit is 0; it must be between 1 and 200"),
        ("list_conversations", json!({ "cursor": "x" }), "cursor is \"x\""),
        ("get_conversation", json!({ "conversation_id": "a", "last": 0 }), "last is 0"),
        ("get_conversation", json!({ "conversation_id": "a", "lst": 1 }), "Did you mean \"last\"?"),
        ("delete_conversation", json!({ "conversation_id": "a", "confirm": "yes" }), "confirm is the text"),
    ] {
        let result = session.call(tool, arguments).await;
        let (code, said) = tool_error(&result);
        assert_eq!(code, "invalid_argument");
        assert!(said.contains(text), "{said}");
    }
    session.result(BY_HAND, "tools/list", json!({})).await;
}

#[tokio::test]
async fn turn_waits_for_database_lock_of_other_process() {
    let (fake, data, mut session) = start().await;
    session.call("converse", turn("a", "one")).await;
    let other = rusqlite::Connection::open(data.path().join("data").join("conversations.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let id =
        session.request("tools/call", json!({ "name": "converse", "arguments": turn("a", "two") })).await;
    fake.wait_for_requests_to("POST", "/api/chat", 2).await;
    other.execute_batch("ROLLBACK").unwrap();
    let answer = session.answer(id).await;
    assert_eq!(answer["result"]["content"][0]["text"], "re: two", "{answer}");
    assert_eq!(stored(&mut session, "a").await.len(), 4);
}

#[tokio::test]
async fn context_size_is_requested_where_call_has_no_num_ctx() {
    let running =
        |context: u64| json!({ "models": [{ "name": MODEL, "model": MODEL, "context_length": context }] });
    let show =
        json!({ "parameters": "num_ctx                        1000", "model_info": {}, "details": {} });
    for (running, show, left_out) in [
        (running(1000), json!({}), Some("2 oldest messages")),
        (running(100_000), show.clone(), None),
        (json!({ "models": [] }), show, Some("1000 tokens")),
        (json!({ "models": [] }), json!({}), None),
    ] {
        let (fake, _data, mut session) = start().await;
        fake.on("GET", "/api/ps", Answer::json(200, running));
        fake.on("POST", "/api/show", Answer::json(200, show));
        let long = "word ".repeat(300);
        session.call("converse", turn("a", &long)).await;
        assert!(fake.requests_to("GET", "/api/ps").is_empty(), "what fits always is not asked about");
        let result = session.call("converse", turn("a", &long)).await;
        let text = result["content"].to_string();
        match left_out {
            Some(words) => assert!(text.contains(words), "{words}: {text}"),
            None => assert!(!text.contains("left out"), "{text}"),
        }
    }
}
