//! Ranks: fused, and how many of them have the answer at the top.

use std::collections::HashMap;
use std::fmt;

use crate::corpus::Question;

/// An answer counts among so many.
const FIRST: usize = 5;

/// A way to fuse two rankings: the sum of `weight / (offset + rank)`.
#[derive(Clone, Copy)]
pub(crate) struct Fusion {
    offset: f64,
    words: f64,
    vectors: f64,
    candidates: usize,
}

/// How many of 100 questions are answered, by kind.
pub(crate) struct Share(Vec<f64>);

impl Fusion {
    /// That of the program.
    pub(crate) const CHOSEN: Self = Self { offset: 3.0, words: 1.0, vectors: 1.0, candidates: 100 };

    pub(crate) fn grid() -> Vec<Self> {
        let mut grid = Vec::new();
        for offset in [1.0, 3.0, 5.0, 10.0, 60.0] {
            for (words, vectors) in [(1.0, 1.0), (1.0, 1.5), (1.5, 1.0), (2.0, 1.0)] {
                for candidates in [30, 100] {
                    grid.push(Self { offset, words, vectors, candidates });
                }
            }
        }
        grid
    }

    pub(crate) fn of(&self, by_words: &[Vec<usize>], by_vectors: &[Vec<usize>]) -> Vec<Vec<usize>> {
        by_words.iter().zip(by_vectors).map(|(words, vectors)| self.fuse(words, vectors)).collect()
    }

    fn fuse(&self, words: &[usize], vectors: &[usize]) -> Vec<usize> {
        let mut scores = HashMap::<usize, f64>::new();
        for (ranks, weight) in [(words, self.words), (vectors, self.vectors)] {
            for (rank, passage) in ranks.iter().take(self.candidates).enumerate() {
                *scores.entry(*passage).or_default() += weight / (self.offset + rank as f64 + 1.0);
            }
        }
        let mut order: Vec<_> = scores.into_iter().collect();
        order.sort_by(|(a, of_a), (b, of_b)| of_b.total_cmp(of_a).then(a.cmp(b)));
        order.into_iter().map(|(passage, _)| passage).collect()
    }
}

impl fmt::Display for Fusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, words, vectors, candidates } = self;
        write!(f, "offset {offset}, weights {words}:{vectors}, {candidates} candidates")
    }
}

impl Share {
    const GROUPS: [&str; 7] = ["all", "documents", "source", "words", "mixed", "meaning", "language"];
    pub(crate) const COLUMNS: usize = Self::GROUPS.len();

    pub(crate) fn columns() -> String {
        Self::GROUPS.join(" | ")
    }

    pub(crate) fn of(questions: &[Question], answers: &[Vec<usize>], ranks: &[Vec<usize>]) -> Self {
        let is_hit = |(answers, ranks): (&Vec<usize>, &Vec<usize>)| {
            ranks.iter().take(FIRST).any(|passage| answers.contains(passage))
        };
        Self::of_hits(questions, &answers.iter().zip(ranks).map(is_hit).collect::<Vec<_>>())
    }

    /// Whether each question is answered.
    pub(crate) fn of_hits(questions: &[Question], hits: &[bool]) -> Self {
        let share = |group: &&str| {
            let is_in = |question: &Question| match *group {
                "all" => true,
                "documents" => !question.file.ends_with(".rs"),
                "source" => question.file.ends_with(".rs"),
                kind => question.kind == kind,
            };
            let of_group: Vec<_> = questions
                .iter()
                .zip(hits)
                .filter(|(question, _)| is_in(question))
                .map(|(_, hit)| *hit)
                .collect();
            100.0 * of_group.iter().filter(|hit| **hit).count() as f64 / of_group.len() as f64
        };
        Self(Self::GROUPS.iter().map(share).collect())
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares: Vec<_> = self.0.iter().map(|share| format!("{share:.1}")).collect();
        f.write_str(&shares.join(" | "))
    }
}
