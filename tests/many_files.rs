//! Files that are summarized, asked and searched: the service over the fake Ollama, as a host calls it.

mod index;
mod process;
mod questions;
mod refused;
mod summaries;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::fake_ollama::{Answer, FakeOllama, Request};
use crate::support::mcp_client::Session;

/// A model that is installed and chats.
const MODEL: &str = "gemma3:270m";
/// One that makes embeddings.
const EMBEDS: &str = "nomic-embed-text:latest";
/// Tokens of the context that the chat model is loaded with.
const CONTEXT: u64 = 2048;

/// A folder that may be read, and a server that may read it.
struct Library {
    fake: FakeOllama,
    session: Session,
    place: TempDir,
}

impl Library {
    /// With the chat model alone.
    async fn start() -> Self {
        Self::with(&[], false).await
    }

    /// With an embedding model, too.
    async fn embedding() -> Self {
        Self::with(&[], true).await
    }

    async fn with(settings: &[(&str, &str)], embeds: bool) -> Self {
        let place = TempDir::new().unwrap();
        for folder in ["files", "data"] {
            std::fs::create_dir(place.path().join(folder)).unwrap();
        }
        let fake = FakeOllama::start().await.with_defaults();
        install(&fake, embeds);
        let session = Self::session(&fake, &place, settings);
        Self { fake, session, place }
    }

    fn session(fake: &FakeOllama, place: &TempDir, settings: &[(&str, &str)]) -> Session {
        let (files, data) = (place.path().join("files"), place.path().join("data"));
        let url = fake.url();
        let own = [
            ("OLLAMA_HOST", url.as_str()),
            ("OLLAMA_MCP_ALLOWED_DIRS", files.to_str().unwrap()),
            ("OLLAMA_MCP_DATA_DIR", data.to_str().unwrap()),
        ];
        Session::with(&[&own, settings].concat())
    }

    /// Another process over the same files and data.
    fn restart(&mut self) {
        self.session = Self::session(&self.fake, &self.place, &[]);
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.place.path().join("files").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.place.path().join("files").join(name)).unwrap();
    }

    /// The chat model replies what a function makes of the text that it is sent.
    fn replies(&self, reply: impl Fn(&str) -> String + Send + Sync + 'static) {
        let answer = move |request: &Request| said(&reply(&words(&request.json())));
        self.fake.on("POST", "/api/chat", Answer::computed(answer));
    }

    /// What the chat model was sent, oldest first.
    fn asked(&self) -> Vec<Value> {
        self.fake.requests_to("POST", "/api/chat").iter().map(|request| request.json()).collect()
    }

    /// What the embedding model was sent.
    fn embedded(&self) -> Vec<String> {
        let inputs = |request: &std::sync::Arc<Request>| {
            let body = request.json();
            body["input"]
                .as_array()
                .unwrap()
                .iter()
                .map(|text| text.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        self.fake.requests_to("POST", "/api/embed").iter().flat_map(inputs).collect()
    }

    async fn ask(&mut self, question: &str) -> Value {
        self.session.call("ask_files", json!({ "files": ["."], "question": question })).await
    }

    async fn find(&mut self, query: &str) -> Value {
        self.session.call("find_in_files", json!({ "files": ["."], "query": query })).await
    }

    /// The files of the places that a search finds, the best first.
    async fn found(&mut self, query: &str) -> Vec<String> {
        let result = self.find(query).await;
        let places = result["structuredContent"]["places"].as_array().unwrap().clone();
        places.iter().map(|place| place["file"].as_str().unwrap().to_owned()).collect()
    }
}

/// The models of the server: one that chats and is loaded, and perhaps one that embeds.
fn install(fake: &FakeOllama, embeds: bool) {
    let model = |name: &str, capability: &str| {
        json!({ "name": name, "model": name, "size": 1, "digest": "d", "capabilities": [capability],
            "modified_at": "2026-11-21T02:23:15Z", "details": {} })
    };
    let embedding = embeds.then(|| model(EMBEDS, "embedding"));
    let models: Vec<_> = std::iter::once(model(MODEL, "completion")).chain(embedding).collect();
    fake.on("GET", "/api/tags", Answer::json(200, json!({ "models": models })));
    let running = json!({ "models": [{ "name": MODEL, "model": MODEL, "context_length": CONTEXT }] });
    fake.on("GET", "/api/ps", Answer::json(200, running));
    let show = json!({ "details": {}, "model_info": {}, "capabilities": ["completion"] });
    fake.on("POST", "/api/show", Answer::json(200, show));
    fake.on("POST", "/api/embed", Answer::computed(vectors));
}

/// Vectors by what a text is about: the sea, the money, or neither. Words that mean the same are alike.
fn vectors(request: &Request) -> Answer {
    let body = request.json();
    let vector = |text: &Value| {
        let text = text.as_str().unwrap().to_lowercase();
        let count =
            |words: &[&str]| words.iter().map(|word| text.matches(word).count()).sum::<usize>() as f64;
        json!([count(&["ocean", "sea", "ship"]), count(&["budget", "money", "cost"]), 0.1])
    };
    let vectors: Vec<_> = body["input"].as_array().unwrap().iter().map(vector).collect();
    Answer::json(200, json!({ "model": body["model"], "embeddings": vectors }))
}

/// A streamed reply of one piece.
fn said(text: &str) -> Answer {
    Answer::ndjson(&[
        json!({ "model": MODEL, "message": { "role": "assistant", "content": text }, "done": false }),
        json!({ "model": MODEL, "message": { "role": "assistant", "content": "" }, "done": true,
            "done_reason": "stop", "prompt_eval_count": 40, "eval_count": 9 }),
    ])
}

/// What the user says in a request of a chat.
fn words(body: &Value) -> String {
    let messages = body["messages"].as_array().unwrap();
    messages.iter().rfind(|message| message["role"] == "user").unwrap()["content"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Many lines of prose, each different.
fn prose(lines: usize) -> String {
    (1..=lines)
        .map(|line| format!("Sentence number {line} tells of the long voyage of a merchant.\n"))
        .collect()
}
