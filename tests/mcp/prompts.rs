//! Prompts as hosts send them: some split what is typed after a command at its spaces.

use serde_json::{Value, json};

use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{BY_HAND, Session};

async fn text(session: &mut Session, name: &str, arguments: Value) -> String {
    let result =
        session.result(BY_HAND, "prompts/get", json!({ "name": name, "arguments": arguments })).await;
    result["messages"][0]["content"]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn command_split_at_spaces_keeps_question() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    // "/ollama:ask_local_model What is a monad?", as Claude Code sends it.
    let said = text(&mut session, "ask_local_model", json!({ "question": "What", "model": "is" })).await;
    assert!(!said.contains("`model`"), "a word that is no installed model is not handed on: {said}");
    assert!(
        said.contains("\"is\" was given as the model") && said.contains("a word of the question"),
        "{said}"
    );
    assert!(said.contains("the whole text after the command's name is the question"), "{said}");
    let split = json!({ "text": "It", "paths": "was", "length": "a", "model": "dark" });
    let said = text(&mut session, "summarize_privately", split).await;
    assert!(
        said.contains("is the text, and no other argument was given") && !said.contains("`model`"),
        "{said}"
    );
}

#[tokio::test]
async fn complete_arguments_are_used_unchanged() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    for (model, named) in [("gemma3:270m", true), ("Gemma3:270M", true), ("", false)] {
        let arguments = json!({ "question": "What is a monad?", "model": model });
        let said = text(&mut session, "ask_local_model", arguments).await;
        assert_eq!(said.contains("`model`"), named, "{said}");
        assert!(said.ends_with("\n\nWhat is a monad?"), "nothing is added: {said}");
    }
    // Files alone cannot come from a split: the text would have been first.
    let said = text(&mut session, "summarize_privately", json!({ "paths": "a.txt" })).await;
    assert!(!said.contains("command's name"), "{said}");
}

#[tokio::test]
async fn model_argument_is_used_while_server_is_unreachable() {
    let down = FakeOllama::closed_address().to_string();
    let mut session = Session::with(&[("OLLAMA_HOST", down.as_str())]);
    let arguments = json!({ "question": "What is a monad?", "model": "gemma3:270m" });
    assert!(text(&mut session, "ask_local_model", arguments).await.contains("`model` \"gemma3:270m\""));
}
