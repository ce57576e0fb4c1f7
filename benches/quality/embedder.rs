//! Vectors of passages and questions, from a server that speaks Ollama's `/api/embed`; kept in `target/quality`, since making them
//! takes minutes.

use std::collections::HashMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::Form;
use crate::corpus::{CANDIDATES, Corpus, Passage, Question, root};
use crate::embedding_text::{for_passage, for_query};

const BATCH: usize = 16;

pub(crate) struct Embedder {
    client: reqwest::Client,
    url: String,
    model: String,
    kept: rusqlite::Connection,
}

impl Embedder {
    pub(crate) fn new(url: &str, model: &str) -> Self {
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let folder = root().join("target/quality");
        std::fs::create_dir_all(&folder).unwrap();
        let kept = rusqlite::Connection::open(folder.join("embeddings.db")).unwrap();
        kept.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)", ()).unwrap();
        Self {
            client,
            url: format!("{}/api/embed", url.trim_end_matches('/')),
            model: model.to_owned(),
            kept,
        }
    }

    pub(crate) async fn passages(&self, corpus: &Corpus, form: Form) -> Vec<Vec<f32>> {
        let input = |passage: &Passage| {
            let heading = match (form, &passage.heading) {
                (Form::Text, _) => None,
                (Form::Heading, heading) => heading.clone(),
                (Form::Name, None) => Some(passage.file.clone()),
                (Form::Name, Some(heading)) => Some(format!("{} > {heading}", passage.file)),
            };
            for_passage(&self.model, heading.as_deref(), &passage.text)
        };
        self.vectors(&corpus.passages.iter().map(input).collect::<Vec<_>>()).await
    }

    /// The nearest passages of each question, the nearest first.
    pub(crate) async fn nearest(&self, questions: &[Question], vectors: &[Vec<f32>]) -> Vec<Vec<usize>> {
        let asked: Vec<_> =
            questions.iter().map(|question| for_query(&self.model, &question.question)).collect();
        let asked = self.vectors(&asked).await;
        asked
            .iter()
            .map(|query| {
                let near = |vector: &Vec<f32>| query.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>();
                let mut order: Vec<_> = vectors.iter().map(near).enumerate().collect();
                order.sort_by(|(_, a), (_, b)| b.total_cmp(a));
                order.iter().take(CANDIDATES).map(|(at, _)| *at).collect()
            })
            .collect()
    }

    /// The vectors of texts, of length 1.
    async fn vectors(&self, texts: &[String]) -> Vec<Vec<f32>> {
        let keys: Vec<[u8; 32]> =
            texts.iter().map(|text| Sha256::digest(format!("{}\0{text}", self.model)).into()).collect();
        let mut known: HashMap<[u8; 32], Vec<f32>> = HashMap::new();
        let mut missing = Vec::new();
        for (key, text) in keys.iter().zip(texts) {
            match self
                .kept
                .query_row("SELECT vector FROM vectors WHERE key = ?", [key], |row| row.get::<_, Vec<u8>>(0))
            {
                Ok(vector) => drop(known.insert(*key, numbers(&vector))),
                Err(_) => missing.push((*key, text.clone())),
            }
        }
        for (at, batch) in missing.chunks(BATCH).enumerate() {
            if at % 20 == 0 {
                eprintln!("embedding {} of {}", at * BATCH, missing.len());
            }
            let input: Vec<_> = batch.iter().map(|(_, text)| text).collect();
            let body = json!({ "model": self.model, "input": input }).to_string();
            let answer = self.client.post(&self.url).body(body).send().await.unwrap();
            let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
            let vectors: Vec<Vec<f32>> = serde_json::from_value(answer["embeddings"].clone())
                .unwrap_or_else(|_| panic!("no embeddings: {:.300}", answer.to_string()));
            for ((key, _), vector) in batch.iter().zip(vectors) {
                let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt().max(1e-9);
                let vector: Vec<f32> = vector.iter().map(|number| number / length).collect();
                let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
                self.kept.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?)", (key, bytes)).unwrap();
                known.insert(*key, vector);
            }
        }
        keys.iter().map(|key| known[key].clone()).collect()
    }
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}
