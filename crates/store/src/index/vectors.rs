//! Vectors as they are stored: one byte a number with one scale for each vector, and one bit a number for a first pass.
//!
//! The first pass counts the bits in which two vectors differ, which reads an eighth of the bytes; only the nearest of it are
//! compared by their numbers. docs/performance.md compares this with other ways.

use std::collections::BinaryHeap;

/// How many passages of the first pass are compared by their numbers, at least.
const MIN_CANDIDATES: usize = 1000;
/// The same for each passage that a search asks for.
const CANDIDATES_PER_HIT: usize = 20;
/// The position of a passage, before its bits.
const POSITION_BYTES: usize = 4;

/// A vector of length 1 with one byte a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quantized {
    /// What a byte is multiplied by.
    pub(super) scale: f32,
    /// Signed bytes.
    pub(super) numbers: Vec<u8>,
}

impl Quantized {
    /// Of a vector of any length that need not be normalized. One without a direction, such as of zeros, is near to none.
    pub(super) fn new(vector: &[f32]) -> Self {
        let norm = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
        let largest = vector.iter().fold(0_f64, |largest, number| largest.max(f64::from(number.abs())));
        if !norm.is_finite() || largest <= 0.0 {
            return Self { scale: 0.0, numbers: vec![0; vector.len()] };
        }
        #[allow(
            clippy::cast_possible_truncation,
            reason = "between -127 and 127, but for a NaN, which becomes 0"
        )]
        let byte = |number: &f32| (f64::from(*number) / largest * 127.0).round() as i8;
        #[allow(clippy::cast_possible_truncation, reason = "at most 1, with enough digits")]
        let scale = (largest / norm / 127.0) as f32;
        Self { scale, numbers: vector.iter().map(|number| byte(number).cast_unsigned()).collect() }
    }

    /// The cosine of the angle to another vector, of which these are the scale and the numbers.
    pub(super) fn cosine(&self, scale: f32, numbers: &[u8]) -> f64 {
        let products = self.numbers.iter().zip(numbers);
        let sum: i32 = products.map(|(a, b)| i32::from(a.cast_signed()) * i32::from(b.cast_signed())).sum();
        f64::from(sum) * f64::from(self.scale) * f64::from(scale)
    }
}

/// The bits of the numbers of a vector: whether each is above zero; in whole words of 64 bits.
pub(super) fn signs(numbers: &[u8]) -> Vec<u8> {
    let words = numbers.chunks(64).map(|numbers| {
        let bits = numbers.iter().enumerate();
        bits.fold(0_u64, |word, (bit, number)| word | (u64::from(number.cast_signed() > 0) << bit))
    });
    words.flat_map(u64::to_le_bytes).collect()
}

/// The bits of several passages, each after its position in the document, as PostgreSQL's `int4send` writes it.
pub(super) fn add_to_block(block: &mut Vec<u8>, position: u32, signs: &[u8]) {
    block.extend(position.to_be_bytes());
    block.extend(signs);
}

/// The passages whose bits are nearest to those of a query.
#[derive(Debug)]
pub(super) struct FirstPass {
    query: Vec<u64>,
    candidates: usize,
    /// The farthest on top.
    nearest: BinaryHeap<(u32, i64)>,
}

impl FirstPass {
    /// For a search of at most `limit` passages.
    pub(super) fn new(query: &Quantized, limit: usize) -> Self {
        let signs = signs(&query.numbers);
        let query = words(&signs).collect();
        let candidates = MIN_CANDIDATES.max(limit.saturating_mul(CANDIDATES_PER_HIT));
        Self { query, candidates, nearest: BinaryHeap::new() }
    }

    /// Compares the passages of a block; `id` makes a passage's id of its position.
    pub(super) fn add(&mut self, block: &[u8], id: impl Fn(u32) -> i64) {
        let entry = POSITION_BYTES + self.query.len() * size_of::<u64>();
        for passage in block.chunks_exact(entry) {
            let Some((position, signs)) = passage.split_first_chunk::<POSITION_BYTES>() else { continue };
            let distance: u32 = self.query.iter().zip(words(signs)).map(|(a, b)| (a ^ b).count_ones()).sum();
            if self.nearest.len() < self.candidates {
                self.nearest.push((distance, id(u32::from_be_bytes(*position))));
            } else if let Some(mut farthest) = self.nearest.peek_mut()
                && distance < farthest.0
            {
                *farthest = (distance, id(u32::from_be_bytes(*position)));
            }
        }
    }

    /// The ids of the nearest, in the order of the ids.
    pub(super) fn ids(self) -> Vec<i64> {
        let mut ids: Vec<_> = self.nearest.into_iter().map(|(_, id)| id).collect();
        ids.sort_unstable();
        ids
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_holds_after_rounding_to_bytes() {
        let a = [0.5_f32, -0.25, 0.125, 3.0, 0.0];
        let b = [1.0_f32, 1.0, -1.0, 0.5, 9.0];
        let exact = |a: &[f32], b: &[f32]| {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
        };
        let (first, second) = (Quantized::new(&a), Quantized::new(&b));
        let cosine = first.cosine(second.scale, &second.numbers);
        assert!((cosine - exact(&a, &b)).abs() < 0.01, "{cosine}");
        assert!((first.cosine(first.scale, &first.numbers) - 1.0).abs() < 0.01);
        // Not normalized before.
        let longer = Quantized::new(&a.map(|number| number * 1000.0));
        assert!((first.cosine(longer.scale, &longer.numbers) - 1.0).abs() < 0.01);
    }

    #[test]
    fn vector_without_direction_is_near_to_none() {
        for vector in [vec![0.0_f32; 3], vec![f32::NAN, 1.0, 1.0], vec![f32::INFINITY, 0.0, 0.0], vec![]] {
            let none = Quantized::new(&vector);
            assert_eq!((none.scale, none.numbers.len()), (0.0, vector.len()));
            assert_eq!(none.cosine(1.0, &[1, 1, 1]).abs(), 0.0);
        }
    }

    #[test]
    fn first_pass_keeps_the_nearest() {
        let vector = |number: usize| {
            let numbers: Vec<f32> = (0..100).map(|at| if at < number % 100 { 1.0 } else { -1.0 }).collect();
            Quantized::new(&numbers)
        };
        let mut pass = FirstPass { candidates: 5, ..FirstPass::new(&vector(50), 1) };
        for block in 0..3 {
            let mut bytes = Vec::new();
            for position in 0..50_u32 {
                let number = usize::try_from(block * 50 + position).unwrap();
                add_to_block(&mut bytes, position, &signs(&vector(number).numbers));
            }
            pass.add(&bytes, |position| i64::from(block * 50 + position));
        }
        // 150 has the bits of 50, and so on; of equals, any is kept.
        let ids = pass.ids();
        assert!(ids.contains(&50) && ids.contains(&49) && ids.contains(&51), "{ids:?}");
        assert_eq!(ids.len(), 5);
    }
}
