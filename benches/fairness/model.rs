//! A model server that replies when it is told to.

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use providers::{ChatStream, Provider, ProviderResult};
use tokio::sync::{mpsc, oneshot};
use types::{
    ChatEnd, ChatEvent, ChatRequest, EmbedRequest, Embeddings, FinishReason, GenerateRequest, Health,
    ModelDetails, RunningModel, Timings, Usage,
};

/// A request that has its turn. It ends when this is dropped.
pub(crate) struct Run {
    /// The newest message.
    pub(crate) prompt: String,
    _end: oneshot::Sender<()>,
}

/// The fake model server.
#[derive(Debug)]
pub(crate) struct Model(mpsc::UnboundedSender<Run>);

impl Model {
    pub(crate) fn new(started: mpsc::UnboundedSender<Run>) -> Self {
        Self(started)
    }
}

fn nothing<T: Default + Send + 'static>() -> BoxFuture<'static, ProviderResult<T>> {
    async { Ok(T::default()) }.boxed()
}

impl Provider for Model {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn address(&self) -> &str {
        "nowhere"
    }

    fn is_local(&self) -> bool {
        true
    }

    fn health(&self) -> BoxFuture<'_, ProviderResult<Health>> {
        nothing()
    }

    fn list_models(&self) -> BoxFuture<'_, ProviderResult<Vec<types::Model>>> {
        nothing()
    }

    fn running_models(&self) -> BoxFuture<'_, ProviderResult<Vec<RunningModel>>> {
        nothing()
    }

    fn show_model<'a>(&'a self, _model: &'a str) -> BoxFuture<'a, ProviderResult<ModelDetails>> {
        nothing()
    }

    fn chat<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, ProviderResult<ChatStream>> {
        let prompt = request.messages.last().map(|message| message.content.clone()).unwrap_or_default();
        let (end, ended) = oneshot::channel();
        self.0.send(Run { prompt, _end: end }).unwrap();
        async {
            // Its sender is dropped, never used.
            let _ = ended.await;
            let end = ChatEvent::Done(ChatEnd {
                finish_reason: FinishReason::Stop,
                usage: Usage::default(),
                timings: Timings::default(),
                model: None,
                remote: None,
            });
            Ok(stream::iter([Ok(ChatEvent::Content("x".to_owned())), Ok(end)]).boxed())
        }
        .boxed()
    }

    fn generate<'a>(&'a self, _request: &'a GenerateRequest) -> BoxFuture<'a, ProviderResult<ChatStream>> {
        async { Ok(stream::empty().boxed()) }.boxed()
    }

    fn embed<'a>(&'a self, _request: &'a EmbedRequest) -> BoxFuture<'a, ProviderResult<Embeddings>> {
        async { Ok(Embeddings { model: String::new(), vectors: Vec::new(), prompt_tokens: None }) }.boxed()
    }
}
