//! `previous_response_id`, references to items, the input of a response, and what is not kept.

use serde_json::{Value, json};

use super::super::started;
use super::*;
use crate::support::fake_ollama::{Answer, Gate};

#[tokio::test]
async fn whole_conversation_goes_to_the_model_but_not_its_instructions() {
    let (fake, server) = started().await;
    let client = server.guest();
    fake.on("POST", "/api/chat", reply(&[said("Hello Ann.")], "stop"));
    let first = client.post(PATH, &ask("I am Ann.", json!({ "instructions": "Be kind." }))).await.ok();
    fake.on("POST", "/api/chat", reply(&[said("Ann.")], "stop"));
    let second =
        client.post(PATH, &ask("Who am I?", json!({ "previous_response_id": first["id"] }))).await.ok();
    assert_eq!(second["previous_response_id"], first["id"]);
    let third = client
        .post(PATH, &ask("Sure?", json!({ "previous_response_id": second["id"], "stream": true })))
        .await;
    assert_eq!(third.status, 200);
    let messages = asked(&fake)["messages"].clone();
    let said: Vec<_> = messages
        .as_array()
        .unwrap()
        .iter()
        .map(|message| {
            format!("{}: {}", message["role"].as_str().unwrap(), message["content"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        said,
        ["user: I am Ann.", "assistant: Hello Ann.", "user: Who am I?", "assistant: Ann.", "user: Sure?"]
    );
    // Two responses may continue the same one.
    let fork = client.post(PATH, &ask("Bye.", json!({ "previous_response_id": first["id"] }))).await.ok();
    assert_eq!(asked(&fake)["messages"].as_array().unwrap().len(), 3, "{fork}");
}

#[tokio::test]
async fn result_of_a_call_continues_the_response_that_called() {
    let (fake, server) = started().await;
    let call =
        json!({ "id": "call_1", "function": { "name": "get_weather", "arguments": { "city": "Paris" } } });
    fake.on_next(
        "POST",
        "/api/chat",
        reply(
            &[json!({ "role": "assistant", "content": "", "thinking": "hm", "tool_calls": [call] })],
            "stop",
        ),
    );
    let tools = json!([{ "type": "function", "name": "get_weather", "parameters": { "type": "object" }, "strict": false }]);
    let first = server
        .guest()
        .post(PATH, &ask("Weather?", json!({ "tools": tools, "tool_choice": "required" })))
        .await
        .ok();
    let called = first["output"].as_array().unwrap().last().unwrap();
    assert_eq!((&called["type"], &called["name"]), (&json!("function_call"), &json!("get_weather")));
    let result = json!([{ "type": "function_call_output", "call_id": called["call_id"], "output": "sunny" }]);
    let body =
        json!({ "model": MODEL, "input": result, "previous_response_id": first["id"], "tools": tools });
    server.guest().post(PATH, &body).await.ok();
    let messages = asked(&fake)["messages"].clone();
    let calls = &messages[1]["tool_calls"][0]["function"];
    assert_eq!(
        (&calls["name"], &calls["arguments"]),
        (&json!("get_weather"), &json!({ "city": "Paris" })),
        "{messages}"
    );
    assert_eq!((&messages[2]["role"], &messages[2]["content"]), (&json!("tool"), &json!("sunny")));
    assert_eq!(messages[2]["tool_name"], "get_weather");
    // The same by hand, as clients without a server's memory do it.
    let mut items = vec![json!({ "role": "user", "content": "Weather?" })];
    items.extend(first["output"].as_array().unwrap().clone());
    items.push(result[0].clone());
    server
        .guest()
        .post(PATH, &json!({ "model": MODEL, "input": items, "tools": tools, "store": false }))
        .await
        .ok();
    assert_eq!(asked(&fake)["messages"], messages);
}

#[tokio::test]
async fn unknown_unkept_and_running_responses_cannot_be_continued() {
    let (fake, server) = started().await;
    let client = server.guest();
    let unkept = client.post(PATH, &ask("hi", json!({ "store": false }))).await.ok();
    assert_eq!(unkept["store"], false);
    let others = server.local().post(PATH, &ask("hi", json!({}))).await.ok();
    for id in [json!("resp_unknown"), unkept["id"].clone(), others["id"].clone()] {
        let error = client.post(PATH, &ask("ho", json!({ "previous_response_id": id }))).await.error(400);
        assert_eq!(error["code"], "previous_response_not_found");
        assert_eq!(
            error["message"],
            format!("Previous response with id '{}' not found.", id.as_str().unwrap())
        );
    }
    for path in [path_of(&unkept), path_of(&others), format!("{PATH}/resp_unknown")] {
        for answer in [
            client.get(&path).await,
            client.get(&format!("{path}?stream=true")).await,
            client.get(&format!("{path}/input_items")).await,
            client.post(&format!("{path}/cancel"), &json!({})).await,
            client.delete(&path).await,
        ] {
            assert_eq!(answer.error(404)["code"], "response_not_found", "{path}");
        }
    }
    // A chat is no response.
    let chat = client
        .post(
            "/v1/chat/completions",
            &json!({ "messages": [{ "role": "user", "content": "hi" }], "model": MODEL }),
        )
        .await;
    let id = chat.ok()["id"].as_str().unwrap().replace("chatcmpl-", "resp_");
    assert_eq!(client.get(&format!("{PATH}/{id}")).await.status, 404);
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let running = client.post(PATH, &ask("hi", json!({ "background": true }))).await.ok();
    let error =
        client.post(PATH, &ask("ho", json!({ "previous_response_id": running["id"] }))).await.error(409);
    assert_eq!(error["code"], "response_in_progress");
    gate.open();
    ended(client, &path_of(&running)).await;
    client.post(PATH, &ask("ho", json!({ "previous_response_id": running["id"] }))).await.ok();
}

#[tokio::test]
async fn referenced_items_are_put_in_their_place() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", reply(&[said("The key is red.")], "stop"));
    let first = server.guest().post(PATH, &ask("Which key?", json!({}))).await.ok();
    let item = first["output"][0]["id"].clone();
    let input = json!([{ "type": "item_reference", "id": item }, { "role": "user", "content": "Again." }]);
    server.guest().post(PATH, &json!({ "model": MODEL, "input": input })).await.ok();
    assert_eq!(asked(&fake)["messages"][0], json!({ "role": "assistant", "content": "The key is red." }));
    let body = json!({ "model": MODEL, "input": [{ "id": "msg_0_0" }] });
    let error = server.guest().post(PATH, &body).await.error(404);
    assert_eq!((&error["code"], &error["param"]), (&json!("item_not_found"), &json!("input[0].id")));
    let others = server.local().post(PATH, &json!({ "model": MODEL, "input": input })).await;
    assert_eq!(others.error(404)["code"], "item_not_found");
}

#[tokio::test]
async fn input_items_have_pages_in_both_orders() {
    let (_fake, server) = started().await;
    let client = server.guest();
    let input = json!([{ "role": "user", "content": "one" }, { "role": "user", "content": "two" }]);
    let first = client.post(PATH, &json!({ "model": MODEL, "input": input })).await.ok();
    let second = client.post(PATH, &ask("three", json!({ "previous_response_id": first["id"] }))).await.ok();
    let path = format!("{}/input_items", path_of(&second));
    let ids = |list: &Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = client.get(&format!("{path}?order=asc")).await.ok();
    assert_eq!((&all["object"], &all["has_more"]), (&json!("list"), &json!(false)));
    let items = all["data"].as_array().unwrap();
    assert_eq!(items[0]["content"], json!([{ "type": "input_text", "text": "one" }]));
    assert_eq!(
        (items.len(), &items[2]["id"], &items[3]["role"]),
        (4, &first["output"][0]["id"], &json!("user"))
    );
    let mut reversed = ids(&all);
    reversed.reverse();
    assert_eq!(ids(&client.get(&path).await.ok()), reversed);
    let page = client.get(&format!("{path}?limit=3")).await.ok();
    assert_eq!((ids(&page), &page["has_more"]), (reversed[..3].to_vec(), &json!(true)));
    let rest = client.get(&format!("{path}?limit=3&after={}", page["last_id"].as_str().unwrap())).await.ok();
    assert_eq!((ids(&rest), &rest["has_more"]), (reversed[3..].to_vec(), &json!(false)));
    for (query, param) in
        [("limit=0", "limit"), ("limit=101", "limit"), ("order=up", "order"), ("after=x", "after")]
    {
        assert_eq!(client.get(&format!("{path}?{query}")).await.error(400)["param"], param);
    }
}

#[tokio::test]
async fn deleted_response_is_gone() {
    let (fake, server) = started().await;
    let client = server.guest();
    for more in [json!({}), json!({ "store": true })] {
        let response = client.post(PATH, &ask("hi", more)).await.ok();
        let path = path_of(&response);
        assert_eq!(
            client.delete(&path).await.ok(),
            json!({ "id": response["id"], "object": "response", "deleted": true })
        );
        assert_eq!(client.get(&path).await.status, 404);
        let completion = format!("/x/completions/{}", response["id"].as_str().unwrap());
        assert_eq!(client.get(&completion).await.error(404)["code"], "completion_not_found");
        assert_eq!(client.delete(&path).await.status, 404);
        let error =
            client.post(PATH, &ask("ho", json!({ "previous_response_id": response["id"] }))).await.error(400);
        assert_eq!(error["code"], "previous_response_not_found");
    }
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let running = client.post(PATH, &ask("hi", json!({ "background": true }))).await.ok();
    gate.reached(1).await;
    client.delete(&path_of(&running)).await.ok();
    fake.closed(fake.requests().len() - 1).await;
    assert_eq!(client.get(&path_of(&running)).await.status, 404);
}
