//! Files of made-up words, the same in each run.

use std::path::Path;

use tempfile::TempDir;

const VOCABULARY: f64 = 30_000.0;

/// A folder of files, and one for the data of the program.
pub(crate) struct Corpus {
    home: TempDir,
    random: Random,
}

impl Corpus {
    /// So many files, each of about so many bytes.
    pub(crate) fn new(files: usize, bytes: usize) -> Self {
        // Where cargo builds: a temporary folder may be in memory.
        let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        std::fs::create_dir(home.path().join("files")).unwrap();
        let mut corpus = Self { home, random: Random(88_172_645_463_325_252) };
        for number in 0..files {
            let text = corpus.random.text(bytes);
            std::fs::write(corpus.files().join(corpus.name(number)), text).unwrap();
        }
        corpus
    }

    pub(crate) fn files(&self) -> std::path::PathBuf {
        self.home.path().join("files")
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.home.path().join("data")
    }

    pub(crate) fn name(&self, number: usize) -> String {
        format!("note-{number:05}.md")
    }

    /// Adds a word to a file.
    pub(crate) fn change(&mut self, number: usize, word: &str) {
        let path = self.files().join(self.name(number));
        append(&path, &format!("\n\nA new paragraph has the word {word}.\n"));
    }

    /// Words as a user asks: frequent and rare ones.
    pub(crate) fn question(&self, number: usize) -> String {
        let mut random = Random(number as u64 * 7919 + 1);
        let words: Vec<_> = (0..20).map(|_| random.word()).skip(10).collect();
        words.join(" ")
    }
}

fn append(path: &Path, text: &str) {
    let old = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, old + text).unwrap();
}

/// Pseudo-random numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A word, as frequent as its rank says: half of all are among the first 170.
    fn word(&mut self) -> String {
        let part = (self.next() >> 32) as f64 / f64::from(u32::MAX);
        let rank = VOCABULARY.powf(part) as u64;
        let mut letters = rank.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
        let mut word = String::new();
        for _ in 0..2 + rank.max(1).ilog2() / 4 {
            word.push(char::from(b"bcdfghjklmnpqrstvwxz"[(letters % 20) as usize]));
            word.push(char::from(b"aeiou"[(letters / 20 % 5) as usize]));
            letters /= 100;
        }
        word
    }

    /// Sentences and paragraphs.
    fn text(&mut self, bytes: usize) -> String {
        let mut text = String::new();
        while text.len() < bytes {
            for _ in 0..4 {
                let sentence: Vec<_> = (0..14).map(|_| self.word()).collect();
                text.push_str(&sentence.join(" "));
                text.push_str(".\n");
            }
            text.push('\n');
        }
        text
    }
}
