//! What a file may cost: small ones that unpack to much, and readings that nobody waits for any more.

use std::time::{Duration, Instant};

use super::*;

#[tokio::test]
async fn what_small_files_unpack_to_is_bounded_as_well() {
    let mut host = Host::start(&["--max-attachment-bytes=2000"]).await;
    // Each letter has one byte on the disk and two as it is sent.
    host.write("a.txt", [&b"Gr\xfc\xdfe aus K\xf6ln, "[..], &[0xfc; 1200]].concat());
    let (code, text) = host.refusal("a.txt").await;
    assert_eq!(code, "attachment_unreadable");
    assert!(
        text.contains("is too much: what is read of the files of a call has at most 2000 bytes"),
        "{text}"
    );
    assert!(host.fake.requests_to("POST", "/api/chat").is_empty());
}

/// The processes that a process has started.
#[cfg(target_os = "linux")]
fn children(of: u32) -> Vec<u32> {
    let parent = |id: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // After the name, which may hold anything: its state, its parent.
        let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
        let (state, parent) = (rest.next()?, rest.next()?.parse::<u32>().ok()?);
        (state != "Z").then_some(parent)
    };
    let all = std::fs::read_dir("/proc").unwrap();
    let ids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent(*id) == Some(of)).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn calls_that_are_cancelled_do_not_read_more_at_once() {
    let mut host = Host::start(&[]).await;
    let page = "word ".repeat(200);
    host.write("slow.pdf", pdf(&vec![page.as_str(); 2000]));
    let server = host.process.id();
    let patience = Instant::now() + Duration::from_secs(60);
    let mut begun = Vec::new();
    for number in 1..=4 {
        let params = json!({ "name": "chat_completion", "arguments": chat(&["slow.pdf"]) });
        let id = host.process.request("tools/call", params).await;
        // The first two are read; when they are cancelled, their reading goes on.
        if number <= 2 {
            while begun.len() < number {
                assert!(Instant::now() < patience, "nothing is read");
                tokio::time::sleep(Duration::from_millis(5)).await;
                begun = children(server);
            }
            host.process.cancel(id).await;
        }
    }
    let mut most = 0;
    loop {
        let now = children(server);
        most = most.max(now.len());
        if !now.iter().any(|id| begun.contains(id)) {
            break;
        }
        assert!(Instant::now() < patience, "the reading does not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(most, 2);
}

/// The reader of a PDF, where the server was killed and nobody stops it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_reader_that_nobody_stops_has_a_bounded_time() {
    let home = TempDir::new().unwrap();
    let mut command = crate::support::process::command(&home);
    let mut child = command.arg("read-pdf").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let limits = format!("/proc/{}/limits", child.id().unwrap());
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        let limits = std::fs::read_to_string(&limits).unwrap();
        let time = limits.lines().find(|line| line.starts_with("Max cpu time")).unwrap();
        if time.split_whitespace().nth(3) == Some("60") {
            break;
        }
        assert!(Instant::now() < patience, "{limits}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().await.unwrap();
}

#[tokio::test]
async fn a_file_that_does_not_fit_the_context_says_how_it_can_be_read_whole() {
    let mut host = Host::start(&[]).await;
    host.write("long.txt", "word ".repeat(3000));
    host.fake.on("POST", "/api/chat", Answer::recorded("chat_prompt_longer_than_num_ctx"));
    let result = host.chat(&["long.txt"]).await;
    let (code, text) = tool_error(&result);
    assert_eq!(code, "context_exceeded");
    for part in ["num_ctx to 4096", "parts of at most ", "batch_completion as files"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
