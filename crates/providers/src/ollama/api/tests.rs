//! The routes over raw sockets: what is sent, what its answer means, and what a drop does.

use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::time::timeout;
use tokio_util::bytes::Bytes;

use super::*;
use crate::ServerConfig;
use crate::socket::{HEAD, LONG, answered, chunk, is_closed, listen, plain, read_request, write};
use crate::{Provider as _, Timeouts, fixture};
use types::{ChatEvent, EmbedRequest, GenerateRequest, TransferEvent};

const DIGEST: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const OK: &str = "200 OK";

fn ollama(address: &str) -> Ollama {
    Ollama::new(&ServerConfig {
        base_url: address.parse().unwrap(),
        token: None,
        headers: Vec::new(),
        timeouts: Timeouts::default(),
    })
    .unwrap()
}

/// Method and path of a request, and its JSON.
fn parts(request: &str) -> (String, Value) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    (line, serde_json::from_str(body).unwrap_or_default())
}

/// One answer after another, each on a connection of its own; gives the requests.
async fn in_turn<T>(answers: &[String], ask: impl AsyncFnOnce(String) -> T) -> (Vec<String>, T) {
    let (listener, address) = listen().await;
    let answers = answers.to_vec();
    let server = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            requests.push(read_request(&mut socket).await);
            write(&mut socket, &answer).await;
        }
        requests
    });
    let result = timeout(LONG, ask(address)).await.unwrap();
    (timeout(LONG, server).await.unwrap().unwrap(), result)
}

#[tokio::test]
async fn pull_reports_each_step() {
    let answer = format!("{HEAD}{}0\r\n\r\n", chunk(&fixture::body("pull_success_stream")));
    let ask =
        async |address: String| ollama(&address).pull("m:1b", true).await.unwrap().collect::<Vec<_>>().await;
    let (request, steps) = answered(&answer, ask).await;
    let expected = json!({"model": "m:1b", "insecure": true, "stream": true});
    assert_eq!(parts(&request), ("POST /api/pull".to_owned(), expected));
    assert_eq!(steps.len(), 7);
    assert!(steps[6].as_ref().unwrap().is_success());
}

#[tokio::test]
async fn dropping_pull_closes_connection() {
    let (listener, address) = listen().await;
    let pull = tokio::spawn(async move {
        let provider = ollama(&address);
        let mut steps = provider.pull("m:1b", false).await.unwrap();
        let first = steps.next().await;
        drop(steps);
        (provider, first)
    });
    let (mut socket, _) = listener.accept().await.unwrap();
    let request = read_request(&mut socket).await;
    assert_eq!(parts(&request).1, json!({"model": "m:1b", "stream": true}));
    write(&mut socket, &format!("{HEAD}{}", chunk("{\"status\":\"pulling manifest\"}\n"))).await;
    assert!(is_closed(&mut socket).await);
    let first = TransferEvent { status: "pulling manifest".into(), ..TransferEvent::default() };
    assert_eq!(pull.await.unwrap().1, Some(Ok(first)));
}

#[tokio::test]
async fn transfer_refused_before_first_step_is_an_error() {
    let refusal = |status: &str, text: &str| plain(status, "", &json!({"error": text}).to_string());
    let ask = async |address: String| ollama(&address).pull("m:1b", false).await.err();
    let answer = refusal("500 Internal Server Error", "pull model manifest: file does not exist");
    let (_, error) = answered(&answer, ask).await;
    assert_eq!(error, Some(ProviderError::NotInRegistry { model: "m:1b".to_owned() }));
    let (_, error) = answered(&refusal("400 Bad Request", "invalid model name"), ask).await;
    assert!(matches!(error, Some(ProviderError::InvalidRequest { argument, .. }) if argument == "model"));
    let ask = async |address: String| {
        let mut request = CreateRequest::new("new");
        request.from = Some("base:1b".to_owned());
        ollama(&address).create(&request).await.err()
    };
    let (request, error) = answered(&refusal("404 Not Found", "model not found"), ask).await;
    assert_eq!(
        parts(&request),
        ("POST /api/create".to_owned(), json!({"model": "new", "from": "base:1b", "stream": true}))
    );
    assert_eq!(error, Some(ProviderError::ModelNotFound { model: "base:1b".to_owned() }));
}

