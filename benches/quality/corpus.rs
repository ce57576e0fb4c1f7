//! The documents and the source of this repository as passages in the index, and the questions about them.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use passages::{Limits, Source, split, terms};
use serde::Deserialize;
use store::{NewDocument, NewPassage, PassageIndex, SqliteIndex};
use types::Owner;

/// How many passages a search gives.
pub(crate) const CANDIDATES: usize = 100;
/// The documents beside `docs`.
const OF_ROOT: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "MCP_SETUP.md"];

#[derive(Deserialize)]
pub(crate) struct Question {
    pub(crate) question: String,
    pub(crate) file: String,
    pub(crate) holds: String,
    pub(crate) kind: String,
}

pub(crate) struct Passage {
    /// The file, from the root.
    pub(crate) file: String,
    pub(crate) heading: Option<String>,
    pub(crate) text: String,
}

pub(crate) struct Corpus {
    pub(crate) files: usize,
    pub(crate) passages: Vec<Passage>,
    index: SqliteIndex,
    documents: Vec<i64>,
    /// By their ids in the index.
    positions: HashMap<i64, usize>,
}

pub(crate) fn questions() -> Vec<Question> {
    let text = std::fs::read_to_string(root().join("tests/quality/questions.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The files, from the root: documents, and source without its tests.
pub(crate) fn files() -> Vec<String> {
    let mut files: Vec<PathBuf> = OF_ROOT.iter().map(|name| root().join(name)).collect();
    collect(&root().join("docs"), "md", &mut files);
    collect(&root().join("crates"), "rs", &mut files);
    let names = files.iter().map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn collect(folder: &Path, extension: &str, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_test = name == "tests" || name == "tests.rs" || name.ends_with("_tests.rs");
        match () {
            () if is_test => {}
            () if path.is_dir() => collect(&path, extension, into),
            () if path.extension().is_some_and(|found| found == extension) => into.push(path),
            () => {}
        }
    }
}

impl Corpus {
    pub(crate) async fn read(limits: Limits) -> Self {
        let index = SqliteIndex::new(None);
        let files = files();
        let (mut passages, mut documents) = (Vec::new(), Vec::new());
        let mut positions = HashMap::new();
        for file in &files {
            let text = std::fs::read_to_string(root().join(file)).unwrap();
            let cut = split(Source::Text { name: file, text: &text }, limits);
            let document = new_document(file, &text, &cut);
            let id = index.put(&Owner::local(), document).await.unwrap();
            documents.push(id);
            for found in index.passages_of(&Owner::local(), id, 0, usize::MAX >> 1).await.unwrap() {
                positions.insert(found.id, passages.len());
                passages.push(Passage { file: file.clone(), heading: found.heading, text: found.text });
            }
        }
        Self { files: files.len(), passages, index, documents, positions }
    }

    /// The passages that answer a question.
    pub(crate) fn answers(&self, question: &Question) -> Vec<usize> {
        let holds = one_line(&question.holds);
        let is_answer =
            |passage: &Passage| passage.file == question.file && one_line(&passage.text).contains(&holds);
        self.passages.iter().enumerate().filter(|(_, passage)| is_answer(passage)).map(|(at, _)| at).collect()
    }

    pub(crate) async fn by_words(&self, questions: &[Question]) -> Vec<Vec<usize>> {
        let mut ranks = Vec::new();
        for question in questions {
            let terms = terms(&question.question);
            let hits = self.index.search_words(&Owner::local(), self.documents.clone(), &terms, CANDIDATES);
            ranks.push(hits.await.unwrap().iter().map(|hit| self.positions[&hit.passage]).collect());
        }
        ranks
    }
}

fn new_document(file: &str, text: &str, cut: &[passages::Passage]) -> NewDocument {
    let passages = cut.iter().map(|passage| NewPassage {
        place: passage.place,
        heading: passage.heading.clone(),
        text: passage.text.clone(),
        terms: terms(&match &passage.heading {
            Some(heading) => format!("{heading}\n{}", passage.text),
            None => passage.text.clone(),
        }),
    });
    NewDocument {
        key: file.to_owned(),
        name: file.to_owned(),
        hash: Vec::new(),
        size: text.len() as u64,
        modified_ns: 0,
        cut: 1,
        passages: passages.collect(),
    }
}
