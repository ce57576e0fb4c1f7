//! What a caller sees of the queue: the counts of all, and its own requests.

use std::sync::Arc;

use providers::ollama::Ollama;
use providers::{ServerConfig, Timeouts};
use service::chat::request::ChatCall;
use service::tasks::TaskSettings;
use service::tasks::queue::QueueView;
use service::{Caller, ServiceSettings, Services};
use types::{Message, Owner, Role};

use crate::support::fake_ollama::{Answer, FakeOllama, Gate};

const MODEL: &str = "qwen2.5-coder:0.5b";

fn call() -> ChatCall {
    let messages = vec![Message::text(Role::User, "?")];
    ChatCall { model: Some(MODEL.to_owned()), messages, ..ChatCall::default() }
}

/// The caller's view, once so many wait.
async fn view_of(services: &Services, caller: &Caller, waiting: usize) -> QueueView {
    loop {
        let view = services.tasks.queue(caller);
        if view.waiting == waiting {
            return view;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn own_completions_and_parts_of_jobs_are_seen_by_their_owner_alone() {
    let (fake, gate) = (FakeOllama::start().await.with_defaults(), Gate::new());
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").delay_head(&gate));
    let config = ServerConfig {
        base_url: fake.url().parse().unwrap(),
        token: None,
        headers: Vec::new(),
        timeouts: Timeouts::default(),
    };
    let settings = ServiceSettings {
        tasks: TaskSettings { max_concurrent: 1, max_waiting: 10 },
        ..ServiceSettings::default()
    };
    let services = Services::new(Arc::new(Ollama::new(&config).unwrap()), settings);
    let [ann, bob] = ["ann", "bob"].map(|name| Caller::new(Owner::new(name).unwrap()));
    let running = services.chat.start_chat(&ann, call()).unwrap();
    fake.wait_for("POST", "/api/chat").await;
    let waiting = services.chat.start_chat(&ann, call()).unwrap();
    view_of(&services, &ann, 1).await;
    let inputs = ["a".to_owned(), "b".to_owned()];
    let batch = services.batches.start_batch(&bob, &call(), "Translate.", &inputs, Vec::new()).unwrap();
    let view = view_of(&services, &ann, 3).await;
    assert_eq!((view.running, view.max_concurrent), (1, 1));
    let own: Vec<_> = view.own.iter().map(|call| (call.id.as_str(), call.model.as_str())).collect();
    assert_eq!(own, [(waiting.id.as_str(), MODEL)]);
    let of_bob = services.tasks.queue(&bob).own;
    assert_eq!(of_bob.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), [batch.id.as_str(); 2]);
    assert!(of_bob.iter().all(|call| call.estimate.is_none() && call.place > 0), "{of_bob:?}");
    gate.open();
    for task in [running, waiting, batch] {
        task.ended().await;
    }
    assert_eq!(view_of(&services, &ann, 0).await.own, []);
}
