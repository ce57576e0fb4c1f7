//! Wrong settings are told on stderr before anything is served.

use crate::support::process::Process;

#[tokio::test]
async fn a_wrong_setting_is_named_and_nothing_is_served() {
    let host = [("OLLAMA_HOST", "http://user@[bad")];
    let both = [("OLLAMA_HOST", "http://a:1"), ("OLLAMA_BASE_URL", "http://b:2")];
    let (misspelt, openai) = ([("OLLAMA_MCP_PROGRES_INTERVAL", "1")], [("OLLAMA_MCP_PROVIDER", "openai")]);
    let secret = [("OLLAMA_MCP_AUTH_TOKEN", "sesame\nopen")];
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case<'_>; 9] = [
        (&[], &host, "OLLAMA_HOST"),
        (&[], &both, "OLLAMA_BASE_URL"),
        (&[], &misspelt, "OLLAMA_MCP_PROGRESS_INTERVAL"),
        (&[], &openai, "OLLAMA_MCP_BASE_URL"),
        (&[], &secret, "OLLAMA_MCP_AUTH_TOKEN"),
        (&["--max-message-bytes=lots"], &[], "--max-message-bytes"),
        (&["--provider=gpt"], &[], "--provider"),
        (&["--connect-timeout=-1s"], &[], "--connect-timeout"),
        (&["--no-such-flag"], &[], "--no-such-flag"),
    ];
    for (flags, environment, named) in cases {
        let mut process = Process::with(flags, environment);
        process.end_input().await;
        let ended = process.ended().await;
        assert_eq!(ended.code, Some(2), "{named}: {}", ended.stderr);
        assert!(ended.messages.is_empty(), "{named}: {:?}", ended.messages);
        assert!(ended.stderr.contains(named), "{named}: {}", ended.stderr);
        assert!(!ended.stderr.contains("sesame"), "a secret is never shown: {}", ended.stderr);
    }
}

#[tokio::test]
async fn flags_win_over_the_environment() {
    let environment = [("OLLAMA_MCP_MAX_MESSAGE_BYTES", "nonsense"), ("OLLAMA_HOST", "127.0.0.1:1")];
    let mut process = Process::with(&["--max-message-bytes=2KiB"], &environment);
    process.write(format!("{}\n", "x".repeat(3_000))).await;
    let answer = process.next().await;
    assert!(answer["error"]["message"].as_str().unwrap().contains("2048"), "{answer}");
    process.finish().await.well();
}
