//! What a search in the index of files costs: `cargo bench -p ollama-mcp-store --bench index`.
//!
//! 100,000 passages of about 1,200 bytes in 2,000 documents, with words as frequent as those of a language, and vectors of 384
//! numbers, or of `INDEX_LENGTH`. The file is in the current directory.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a benchmark")]

use std::time::{Duration, Instant};

use ollama_mcp_store::{NewDocument, NewPassage, PassageIndex as _, SqliteIndex};
use types::{Owner, Place};

const DOCUMENTS: usize = 2000;
const PASSAGES: usize = 50;
const WORDS: usize = 190;
const QUERIES: usize = 100;
const VOCABULARY: f64 = 30_000.0;

/// Pseudo-random numbers, the same in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / f64::from(u32::MAX)
    }

    /// A word, as frequent as its rank says: half of all are among the first 170.
    fn word(&mut self) -> String {
        let rank = VOCABULARY.powf(self.part()) as u64;
        let mut letters = rank.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
        let mut word = String::new();
        for _ in 0..2 + rank.ilog2() / 4 {
            word.push(char::from(b"bcdfghjklmnpqrstvwxz"[usize::try_from(letters % 20).unwrap()]));
            word.push(char::from(b"aeiou"[usize::try_from(letters / 20 % 5).unwrap()]));
            letters /= 100;
        }
        word
    }

    fn text(&mut self, words: usize) -> String {
        (0..words).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    /// Near to one of a few directions, as embeddings are.
    fn vector(&mut self, length: usize) -> Vec<f32> {
        let mut direction = Self(self.next() % 1000 + 1);
        (0..length).map(|_| (direction.part() - 0.5 + (self.part() - 0.5) * 0.6) as f32).collect()
    }
}

#[tokio::main]
async fn main() {
    let length = std::env::var("INDEX_LENGTH").map_or(384, |length| length.parse().unwrap());
    let home = tempfile::tempdir_in(".").unwrap();
    let (owner, mut random) = (Owner::local(), Random(88_172_645_463_325_252));
    let index = SqliteIndex::new(Some(home.path().to_owned()));
    println!("memory before the first use: {}", memory());
    let (mut put, mut embed, mut ids) = (Duration::ZERO, Duration::ZERO, Vec::new());
    for number in 0..DOCUMENTS {
        let document = document(number, &mut random);
        let started = Instant::now();
        let id = index.put(&owner, document).await.unwrap();
        put += started.elapsed();
        let passages = index.passages_of(&owner, id, 0, PASSAGES).await.unwrap();
        let vectors = passages.iter().map(|passage| (passage.id, random.vector(length))).collect();
        let started = Instant::now();
        index.put_embeddings(&owner, "m", vectors).await.unwrap();
        embed += started.elapsed();
        ids.push(id);
    }
    let bytes = index.files().iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum::<u64>();
    println!(
        "{DOCUMENTS} documents: words {put:?}, embeddings {embed:?}, file {} MB, {}",
        bytes >> 20,
        memory()
    );
    println!(
        "| {} passages, {length} numbers | first | p50 | p99 |\n|---|---|---|---|",
        DOCUMENTS * PASSAGES
    );

    // As a process has it that was just started.
    let index = SqliteIndex::new(Some(home.path().to_owned()));
    let mut times: [Vec<Duration>; 5] = Default::default();
    let before = processor();
    for _ in 0..QUERIES {
        let (terms, query) = (random.text(10), random.vector(length));
        let started = Instant::now();
        let below = index.documents_below(&owner, "/home/").await.unwrap();
        times[0].push(started.elapsed());
        assert_eq!(below.len(), DOCUMENTS);
        let lacking = Instant::now();
        assert_eq!(index.unembedded(&owner, ids.clone(), "m", 1).await.unwrap().1, 0);
        times[1].push(lacking.elapsed());
        let searching = Instant::now();
        assert!(!index.search_words(&owner, ids.clone(), &terms, 100).await.unwrap().is_empty());
        times[2].push(searching.elapsed());
        let searching = Instant::now();
        assert_eq!(
            index.search_vectors(&owner, ids.clone(), "m", query.clone(), 100).await.unwrap().len(),
            100
        );
        times[3].push(searching.elapsed());
        let both = Instant::now();
        let (words, vectors) = futures_util::future::join(
            index.search_words(&owner, ids.clone(), &terms, 100),
            index.search_vectors(&owner, ids.clone(), "m", query, 100),
        )
        .await;
        assert!(words.is_ok() && vectors.is_ok());
        times[4].push(both.elapsed());
    }
    let names = [
        "documents below a folder",
        "embeddings that are missing",
        "words",
        "vectors",
        "words and vectors at one time",
    ];
    names.into_iter().zip(times).for_each(|(name, times)| show(name, times));
    // On a machine with other load, this and not the times above is what a question costs.
    let each = (processor() - before) / u32::try_from(QUERIES).unwrap();
    println!("processor time of each round, which searches twice: {each:?}; memory: {}", memory());
    changes(&index, &owner, &mut random).await;
}

/// What it takes to replace and to remove one document.
async fn changes(index: &SqliteIndex, owner: &Owner, random: &mut Random) {
    let started = Instant::now();
    index.put(owner, document(7, random)).await.unwrap();
    println!("replaced a document: {:?}", started.elapsed());
    let started = Instant::now();
    index.remove(Some(owner), vec!["/home/ann/docs/8.md".into()]).await.unwrap();
    println!("removed a document: {:?}", started.elapsed());
    let started = Instant::now();
    index.compact().await.unwrap();
    println!("overwrote its words and compacted the file: {:?}", started.elapsed());
}

fn document(number: usize, random: &mut Random) -> NewDocument {
    let passages = (0..PASSAGES).map(|_| {
        let text = random.text(WORDS);
        NewPassage { place: Place::Page { page: 1 }, heading: None, terms: text.clone(), text }
    });
    NewDocument {
        key: format!("/home/ann/docs/{number}.md"),
        name: format!("{number}.md"),
        hash: vec![0; 32],
        size: 60_000,
        modified_ns: 1,
        cut: 1,
        passages: passages.collect(),
    }
}

fn show(what: &str, mut times: Vec<Duration>) {
    let first = times[0].as_secs_f64() * 1000.0;
    times.sort();
    let ms = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1000.0;
    println!("| {what} | {first:.1} ms | {:.1} ms | {:.1} ms |", ms(50), ms(99));
}

/// The processor time of this process, in steps of 10 ms.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<_> = stat.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse().ok()).unwrap_or(0);
    Duration::from_millis((ticks(13) + ticks(14)) * 10)
}

/// The memory of this process, now and at most.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}
