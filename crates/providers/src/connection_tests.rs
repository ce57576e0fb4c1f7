//! Where requests go, and how long they may take at most, over raw sockets.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::ollama::Ollama;
use super::socket::{LONG, is_closed, listen, plain, read_request, write};
use super::{OllamaApi, Provider, ProviderError, ServerConfig, Timeouts, Wait};
use types::{ChatRequest, EmbedRequest, GenerateRequest, Message, Role};

fn ollama(address: &str, timeouts: Timeouts) -> Ollama {
    let base_url = address.parse().unwrap();
    let headers = vec![("X-Team".to_owned(), "s3cret".to_owned())];
    let config = ServerConfig { base_url, token: Some("t0ken".to_owned()), headers, timeouts };
    Ollama::new(&config).unwrap()
}

/// Answers one request; gives the address that the other side came from.
async fn answers(listener: TcpListener) -> SocketAddr {
    let (mut socket, peer) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
    read_request(&mut socket).await;
    write(&mut socket, &plain("200 OK", "", "{\"version\":\"0.33.0\"}")).await;
    peer
}

#[tokio::test]
async fn local_names_need_no_resolver() {
    // No resolver knows the first two, and a hosts file may send the others anywhere.
    for host in ["no-such-machine.localhost", "a.b.localhost.", "localhost", "LOCALHOST."] {
        let (listener, address) = listen().await;
        let port = address.rsplit(':').next().unwrap().to_owned();
        let server = tokio::spawn(answers(listener));
        let provider = ollama(&format!("http://{host}:{port}"), Timeouts::default());
        assert!(provider.is_local(), "{host}");
        provider.health().await.unwrap();
        assert!(server.await.unwrap().ip().is_loopback(), "{host}");
    }
}

#[tokio::test]
async fn local_name_reaches_both_loopbacks() {
    // Where the machine has no IPv6 there is nothing to be shown.
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(answers(listener));
    ollama(&format!("http://localhost:{port}"), Timeouts::default()).health().await.unwrap();
    assert!(server.await.unwrap().ip().is_loopback());
}

/// What each kind of request fails with.
async fn ask(provider: &Ollama, kind: usize) -> ProviderError {
    let message = vec![Message::text(Role::User, "hi")];
    let result = match kind {
        0 => provider.health().await.err(),
        1 => provider.show_model("m").await.err(),
        2 => provider.chat(&ChatRequest::new("m", message)).await.err(),
        3 => provider.generate(&GenerateRequest::new("m", "hi")).await.err(),
        4 => provider.embed(&EmbedRequest::new("m", vec!["hi".to_owned()])).await.err(),
        5 => provider.delete("m").await.err(),
        6 => provider.pull("m", false).await.err(),
        _ => provider.has_blob(&format!("sha256:{}", "0".repeat(64))).await.err(),
    };
    result.unwrap()
}

#[tokio::test]
async fn no_request_follows_redirects() {
    const TARGETS: [(&str, &str); 13] = [
        ("301 Moved Permanently", "http://elsewhere.example/"),
        ("302 Found", "http://127.0.0.1:1/"),
        ("303 See Other", "http://elsewhere.example/api/tags"),
        ("307 Temporary Redirect", "https://elsewhere.example/api/chat"),
        ("308 Permanent Redirect", "http://user:pw@elsewhere.example/api/chat"),
        ("307 Temporary Redirect", "/api/chat/"),
        ("307 Temporary Redirect", "chat"),
        ("307 Temporary Redirect", "//elsewhere.example/"),
        ("308 Permanent Redirect", "file:///etc/passwd"),
        ("308 Permanent Redirect", "unix:/run/docker.sock"),
        ("302 Found", ""),
        ("302 Found", "http://[::1"),
        ("300 Multiple Choices", "http://169.254.169.254/latest/meta-data/"),
    ];
    for (index, (status, target)) in TARGETS.into_iter().enumerate() {
        let (listener, address) = listen().await;
        let provider = ollama(&address, Timeouts::default());
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            read_request(&mut socket).await;
            let head = format!("Location: {target}\r\nConnection: close\r\n");
            write(&mut socket, &plain(status, &head, "")).await;
            drop(socket);
            listener
        });
        let error = timeout(LONG, ask(&provider, index % 8)).await.unwrap();
        let ProviderError::Status { status: found, message } = error else { panic!("{target}: {error:?}") };
        assert!(status.starts_with(&found.to_string()), "{target}");
        for secret in ["pw", "t0ken", "s3cret"] {
            assert!(!message.contains(secret), "{target}: {message}");
        }
        // One that followed to the same server would stand in its queue by now.
        let listener = server.await.unwrap();
        let again = std::future::poll_fn(|context| std::task::Poll::Ready(listener.poll_accept(context)));
        assert!(again.await.is_pending(), "{target}: a second request came");
    }
}

/// Begins an answer, and sends a blank of it now and then, for ever.
async fn drips(listener: TcpListener) {
    let (mut socket, _) = listener.accept().await.unwrap();
    read_request(&mut socket).await;
    write(&mut socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{").await;
    while socket.write_all(b" ").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn slow_control_answer_has_total_time_limit() {
    let short = Duration::from_millis(150);
    let control = Timeouts { control: short, ..Timeouts::default() };
    let embed = Timeouts { first_byte: short, next_byte: short, ..Timeouts::default() };
    for (kind, timeouts, waiting_for, after) in [
        (0, control, Wait::Control, short),
        (1, control, Wait::Control, short),
        (5, control, Wait::Control, short),
        (4, embed, Wait::Answer, short * 2),
    ] {
        let (listener, address) = listen().await;
        let server = tokio::spawn(drips(listener));
        let error = timeout(LONG, ask(&ollama(&address, timeouts), kind)).await.unwrap();
        assert_eq!(error, ProviderError::Timeout { waiting_for, after }, "{kind}");
        // The connection is closed, so the server's next byte fails.
        timeout(LONG, server).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn silent_server_times_out_like_any_other() {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        is_closed(&mut socket).await
    });
    let after = Duration::from_millis(150);
    let error = ask(&ollama(&address, Timeouts { control: after, ..Timeouts::default() }), 0).await;
    assert_eq!(error, ProviderError::Timeout { waiting_for: Wait::Control, after });
    assert!(server.await.unwrap());
}
