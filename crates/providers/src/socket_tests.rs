//! Both providers against raw sockets: what only a connection can show.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::ollama::Ollama;
use super::openai::OpenAi;
use super::socket::{HEAD, LONG, answered, chunk, is_closed, listen, plain, read_request, write};
use super::{Features, ServerConfig};
use super::{Provider, ProviderError, ProviderResult, Timeouts, Wait, fixture};
use types::{ChatEvent, ChatRequest, EmbedRequest, FinishReason, Message, Role};

const DONE: &str = "{\"message\":{\"content\":\"b\"},\"done\":true,\"done_reason\":\"stop\"}\n";

fn ollama_at(address: &str, timeouts: Timeouts) -> Ollama {
    let base_url = address.parse().unwrap();
    Ollama::new(&ServerConfig { base_url, token: None, headers: Vec::new(), timeouts }).unwrap()
}

fn ollama(address: &str) -> Ollama {
    ollama_at(address, Timeouts::default())
}

fn request() -> ChatRequest {
    ChatRequest::new("m:1b", vec![Message::text(Role::User, "hi")])
}

async fn events(provider: &dyn Provider) -> Vec<ProviderResult<ChatEvent>> {
    timeout(LONG, async { provider.chat(&request()).await.unwrap().collect().await }).await.unwrap()
}

fn content(text: &str) -> ProviderResult<ChatEvent> {
    Ok(ChatEvent::Content(text.to_owned()))
}

#[tokio::test]
async fn chunks_arrive_as_they_are_sent() {
    let (listener, address) = listen().await;
    let provider = ollama(&address);
    let seen = Arc::new(Semaphore::new(0));
    let server_seen = Arc::clone(&seen);
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let request = read_request(&mut socket).await;
        assert!(request.starts_with("POST /api/chat HTTP/1.1\r\n"), "{request}");
        let first = chunk("{\"message\":{\"content\":\"\u{e4}\"}}\n{\"mess");
        write(&mut socket, &format!("{HEAD}{first}")).await;
        server_seen.acquire().await.unwrap().forget();
        write(&mut socket, &chunk(&format!("age\":{{\"content\":\"a\"}}}}\n{DONE}"))).await;
    });
    let mut reply = timeout(LONG, provider.chat(&request())).await.unwrap().unwrap();
    assert_eq!(timeout(LONG, reply.next()).await.unwrap(), Some(content("\u{e4}")));
    seen.add_permits(1);
    assert_eq!(timeout(LONG, reply.next()).await.unwrap(), Some(content("a")));
    assert_eq!(reply.next().await, Some(content("b")));
    let Some(Ok(ChatEvent::Done(end))) = reply.next().await else { panic!("no end") };
    assert_eq!((end.finish_reason, reply.next().await), (FinishReason::Stop, None));
    server.await.unwrap();
}

#[tokio::test]
async fn connection_is_reused_after_answer_dropped_at_last_event() {
    let (listener, address) = listen().await;
    let provider = ollama(&address);
    let dropped = Arc::new(Semaphore::new(0));
    let (server_dropped, connections) = (Arc::clone(&dropped), Arc::new(AtomicUsize::new(0)));
    let server_connections = Arc::clone(&connections);
    let server = tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            server_connections.fetch_add(1, Ordering::SeqCst);
            let dropped = Arc::clone(&server_dropped);
            tokio::spawn(async move {
                loop {
                    read_request(&mut socket).await;
                    write(&mut socket, &format!("{HEAD}{}", chunk(DONE))).await;
                    dropped.acquire().await.unwrap().forget();
                    write(&mut socket, "0\r\n\r\n").await;
                }
            });
        }
    });
    // When hyper has read the end of a body cannot be seen from here, so some requests may come too soon.
    for requests in 1.. {
        let mut reply = timeout(LONG, provider.chat(&request())).await.unwrap().unwrap();
        while !matches!(reply.next().await, Some(Ok(ChatEvent::Done(_)))) {}
        drop(reply);
        dropped.add_permits(1);
        if connections.load(Ordering::SeqCst) < requests {
            break;
        }
        assert!(requests < 200, "no connection was used twice");
        tokio::task::yield_now().await;
    }
    server.abort();
}

