//! The program, and the calls of its tools over files.

use serde_json::{Value, json};

use crate::Plan;
use crate::corpus::Corpus;
use crate::models::Models;
use crate::server::Server;

/// A running server that may read the files.
pub(crate) struct Asking {
    server: Server,
    files: String,
}

impl Asking {
    pub(crate) fn start(plan: &Plan, models: &Models, corpus: &Corpus) -> Self {
        let (url, files, data) = (models.url(), path(&corpus.files()), path(&corpus.data()));
        let settings = [
            ("OLLAMA_HOST", url.as_str()),
            ("OLLAMA_MODEL", "bench"),
            ("OLLAMA_MCP_ALLOWED_DIRS", files.as_str()),
            ("OLLAMA_MCP_DATA_DIR", data.as_str()),
            ("OLLAMA_MCP_CALL_DEADLINE", "never"),
        ];
        Self { server: Server::ready(&plan.binary, &settings), files }
    }

    /// Searches all files.
    pub(crate) fn find(&mut self, query: &str) -> String {
        self.call("find_in_files", &json!({ "files": [self.files], "query": query, "limit": 10 }))
    }

    /// Asks a question of all files.
    pub(crate) fn ask(&mut self, question: &str) -> String {
        self.call("ask_files", &json!({ "files": [self.files], "question": question }))
    }

    /// Resident now.
    pub(crate) fn memory(&self) -> Option<u64> {
        self.server.memory().map(|memory| memory.resident)
    }

    pub(crate) fn peak(&self) -> Option<u64> {
        self.server.memory().map(|memory| memory.peak)
    }

    fn call(&mut self, name: &str, arguments: &Value) -> String {
        let answer = self.server.ask("tools/call", &json!({ "name": name, "arguments": arguments }));
        let shown: String = answer.chars().take(500).collect();
        assert!(answer.contains("\"structuredContent\"") && !answer.contains("\"isError\":true"), "{shown}");
        answer
    }
}

/// A count of an answer.
pub(crate) fn count(answer: &str, field: &str) -> u64 {
    let answer: Value = serde_json::from_str(answer).unwrap();
    answer["result"]["structuredContent"][field].as_u64().unwrap_or_default()
}

fn path(path: &std::path::Path) -> String {
    path.to_str().unwrap().to_owned()
}
