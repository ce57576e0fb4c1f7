//! What a file may cost: small ones that unpack to much, and readings that nobody waits for any more.

use std::time::{Duration, Instant};

use super::*;
#[cfg(target_os = "linux")]
use crate::support::process::{children, is_running, peak_kib, until};

#[tokio::test]
async fn unpacked_size_of_small_files_is_bounded() {
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

/// A PDF whose reading takes many seconds.
#[cfg(target_os = "linux")]
fn slow_pdf() -> Vec<u8> {
    pdf(&vec!["word ".repeat(200).as_str(); 4000])
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn cancelled_calls_stop_their_readers_and_skip_the_other_files() {
    let mut host = Host::start(&[]).await;
    host.write("slow.pdf", slow_pdf());
    host.write("a.txt", "inside");
    let server = host.process.id();
    let mut readers = Vec::new();
    let mut calls = Vec::new();
    for number in 1..=2 {
        let params = json!({ "name": "chat_completion", "arguments": chat(&["slow.pdf"; 5]) });
        calls.push(host.process.request("tools/call", params).await);
        until("a reader starts", || {
            readers = children(server);
            readers.len() == number
        })
        .await;
    }
    // Both places are taken; this one waits for its own.
    let params = json!({ "name": "chat_completion", "arguments": chat(&["a.txt"]) });
    let third = host.process.request("tools/call", params).await;
    for call in calls {
        host.process.cancel(call).await;
    }
    let answer = host.process.answer(third).await;
    assert_ne!(answer["result"]["isError"], true, "{answer:#}");
    until("the readers end", || children(server).is_empty()).await;
    assert_eq!(host.fake.requests_to("POST", "/api/chat").len(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn reader_ends_with_the_server_however_that_ends() {
    for how in ["TERM", "KILL", "end of input"] {
        let mut host = Host::start(&[]).await;
        host.write("slow.pdf", slow_pdf());
        let server = host.process.id();
        let params = json!({ "name": "chat_completion", "arguments": chat(&["slow.pdf"]) });
        let call = host.process.request("tools/call", params).await;
        let mut readers = Vec::new();
        until("a reader starts", || {
            readers = children(server);
            !readers.is_empty()
        })
        .await;
        match how {
            "end of input" => {
                host.process.cancel(call).await;
                host.process.end_input().await;
            }
            signal => host.process.signal(signal),
        }
        until(&format!("the reader ends after {how}"), || !readers.iter().any(|reader| is_running(*reader)))
            .await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_for_huge_images_is_bounded() {
    let mut host = Host::start(&[]).await;
    host.all_models(&json!({ "capabilities": ["completion", "vision"] }));
    // 25 megapixels in a file of 80 KB, and twice at the same time.
    host.write("huge.png", png(5000, 5000));
    let arguments = json!({ "model": MODEL, "prompt": "?", "attachments": ["huge.png"] });
    let params = json!({ "name": "chat_completion", "arguments": arguments });
    let calls = [
        host.process.request("tools/call", params.clone()).await,
        host.process.request("tools/call", params).await,
    ];
    for call in calls {
        let answer = host.process.answer(call).await;
        assert_ne!(answer["result"]["isError"], true, "{answer:#}");
    }
    let peak = peak_kib(host.process.id()) / 1024;
    assert!(peak < 200, "{peak} MiB");
}

#[tokio::test]
async fn three_hundred_mutated_pdfs_are_read_or_refused() {
    let mut host = Host::start(&[]).await;
    let whole = pdf(&["First page", "Second page"]);
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize
    };
    let mut outcomes = [0, 0];
    for batch in 0..6 {
        let mut names = Vec::new();
        for number in 0..50 {
            let mut bytes = whole.clone();
            for _ in 0..1 + noise() % 10 {
                let place = noise() % bytes.len();
                bytes[place] = noise() as u8;
            }
            if number % 5 == 0 {
                bytes.truncate(noise() % bytes.len());
            }
            names.push(format!("{batch}-{number}.pdf"));
            host.write(names.last().unwrap(), bytes);
        }
        let arguments = json!({ "model": MODEL, "instruction": "?", "files": names });
        let result = host.call("batch_completion", arguments).await;
        for one in result["structuredContent"]["results"].as_array().unwrap() {
            let code = &one["error"]["code"];
            assert!(code.is_null() || code == "attachment_unreadable", "{one}");
            outcomes[usize::from(code.is_null())] += 1;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 10), "{outcomes:?}");
    host.process.still_serves().await;
}

/// The reader of a PDF, where the server was killed and nobody stops it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn pdf_reader_has_time_limit() {
    let home = TempDir::new().unwrap();
    let mut command = crate::support::process::command(&home);
    // Its input never comes.
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
async fn file_beyond_context_gets_split_hint() {
    let mut host = Host::start(&[]).await;
    host.write("long.txt", "word ".repeat(3000));
    host.fake.on("POST", "/api/chat", Answer::recorded("chat_prompt_longer_than_num_ctx"));
    let result = host.chat(&["long.txt"]).await;
    let (code, text) = tool_error(&result);
    assert_eq!(code, "context_exceeded");
    for part in ["num_ctx to 4096", "summarize_files and ask_files read files of any length"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