#[tokio::test]
async fn cut_and_error_line_keep_earlier_events() {
    for (last, expected) in [
        ("", "Err(Interrupted"),
        ("0\r\n\r\n", "Err(Interrupted { reason: \"the server ended"),
        (&*chunk("{\"error\":\"boom\"}\n"), "Err(Failed { message: \"boom\" })"),
    ] {
        let (listener, address) = listen().await;
        let answer = format!("{HEAD}{}{last}", chunk("{\"message\":{\"content\":\"a\"}}\n"));
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            read_request(&mut socket).await;
            write(&mut socket, &answer).await;
        });
        let events = events(&ollama(&address)).await;
        assert_eq!((events.len(), &events[0]), (2, &content("a")), "{last}");
        assert!(format!("{:?}", events[1]).starts_with(expected), "{events:?}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn dropping_stream_or_request_closes_connection() {
    let (listener, address) = listen().await;
    let provider = ollama(&address);

    let reply = tokio::spawn(async move {
        let mut reply = provider.chat(&request()).await.unwrap();
        assert_eq!(reply.next().await, Some(content("a")));
        drop(reply);
        provider
    });
    let (mut socket, _) = listener.accept().await.unwrap();
    read_request(&mut socket).await;
    write(&mut socket, &format!("{HEAD}{}", chunk("{\"message\":{\"content\":\"a\"}}\n"))).await;
    assert!(is_closed(&mut socket).await, "after the stream was dropped");

    let provider = reply.await.unwrap();
    let waiting = tokio::spawn(async move { provider.chat(&request()).await.map(|_| ()) });
    let (mut socket, _) = listener.accept().await.unwrap();
    read_request(&mut socket).await;
    waiting.abort();
    assert!(is_closed(&mut socket).await, "after the request was dropped");
}

#[tokio::test]
async fn refused_connection_error_has_no_credentials() {
    let (listener, address) = listen().await;
    drop(listener);
    let provider = ollama(&address.replace("//", "//user:secret@"));
    let expected = ProviderError::Unreachable { address, reason: "connection refused".to_owned() };
    assert_eq!(provider.health().await, Err(expected.clone()));
    assert_eq!(provider.chat(&request()).await.err(), Some(expected));
    assert!(!format!("{provider:?}").contains("secret"));
}

#[tokio::test]
async fn failed_tls_handshake_is_named() {
    let ask = async |address: String| ollama(&address.replace("http:", "https:")).health().await;
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        write(&mut socket, "HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let Err(ProviderError::Unreachable { reason, .. }) = ask(address).await else { panic!("reached") };
    assert!(reason.starts_with("TLS: "), "{reason}");
    server.abort();
}

#[tokio::test]
async fn silent_and_stalled_answers_time_out() {
    let timeouts = Timeouts { first_byte: Duration::from_millis(300), ..Timeouts::default() };
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let mut sockets = Vec::new();
        let piece = format!("{HEAD}{}", chunk("{\"message\":{\"content\":\"a\"}}\n"));
        for answer in ["", HEAD, &piece] {
            let (mut socket, _) = listener.accept().await.unwrap();
            read_request(&mut socket).await;
            write(&mut socket, answer).await;
            sockets.push(socket);
        }
        sockets
    });
    let provider = ollama_at(&address, timeouts);
    let first = ProviderError::Timeout { waiting_for: Wait::FirstByte, after: timeouts.first_byte };
    assert_eq!(provider.chat(&request()).await.err(), Some(first.clone()));
    // Whether the head still came in time, or not even that.
    let ended = match provider.chat(&request()).await {
        Ok(reply) => reply.collect::<Vec<_>>().await.pop().unwrap().unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(ended, first);
    let timeouts = Timeouts { next_byte: Duration::from_millis(40), ..Timeouts::default() };
    let next = ProviderError::Timeout { waiting_for: Wait::NextByte, after: timeouts.next_byte };
    assert_eq!(events(&ollama_at(&address, timeouts)).await, [content("a"), Err(next)]);
    server.await.unwrap();
}

#[tokio::test]
async fn headers_and_path_prefix_are_sent_and_secrets_hidden() {
    let config = |address: String| ServerConfig {
        base_url: format!("{address}/prefix/").parse().unwrap(),
        token: Some("t0ken".to_owned()),
        headers: vec![("X-Team".to_owned(), "s3cret".to_owned())],
        timeouts: Timeouts::default(),
    };
    let shown = format!("{:?}", config("http://h".to_owned()));
    assert!(!shown.contains("t0ken") && !shown.contains("s3cret") && shown.contains("X-Team"), "{shown}");
    let ask = async |address| Ollama::new(&config(address)).unwrap().health().await;
    let (request, health) = answered(&plain("200 OK", "", "{\"version\":\"0.33.0\"}"), ask).await;
    assert_eq!(health.unwrap().version.as_deref(), Some("0.33.0"));
    assert!(request.starts_with("GET /prefix/api/version HTTP/1.1\r\n"), "{request}");
    let agent = format!("user-agent: ollama-mcp/{}\r\n", env!("CARGO_PKG_VERSION"));
    for header in ["authorization: Bearer t0ken\r\n", "x-team: s3cret\r\n", &agent] {
        assert!(request.contains(header), "{request}");
    }
    let bad = ServerConfig { token: Some("t0ken\n".to_owned()), ..config("http://h".to_owned()) };
    let error = Ollama::new(&bad).unwrap_err();
    assert!(matches!(&error, ProviderError::InvalidRequest { argument, .. } if argument == "auth token"));
    assert!(!error.to_string().contains("t0ken"));
}