#[tokio::test]
async fn copy_and_delete_have_empty_answers() {
    let empty = plain(OK, "", "");
    let (request, result) = answered(&empty, async |address| ollama(&address).copy("a", "b").await).await;
    assert_eq!(parts(&request), ("POST /api/copy".to_owned(), json!({"source": "a", "destination": "b"})));
    assert_eq!(result, Ok(()));
    let (request, result) = answered(&empty, async |address| ollama(&address).delete("a").await).await;
    assert_eq!(parts(&request), ("DELETE /api/delete".to_owned(), json!({"model": "a"})));
    assert_eq!(result, Ok(()));
    let missing = plain("404 Not Found", "", &fixture::body("copy_missing_source"));
    let (_, result) = answered(&missing, async |address| ollama(&address).copy("a", "b").await).await;
    assert_eq!(result, Err(ProviderError::ModelNotFound { model: "a".to_owned() }));
}

#[tokio::test]
async fn bare_prompt_is_answered() {
    let answer = format!("{HEAD}{}0\r\n\r\n", chunk(&fixture::body("generate_stream")));
    let ask = async |address: String| {
        let request = GenerateRequest::new("m:1b", "Name two fruits.");
        ollama(&address).generate(&request).await.unwrap().collect::<Vec<_>>().await
    };
    let (request, events) = answered(&answer, ask).await;
    assert_eq!(
        parts(&request),
        (
            "POST /api/generate".to_owned(),
            json!({"model": "m:1b", "prompt": "Name two fruits.", "stream": true})
        )
    );
    assert_eq!(events[0], Ok(ChatEvent::Content("Two".to_owned())));
    assert!(matches!(events.last(), Some(Ok(ChatEvent::Done(_)))));
}

#[tokio::test]
async fn load_and_unload_requests_are_sent() {
    let loaded = plain(OK, "", &fixture::body("generate_load_no_prompt"));
    let load = async |address: String| ollama(&address).load("m:1b", Some(&json!("10m")), Some(8192)).await;
    let (request, result) = answered(&loaded, load).await;
    let expected = json!({"model": "m:1b", "prompt": "", "stream": false, "options": {"num_ctx": 8192},
        "keep_alive": "10m"});
    assert_eq!((parts(&request), result), (("POST /api/generate".to_owned(), expected), Ok(())));

    let refused = plain("400 Bad Request", "", &fixture::body("generate_with_embedding_only_model"));
    let embedded = plain(OK, "", &fixture::body("embed_empty_array"));
    let (requests, result) = in_turn(&[refused, embedded], load).await;
    let expected = json!({"model": "m:1b", "input": [], "options": {"num_ctx": 8192}, "keep_alive": "10m"});
    assert_eq!((parts(&requests[1]), result), (("POST /api/embed".to_owned(), expected), Ok(())));

    let unloaded = plain(OK, "", &fixture::body("generate_unload"));
    let (request, result) = answered(&unloaded, async |address| ollama(&address).unload("m:1b").await).await;
    let expected = json!({"model": "m:1b", "prompt": "", "stream": false, "keep_alive": 0});
    assert_eq!((parts(&request).1, result), (expected, Ok(())));
}

#[tokio::test]
async fn load_with_keep_alive_of_zero_is_refused() {
    let provider = ollama("http://127.0.0.1:1");
    for keep_alive in [json!(0), json!(0.5), json!("0"), json!("0s"), json!("0h0m")] {
        let result = provider.load("m:1b", Some(&keep_alive), None).await;
        assert!(
            matches!(&result, Err(ProviderError::InvalidRequest { argument, .. }) if argument == "keep_alive"),
            "{keep_alive}: {result:?}"
        );
    }
    for keep_alive in [json!(-1), json!("10m"), json!(1), json!("0h1m"), json!("-1")] {
        assert!(!is_zero(&keep_alive), "{keep_alive}");
    }
}

