//! `try`: one question through the whole path, as a host would send it.

use super::{run, run_with_input};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};

#[tokio::test]
async fn answer_goes_to_stdout_and_status_to_stderr() {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded("chat_gemma_stream"));
    let url = format!("--ollama-host={}", fake.url());
    let ran = run(&["try", "Name three colours.", "--max-tokens=20", &url], &[]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("1.") && ran.stdout.ends_with('\n'), "{}", ran.stdout);
    assert!(!ran.stdout.contains("──"), "{}", ran.stdout);
    let lines: Vec<_> = ran.stderr.lines().collect();
    for (line, (start, part)) in lines.iter().zip([
        ("── server: ollama-mcp ", "(protocol "),
        ("── tools: ", "chat_completion"),
        ("── health: ", "answers at"),
    ]) {
        assert!(line.starts_with(start) && line.contains(part), "{}", ran.stderr);
    }
    let done = lines.iter().find(|line| line.starts_with("── done: gemma3:270m, 20 tokens, "));
    assert!(done.is_some_and(|line| line.contains("ran on this machine")), "{}", ran.stderr);
    let sent = fake.wait_for("POST", "/api/chat").await.json();
    assert_eq!(sent["options"]["num_predict"], 20);
    assert_eq!(sent["messages"][0]["content"], "Name three colours.");
}

#[tokio::test]
async fn quiet_prints_the_answer_and_warnings_only() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let environment = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MODEL", "qwen2.5-coder:0.5b")];
    for quiet in ["-q", "--quiet"] {
        let ran = run(&["try", quiet, "x"], &environment).await;
        let answer = "Three colours are red, blue, and green.\n";
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), answer, ""));
    }
    // Quotes may be left out.
    run(&["try", "-q", "Say", "hello."], &environment).await;
    let sent = fake.requests_to("POST", "/api/chat").last().unwrap().json();
    assert_eq!(sent["messages"][0]["content"], "Say hello.");
    fake.on("POST", "/api/chat", Answer::recorded("chat_gemma_stream"));
    let ran = run(&["try", "-q", "x", "--max-tokens=20"], &environment).await;
    let warnings = ran.stderr.lines().all(|line| line.starts_with("ollama-mcp: warning: "));
    assert!(warnings && ran.stderr.contains("max_tokens (20)"), "{}", ran.stderr);
}

#[tokio::test]
async fn prompt_comes_from_stdin_where_none_is_given() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    for arguments in [&["try", "-q"][..], &["try", "-q", "-"]] {
        fake.clear_requests();
        let ran = run_with_input(arguments, &[("OLLAMA_HOST", &url)], "Größer\nals?\n".as_bytes()).await;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let sent = fake.wait_for("POST", "/api/chat").await.json();
        assert_eq!(sent["messages"][0]["content"], "Größer\nals?", "{arguments:?}");
    }
    for (input, problem) in [(&b"  \n"[..], "is empty"), (b"\xff\xfe", "cannot be read")] {
        let ran = run_with_input(&["try", "-"], &[("OLLAMA_HOST", &url)], input).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
        assert!(ran.stderr.contains(problem), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn failures_exit_1_with_text_on_stderr() {
    let address = FakeOllama::closed_address().to_string();
    for arguments in [&["try", "x"][..], &["try", "-q", "x"]] {
        let ran = run(arguments, &[("OLLAMA_HOST", &address)]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
        assert!(ran.stderr.contains("ollama serve"), "{}", ran.stderr);
    }
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let ran = run(&["try", "x"], &[("OLLAMA_HOST", &url), ("OLLAMA_MODEL", "gema3")]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("Did you mean \"gemma3:270m\"?"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("── done"), "{}", ran.stderr);
}

#[tokio::test]
async fn answer_beyond_deadline_is_shown_completely() {
    let fake = FakeOllama::start().await.with_defaults();
    let (first, rest) = (Gate::new(), Gate::new());
    let url = fake.url();
    for deadline in [Some("1s"), None] {
        // The first piece after the deadline, or the last.
        for (gate, pieces) in [(&first, 0), (&rest, 3)] {
            let answer = Answer::recorded("chat_stream");
            let answer = if pieces == 0 { answer.delay_head(gate) } else { answer.gate_after(pieces, gate) };
            fake.on("POST", "/api/chat", answer);
            let mut environment = vec![("OLLAMA_HOST", url.as_str())];
            environment.extend(deadline.map(|deadline| ("OLLAMA_MCP_CALL_DEADLINE", deadline)));
            let opened = async {
                // The server looks where the model runs when its call returns before the end.
                if deadline.is_some() {
                    fake.wait_for("POST", "/api/show").await;
                }
                gate.open();
            };
            let arguments = ["try", "-q", "x"];
            let (ran, ()) = tokio::join!(run(&arguments, &environment), opened);
            let answer = "Three colours are red, blue, and green.\n";
            assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), answer), "{deadline:?} {}", ran.stderr);
        }
    }
}