#[tokio::test]
async fn redirects_are_reported_and_not_followed() {
    let answer = plain("307 Temporary Redirect", "Location: https://user:pw@other.example/api/chat\r\n", "");
    let (_, error) = answered(&answer, async |address| ollama(&address).chat(&request()).await.err()).await;
    let Some(ProviderError::Status { status: 307, message }) = error else { panic!("{error:?}") };
    assert!(message.contains("https://other.example") && !message.contains("pw"), "{message}");
}

#[tokio::test]
async fn refusals_keep_status_text_and_retry_after() {
    let answer = plain("503 Service Unavailable", "Retry-After: 3\r\n", "{\"error\":\"busy\"}");
    let (_, error) = answered(&answer, async |address| ollama(&address).chat(&request()).await.err()).await;
    let retry_after = Some(Duration::from_secs(3));
    assert_eq!(
        error,
        Some(ProviderError::Overloaded { status: 503, message: "busy".to_owned(), retry_after })
    );
    let answer = plain("404 Not Found", "", "{\"error\":\"model 'm:1b' not found\"}");
    let (_, error) = answered(&answer, async |address| ollama(&address).show_model("m:1b").await.err()).await;
    assert_eq!(error, Some(ProviderError::ModelNotFound { model: "m:1b".to_owned() }));
    let (_, error) =
        answered(&plain("200 OK", "", "<html>"), async |address| ollama(&address).list_models().await.err())
            .await;
    assert!(matches!(error, Some(ProviderError::Malformed { .. })), "{error:?}");
    let (_, error) = answered("", async |address| ollama(&address).chat(&request()).await.err()).await;
    assert!(matches!(error, Some(ProviderError::Interrupted { .. })), "{error:?}");
}

#[tokio::test]
async fn openai_server_is_read() {
    let openai = |address: String| {
        let base_url = format!("{address}/v1").parse().unwrap();
        let config = ServerConfig {
            base_url,
            token: Some("k3y".to_owned()),
            headers: vec![],
            timeouts: Timeouts::default(),
        };
        assert!(!format!("{config:?}").contains("k3y"));
        OpenAi::new(&config).unwrap()
    };
    let body = format!(
        "{HEAD}{}{}0\r\n\r\n",
        chunk("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\nda"),
        chunk("ta: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n"),
    );
    let (sent, events) = answered(&body, async |address| events(&openai(address)).await).await;
    assert!(
        sent.starts_with("POST /v1/chat/completions HTTP/1.1\r\n")
            && sent.contains("authorization: Bearer k3y")
    );
    let [first, Ok(ChatEvent::Done(end))] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((first, &end.finish_reason), (&content("a"), &FinishReason::Length));

    let list = plain("200 OK", "", "{\"data\":[{\"id\":\"m\",\"max_model_len\":4096}]}");
    let (_, details) = answered(&list, async |address| openai(address).show_model("m").await).await;
    assert_eq!(details.unwrap().context_length, Some(4096));
    let (_, details) = answered(&list, async |address| openai(address).show_model("n").await).await;
    assert_eq!(details, Err(ProviderError::ModelNotFound { model: "n".to_owned() }));
    let (_, health) = answered(&list, async |address| openai(address).health().await).await;
    assert!(health.is_ok());

    let request = EmbedRequest::new("m", vec!["a".to_owned()]);
    let embed = async |address| openai(address).embed(&request).await;
    let answer = plain("200 OK", "", &fixture::body("v1_embeddings_model_base64"));
    let (sent, found) = answered(&answer, embed).await;
    assert!(sent.starts_with("POST /v1/embeddings HTTP/1.1\r\n"), "{sent}");
    assert!(sent.ends_with("{\"model\":\"m\",\"input\":[\"a\"]}"), "{sent}");
    assert_eq!(found.unwrap().vectors[0].len(), 4);
    let answer = plain("501 Not Implemented", "", &fixture::body("v1_embeddings"));
    let (_, found) = answered(&answer, embed).await;
    assert!(matches!(found, Err(ProviderError::Unsupported { capability, .. }) if capability == "embedding"));
}

#[test]
fn only_ollama_has_its_features() {
    let base_url: url::Url = "http://127.0.0.1:1/v1".parse().unwrap();
    let (timeouts, headers) = (Timeouts::default(), Vec::new());
    let openai = OpenAi::new(&ServerConfig { base_url, token: None, headers, timeouts }).unwrap();
    let ollama = ollama("http://127.0.0.1:1");
    assert!(openai.ollama().is_none() && ollama.ollama().is_some());
    assert_eq!(openai.features(), Features::default());
    assert!(ollama.features().manages_models && ollama.features().sets_context);
}
