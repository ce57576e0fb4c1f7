//! `summarize_files`.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::{CONTEXT, Library, prose, said, words};
use crate::support::fake_ollama::{Answer, Gate};
use crate::support::mcp_client::{error_line, tool_error};

#[tokio::test]
async fn files_that_fit_are_read_in_one_request() {
    let mut library = Library::start().await;
    library.write("a.md", "# Plan\nWe sail on Monday.\n");
    library.write("deep/b.txt", "The cargo is tea.\n");
    library.replies(|_| "Tea is shipped on Monday.".to_owned());
    let result = library.session.call("summarize_files", json!({ "files": ["."], "words": 50 })).await;
    let structured = &result["structuredContent"];
    assert_eq!(structured["summary"], "Tea is shipped on Monday.", "{result:#}");
    assert_eq!((&structured["status"], &structured["files"]), (&json!("completed"), &json!(2)));
    let asked = library.asked();
    assert_eq!(asked.len(), 1);
    let said = words(&asked[0]);
    assert!(said.contains("File: a.md\n```\n# Plan\nWe sail on Monday.\n```\n"), "{said}");
    assert!(said.contains("File: deep/b.txt\n```\nThe cargo is tea.\n```\n"), "{said}");
    assert!(said.contains("at most 50 words"), "{said}");
    assert!(asked[0].get("tools").is_none(), "what is read can call nothing");
    assert!(!result.to_string().contains("cargo is"), "the host sees nothing of the files: {result}");
}

#[tokio::test]
async fn long_file_is_read_part_by_part_and_brought_together() {
    let mut library = Library::start().await;
    let text = prose(400);
    library.write("long.txt", &text);
    library.replies(|asked| match asked.contains("Bring them together") {
        true => "All of it.".to_owned(),
        false => "A note.".to_owned(),
    });
    let arguments = json!({ "files": ["long.txt"], "instruction": "Who travels?" });
    let result = library.session.call("summarize_files", arguments).await;
    let structured = &result["structuredContent"];
    assert_eq!(structured["summary"], "All of it.", "{result:#}");
    let parts = structured["parts"].as_u64().unwrap();
    assert!(parts > 3, "{structured}");
    let asked = library.asked();
    let all: String = asked.iter().map(words).collect();
    for line in text.lines() {
        assert!(all.contains(line), "{line} was not read");
    }
    for request in &asked {
        let bytes = words(request).len();
        assert!(bytes as u64 / 3 < CONTEXT, "a part of {bytes} bytes");
        assert_eq!(request["truncate"], false, "what does not fit is refused, not cut");
        assert!(words(request).contains("Who travels?"));
    }
}

#[tokio::test]
async fn part_that_fails_is_tried_again_then_named() {
    let mut library = Library::start().await;
    library.write("a.txt", &prose(60));
    library.write("b.txt", &prose(60).replace("merchant", "poisoned merchant"));
    library.write("c.txt", &prose(60));
    library.fake.on(
        "POST",
        "/api/chat",
        Answer::computed(|request| match words(&request.json()).contains("poisoned") {
            true => Answer::json(500, json!({ "error": "the runner has died" })),
            false => said("A note."),
        }),
    );
    let result = library.session.call("summarize_files", json!({ "files": ["."] })).await;
    let structured = &result["structuredContent"];
    assert_eq!(structured["summary"], "A note.", "{result:#}");
    let failed = structured["failed_parts"].as_array().unwrap();
    assert!(!failed.is_empty());
    for part in failed {
        assert!(part.as_str().unwrap().starts_with("b.txt"), "{part}");
        assert!(part.as_str().unwrap().contains("the runner has died"), "{part}");
    }
    let poisoned = library.asked().iter().filter(|asked| words(asked).contains("poisoned")).count();
    assert_eq!(poisoned % 2, 0, "each was tried twice");
}

#[tokio::test]
async fn part_that_model_refuses_as_too_long_is_halved() {
    let mut library = Library::start().await;
    library.write("a.txt", &prose(100));
    let refusals = AtomicUsize::new(0);
    let answer = Answer::computed(move |request| {
        let bytes = words(&request.json()).len();
        if bytes > 2500 {
            refusals.fetch_add(1, Ordering::Relaxed);
            let error = json!({ "error": { "code": 400, "type": "exceed_context_size_error",
                "message": "the request exceeds the available context size", "n_prompt_tokens": 3000, "n_ctx": 2048 } });
            return Answer::json(400, error);
        }
        said("A note.")
    });
    library.fake.on("POST", "/api/chat", answer);
    let result = library.session.call("summarize_files", json!({ "files": ["a.txt"] })).await;
    assert_eq!(result["structuredContent"]["summary"], "A note.", "{result:#}");
    assert!(result["structuredContent"].get("failed_parts").is_none(), "{result:#}");
    let all: String = library.asked().iter().map(words).filter(|words| words.len() <= 2500).collect();
    for line in prose(100).lines() {
        assert!(all.contains(line), "{line} was not read");
    }
}

