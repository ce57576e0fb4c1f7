//! Room on the disk for what is passed on, and pulls that the settings allow.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use providers::ollama::Ollama;
use providers::{FileStream, ServerConfig, Timeouts};
use serde_json::json;
use service::forwarding::{BlobUpload, ForwardRequest, OllamaRoute};
use service::tasks::registry::TaskKind;
use service::transfers::TransferSettings;
use service::transfers::disk::Disk;
use service::{Caller, ErrorCode, ServiceSettings, Services};
use tempfile::TempDir;
use tokio_util::bytes::Bytes;

use crate::support::fake_ollama::{Answer, FakeOllama, Recording};

/// Services over the fake, whose disk has room for a million bytes.
fn services(fake: &FakeOllama, dir: &TempDir, auto_pull: bool) -> Arc<Services> {
    let config = ServerConfig {
        base_url: fake.url().parse().unwrap(),
        token: None,
        headers: Vec::new(),
        timeouts: Timeouts::default(),
    };
    let disk = Disk::new(vec![dir.path().to_owned()], |_| Ok(1_000_000));
    let transfers = TransferSettings { auto_pull, disk };
    let settings = ServiceSettings { transfers, ..ServiceSettings::default() };
    Services::new(Arc::new(Ollama::new(&config).unwrap()), settings)
}

fn request(route: OllamaRoute, body: serde_json::Value) -> ForwardRequest {
    ForwardRequest::read(route, body.to_string().into()).unwrap()
}

fn content(bytes: usize) -> FileStream {
    let chunks = (0..bytes.div_ceil(1 << 20)).map(|_| Ok(Bytes::from(vec![0; 1 << 20])));
    stream::iter(chunks).boxed()
}

#[tokio::test]
async fn pull_and_file_that_the_disk_has_no_room_for_are_stopped() {
    let (fake, dir) = (FakeOllama::start().await, TempDir::new().unwrap());
    fake.replay("pull_success_stream");
    let services = services(&fake, &dir, false);
    let pull = request(OllamaRoute::Pull, json!({ "model": "smollm2:135m" }));
    let answer = services.forwarding.transfer(&Caller::local(), &pull).await.unwrap();
    assert_eq!(answer.head.status, 200);
    let steps: Vec<_> = answer.body.collect().await;
    let stopped = steps.last().unwrap().as_ref().unwrap_err();
    assert_eq!(stopped.code, ErrorCode::DiskFull);
    assert!(stopped.message.starts_with("smollm2:135m needs"), "{}", stopped.message);
    let asked = fake.wait_for("POST", "/api/pull").await;
    fake.closed(asked.index).await;

    let digest = format!("sha256:{}", "0".repeat(64));
    let path = format!("/api/blobs/{digest}");
    fake.on("POST", &path, Answer::empty(201));
    for size in [Some(2_000_000), None] {
        let upload = BlobUpload { digest: digest.clone(), size, content: content(2_000_000) };
        let refused = services.forwarding.upload_blob(upload).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::DiskFull, "{size:?}");
    }
    let upload = BlobUpload { digest, size: Some(10), content: stream::empty().boxed() };
    assert!(services.forwarding.upload_blob(upload).await.is_err(), "it has fewer bytes than it said");
    assert_eq!(fake.requests_to("POST", &path).len(), 0);
}

#[tokio::test]
async fn missing_model_is_pulled_where_the_settings_say_so() {
    let (fake, dir) = (FakeOllama::start().await.with_defaults(), TempDir::new().unwrap());
    fake.on("POST", "/api/chat", Answer::recorded("chat_nonstream"));
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_missing_model_nonstream"));
    let done = json!({ "status": "success" });
    fake.on("POST", "/api/pull", Answer::ndjson(&[done]));
    for (auto_pull, body) in [(true, "chat_nonstream"), (false, "chat_missing_model_nonstream")] {
        let services = services(&fake, &dir, auto_pull);
        let chat =
            request(OllamaRoute::Chat, json!({ "model": "new:1b", "messages": [{}], "stream": false }));
        let task = services.forwarding.start(&Caller::local(), chat, false).unwrap();
        let TaskKind::Reply(reply) = &task.kind else { panic!("no reply") };
        let mut reader = reply.verbatim().unwrap();
        let came = reader.next().await.unwrap();
        assert_eq!(came, Recording::load(body).body, "{auto_pull}");
        fake.on("POST", "/api/chat", Answer::recorded("chat_missing_model_nonstream"));
    }
    assert_eq!(fake.requests_to("POST", "/api/pull").len(), 1);
}