#[tokio::test]
async fn verbose_details_have_all_metadata() {
    let answer = plain(OK, "", r#"{"model_info":{"tokenizer.ggml.tokens":["a"]},"tensors":[{"name":"t"}]}"#);
    let ask = async |address: String| ollama(&address).show_verbose("m:1b").await.unwrap();
    let (request, details) = answered(&answer, ask).await;
    assert_eq!(parts(&request).1, json!({"model": "m:1b", "verbose": true}));
    assert_eq!(details.model_info["tokenizer.ggml.tokens"], json!(["a"]));
}

#[tokio::test]
async fn texts_are_embedded() {
    let request = EmbedRequest::new("m:1b", vec!["a".to_owned(), "b".to_owned()]);
    let ask = async |address: String| ollama(&address).embed(&request).await;
    let (_, found) = answered(&plain(OK, "", &fixture::body("embed_model_ok_array")), ask).await;
    let found = found.unwrap();
    assert_eq!((found.model.as_str(), found.prompt_tokens), ("qwen-embed:0.5b", Some(2)));
    assert_eq!((found.vectors.len(), found.vectors[0].len()), (2, 8));
    assert_eq!(found.vectors[1][0], 0.337_602_6);
    // One vector for two texts.
    let (_, found) = answered(&plain(OK, "", &fixture::body("embed_model_dimensions")), ask).await;
    assert!(matches!(found, Err(ProviderError::Malformed { .. })), "{found:?}");
    let (_, found) = answered(&plain("501 Not Implemented", "", &fixture::body("embed")), ask).await;
    assert!(matches!(found, Err(ProviderError::Unsupported { capability, .. }) if capability == "embedding"));
}

#[tokio::test]
async fn blob_existence_is_checked() {
    let ask = async |address: String| ollama(&address).has_blob(DIGEST).await;
    let (request, found) = answered("HTTP/1.1 200 OK\r\n\r\n", ask).await;
    assert!(request.starts_with(&format!("HEAD /api/blobs/{DIGEST} HTTP/1.1\r\n")), "{request}");
    assert_eq!(found, Ok(true));
    let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 102\r\n\r\n";
    assert_eq!(answered(missing, ask).await.1, Ok(false));
    let broken = plain("500 Internal Server Error", "", "");
    assert!(matches!(answered(&broken, ask).await.1, Err(ProviderError::Status { status: 500, .. })));
    for bad in ["", "sha256:", "sha256:../../tags", &DIGEST.to_uppercase(), &format!("{DIGEST}0")] {
        let found = ollama("http://127.0.0.1:1").has_blob(bad).await;
        assert!(matches!(found, Err(ProviderError::InvalidRequest { argument, .. }) if argument == "digest"));
    }
}

fn file(chunks: &[&'static str]) -> FileStream {
    let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
    stream::iter(chunks).boxed()
}

#[tokio::test]
async fn file_is_uploaded_with_content_length() {
    let send = async |address: String| ollama(&address).upload_blob(DIGEST, 5, file(&["he", "llo"])).await;
    let (request, result) = answered(&plain("201 Created", "", ""), send).await;
    assert!(request.starts_with(&format!("POST /api/blobs/{DIGEST} HTTP/1.1\r\n")), "{request}");
    assert!(request.to_lowercase().contains("content-length: 5\r\n"), "{request}");
    assert!(!request.to_lowercase().contains("transfer-encoding"), "{request}");
    assert!(request.ends_with("\r\n\r\nhello"), "{request}");
    assert_eq!(result, Ok(()));
    let mismatch = plain("400 Bad Request", "", &fixture::body("blob_post_digest_mismatch"));
    let (_, result) = answered(&mismatch, send).await;
    assert!(matches!(result, Err(ProviderError::InvalidRequest { argument, .. }) if argument == "digest"));
}

#[tokio::test]
async fn changed_or_unreadable_file_is_an_error() {
    let broken = stream::iter([
        Ok(Bytes::from_static(b"he")),
        Err(std::io::Error::from(std::io::ErrorKind::PermissionDenied)),
    ]);
    for (body, reason) in [
        (file(&["he"]), "the file ended after 2 of 5 bytes"),
        (file(&["he", "llo!"]), "the file has more than the 5 bytes"),
        (broken.boxed(), "the file cannot be read: permission denied"),
    ] {
        let (listener, address) = listen().await;
        let upload = tokio::spawn(async move { ollama(&address).upload_blob(DIGEST, 5, body).await });
        let (_socket, _) = listener.accept().await.unwrap();
        let result = timeout(LONG, upload).await.unwrap().unwrap();
        let Err(ProviderError::SourceFile { reason: told }) = result else { panic!("{result:?}") };
        assert!(told.starts_with(reason), "{told}");
    }
}

#[tokio::test]
async fn dropping_upload_closes_connection() {
    let (listener, address) = listen().await;
    let body = file(&["he"]).chain(stream::pending()).boxed();
    let upload = tokio::spawn(async move { ollama(&address).upload_blob(DIGEST, 5, body).await });
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut text = Vec::new();
    while !text.ends_with(b"he") {
        let mut buffer = [0; 1024];
        let count =
            timeout(LONG, tokio::io::AsyncReadExt::read(&mut socket, &mut buffer)).await.unwrap().unwrap();
        assert_ne!(count, 0);
        text.extend_from_slice(&buffer[..count]);
    }
    upload.abort();
    assert!(is_closed(&mut socket).await);
}