#[tokio::test]
async fn notes_come_back_at_deadline_and_rest_goes_on() {
    let mut library = Library::with(&[("OLLAMA_MCP_CALL_DEADLINE", "1s")], false).await;
    library.write("long.txt", &prose(200));
    let gate = Gate::new();
    let held = gate.clone();
    library.fake.on(
        "POST",
        "/api/chat",
        Answer::computed(move |request| match words(&request.json()) {
            words if words.contains("Bring them together") => said("All of it."),
            words if words.contains("Sentence number 1 ") => said("A late note.").delay_head(&held),
            _ => said("A note."),
        }),
    );
    let arguments = json!({ "files": ["long.txt"] });
    let (result, progress) = library.session.call_watched("summarize_files", arguments).await;
    let parts = result["structuredContent"]["parts"].as_u64().unwrap();
    let told: Vec<_> =
        progress.iter().map(|message| message["message"].as_str().unwrap().to_owned()).collect();
    let expected = format!("part {} of {parts}: ", parts - 1);
    assert!(told.iter().any(|text| text.starts_with(&expected) && text.contains("A note.")), "{told:?}");
    let structured = &result["structuredContent"];
    assert_eq!(structured["status"], "in_progress", "{result:#}");
    assert!(structured["summary"].as_str().unwrap().contains("A note."), "{structured}");
    let id = structured["completion_id"].clone();
    gate.open();
    let rest = json!({ "completion_id": id, "wait_seconds": 30 });
    let ended = library.session.call("get_completion", rest).await;
    assert_eq!(ended["structuredContent"]["summary"], "All of it.", "{ended:#}");
}

#[tokio::test]
async fn failure_of_last_step_keeps_the_notes() {
    let mut library = Library::start().await;
    library.write("long.txt", &prose(200));
    library.fake.on(
        "POST",
        "/api/chat",
        Answer::computed(|request| match words(&request.json()).contains("Bring them together") {
            true => Answer::json(500, json!({ "error": "the runner has died" })),
            false => said("A precious note."),
        }),
    );
    let result = library.session.call("summarize_files", json!({ "files": ["long.txt"] })).await;
    let (_, text) = tool_error(&result);
    assert!(text.contains("the runner has died"), "{text}");
    assert!(result.to_string().contains("A precious note."), "nothing that was written is lost: {result:#}");
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let mut library = Library::start().await;
    library.write("a.txt", "x");
    library.write("blank.txt", " \n\n");
    let mut errors = Vec::new();
    for arguments in [
        json!({ "files": [] }),
        json!({ "files": ["a.txt"], "words": 3 }),
        json!({ "files": ["a.txt"], "model": " " }),
        json!({ "files": ["a.txt"], "instruction": "x".repeat(20_000) }),
        json!({ "files": ["no-such.txt"] }),
        json!({ "files": ["blank.txt"] }),
        json!({ "files": "a.txt" }),
        json!({ "file": ["a.txt"] }),
    ] {
        errors.push(error_line(&library.session.call("summarize_files", arguments).await));
    }
    let errors = errors.join("\n").replace(library.place.path().to_str().unwrap(), "[folder]");
    insta::assert_snapshot!(errors, @r#"
    invalid_argument: files is empty; it must name at least one file
    invalid_argument: words is 3; it must be between 10 and 5000
    invalid_argument: model is empty; give a model's name, or leave it out
    invalid_argument: instruction has 20000 bytes; at most 10000 are taken
    attachment_unreadable: files[0]: "no-such.txt" does not exist; relative paths start at [folder]/files
    attachment_unreadable: files: hold no text, only blank lines
    invalid_argument: files is the text "a.txt"; it must be an array
    invalid_argument: "file" is not an argument of this tool. Did you mean "files"?
    "#);
    assert!(library.asked().is_empty());
}

#[tokio::test]
async fn cancelled_summary_keeps_its_notes_and_frees_the_model() {
    let mut library = Library::start().await;
    library.write("long.txt", &prose(200));
    let never = Gate::new();
    let held = never.clone();
    let answer =
        Answer::computed(move |request| match words(&request.json()).contains("Sentence number 1 ") {
            true => said("A late note.").delay_head(&held),
            false => said("A note."),
        });
    library.fake.on("POST", "/api/chat", answer);
    let arguments = json!({ "files": ["long.txt"], "background": true });
    let started = library.session.call("summarize_files", arguments).await;
    let id = started["structuredContent"]["completion_id"].clone();
    let notes = json!({ "completion_id": id, "wait_seconds": 0 });
    loop {
        let so_far = library.session.call("get_completion", notes.clone()).await;
        if so_far["structuredContent"]["summary"].as_str().unwrap().contains("A note.") {
            break;
        }
    }
    let held = library.fake.requests_to("POST", "/api/chat");
    let held = held.iter().find(|request| words(&request.json()).contains("Sentence number 1 ")).unwrap();
    let cancelled = library.session.call("cancel_completion", json!({ "completion_id": id })).await;
    let structured = &cancelled["structuredContent"];
    assert_eq!(structured["status"], "cancelled", "{cancelled:#}");
    assert!(structured["summary"].as_str().unwrap().contains("A note."), "{structured}");
    library.fake.closed(held.index).await;
}
