//! How many bytes and files an owner may have, and uploads that do not end.

use super::super::{started, started_with};
use super::*;
use crate::support::fake_ollama::FakeOllama;
use crate::support::http_client::HttpClient;
use crate::support::process::until;

const SMALL: [(&str, &str); 2] =
    [("OLLAMA_MCP_SERVE_FILES_MAX_BYTES", "1MiB"), ("OLLAMA_MCP_SERVE_FILES_QUOTA", "2MiB")];

#[tokio::test]
async fn too_large_file_is_refused_before_or_while_it_comes() {
    let (_fake, server) = started_with(&SMALL).await;
    let large = vec![b'x'; (1 << 20) + 1];
    let error = upload(server.guest(), "a", &large).await.error(413);
    assert_eq!(error["code"], "file_too_large");
    assert!(
        error["message"].as_str().unwrap().contains("1.0 MiB")
            || error["message"].as_str().unwrap().contains("MB"),
        "{error}"
    );
    // A claim of 2 GB is refused although nothing of it comes.
    let mut socket = server.socket().await;
    let kind = format!("Content-Type: multipart/form-data; boundary={BOUNDARY}");
    socket
        .request("POST", "/upload", &[&kind, "Content-Length: 2000000000", "Expect: 100-continue"], b"")
        .await;
    let response = socket.response().await;
    assert_eq!((response.status(), response.json()["error"]["code"].as_str()), (413, Some("file_too_large")));
    // One that does not say how much comes is counted.
    let mut socket = server.socket().await;
    socket.request("POST", "/upload", &[&kind, "Transfer-Encoding: chunked"], b"").await;
    let body = form_of("a", &large);
    for piece in body.chunks(100_000) {
        socket.send(format!("{:x}\r\n", piece.len())).await;
        socket.send([piece, b"\r\n"].concat()).await;
    }
    socket.send("0\r\n\r\n").await;
    assert_eq!(socket.response().await.status(), 413);
    assert_eq!(on_disk(&server), Vec::<String>::new());
}

#[tokio::test]
async fn quota_is_told_with_what_helps() {
    let (_fake, server) = started_with(&SMALL).await;
    let guest = server.guest();
    let half = vec![b'x'; 1 << 20];
    let first = uploaded(guest, "a", &half).await;
    uploaded(guest, "b", &half).await;
    let refused = upload(guest, "c", b"x").await;
    let error = refused.error(413);
    assert_eq!(error["code"], "quota_exceeded");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("DELETE /x/files/{id}") && !hint.contains("OLLAMA_"), "{error}");
    // Another owner has room, and so has this one once a file is deleted.
    uploaded(&server.local(), "d", &half).await;
    guest.delete(&format!("/x/files/{first}")).await.ok();
    uploaded(guest, "c", b"x").await;
    assert_eq!(on_disk(&server).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_uploads_share_one_quota() {
    let (_fake, server) = started_with(&SMALL).await;
    let part = vec![b'x'; 900 << 10];
    let one = |number: usize| {
        let (client, part) = (HttpClient::new(server.address()), part.clone());
        async move { upload(&client, &format!("{number}.bin"), &part).await.status }
    };
    let statuses = futures_util::future::join_all((0..8).map(one)).await;
    let kept = statuses.iter().filter(|status| **status == 200).count();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 413)), "{statuses:?}");
    assert!(kept <= 2, "{statuses:?}");
    until("refused files are removed", || on_disk(&server).len() == kept).await;
    // What was refused does not count.
    for number in kept..2 {
        uploaded(server.guest(), &format!("{number}.bin"), &part).await;
    }
}

#[tokio::test]
async fn upload_that_is_cut_leaves_nothing() {
    let (_fake, server) = started().await;
    let kind = format!("Content-Type: multipart/form-data; boundary={BOUNDARY}");
    let body = form_of("a.txt", &vec![b'x'; 600_000]);
    for reset in [false, true] {
        let mut socket = server.socket().await;
        let length = format!("Content-Length: {}", body.len());
        socket.request("POST", "/upload", &[&kind, &length], b"").await;
        socket.send(&body[..500_000]).await;
        until("bytes are on the disk", || on_disk(&server).len() == 1).await;
        if reset {
            socket.reset()
        } else {
            drop(socket)
        }
        until("they are removed", || on_disk(&server).is_empty()).await;
    }
    // Whole bytes without the end of the form are no file.
    let cut = &body[..body.len() - 8];
    let error = answer(posting(server.guest(), "/upload", cut.to_vec())).await.error(400);
    assert_eq!(error["param"], "body");
    assert_eq!(server.guest().get("/x/files").await.ok()["files"], serde_json::json!([]));
    assert_eq!(on_disk(&server), Vec::<String>::new());
}

#[cfg(unix)]
#[tokio::test]
async fn end_of_server_ends_upload_and_removes_it() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().to_str().unwrap();
    let (_fake, server) = started_with(&[("OLLAMA_MCP_SERVE_FILES_DIR", place)]).await;
    let names = || std::fs::read_dir(directory.path()).unwrap().count();
    let mut socket = server.socket().await;
    let kind = format!("Content-Type: {}", form_type());
    socket.request("POST", "/upload", &[&kind, "Content-Length: 900000"], b"").await;
    socket.send(&form_of("a.txt", &vec![b'x'; 600_000])[..500_000]).await;
    until("bytes are on the disk", || names() == 2).await;
    let ended = server.stop().await;
    let answer = String::from_utf8(socket.rest().await).unwrap();
    assert!(answer.contains(" 503 ") && answer.contains("server_shutdown"), "{answer}");
    assert!(ended.took.as_millis() < 1500 && ended.code == Some(0), "{:?}", ended.took);
    assert_eq!(names(), 1, "the id of the directory is left alone");
}

#[cfg(unix)]
#[tokio::test]
async fn full_disk_is_told_and_leaves_nothing() {
    use crate::support::http_server::serve_command;
    use crate::support::process::{BINARY, command_of};

    let fake = FakeOllama::start().await.with_defaults();
    let home = tempfile::TempDir::new().unwrap();
    // No file of this process grows beyond 2 MiB, as on a disk that is full.
    let plain = serve_command(&home);
    let mut shell = command_of("sh", &home);
    shell.args(["-c", "ulimit -f 4096; exec \"$0\" serve"]).arg(BINARY);
    for (name, value) in plain.as_std().get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell.env("OLLAMA_HOST", fake.url());
    let server = HttpServer::spawn(shell, home).await;
    let error = upload(server.guest(), "large.bin", &vec![b'x'; 4 << 20]).await.error(507);
    assert_eq!(error["code"], "disk_full");
    assert!(!error.to_string().contains("model"), "{error}");
    assert_eq!(on_disk(&server), Vec::<String>::new());
    uploaded(server.guest(), "small.bin", b"x").await;
}
