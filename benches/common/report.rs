//! Samples, and the table that they end in.

use std::fmt;
use std::time::Duration;

/// Bytes in a MB, here as on a disk's label; stricter than 2^20 where a limit is meant.
pub(crate) const MB: f64 = 1e6;

/// Times of one kind, in milliseconds.
#[derive(Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// One more.
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(milliseconds(sample));
    }

    /// How much longer each of these took than the one of `beside` that was measured with it.
    pub(crate) fn added_to(&self, beside: &Self) -> Self {
        assert_eq!(self.0.len(), beside.0.len(), "the samples are pairs");
        Self(self.0.iter().zip(&beside.0).map(|(with, without)| with - without).collect())
    }

    /// The given percentile, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted[rank - 1]
    }

    /// Median and 99th percentile.
    pub(crate) fn show(&self) -> String {
        format!("{:.3} / {:.3} ms", self.percentile(50), self.percentile(99))
    }
}

impl Extend<Duration> for Samples {
    fn extend<I: IntoIterator<Item = Duration>>(&mut self, samples: I) {
        self.0.extend(samples.into_iter().map(milliseconds));
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The rows so far.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 4]>);

impl Table {
    /// A figure that has no goal.
    pub(crate) fn row(&mut self, what: &str, figure: impl Into<String>) {
        self.0.push([what.to_owned(), figure.into(), String::new(), String::new()]);
    }

    /// A figure and its goal.
    pub(crate) fn goal(&mut self, what: &str, figure: impl Into<String>, goal: &str, met: bool) {
        let met = if met { "yes" } else { "no" };
        self.0.push([what.to_owned(), figure.into(), goal.to_owned(), met.to_owned()]);
    }

    /// Bytes, of which at most `limit` MB are wanted; `None` where the system does not tell.
    pub(crate) fn megabytes(&mut self, what: &str, bytes: Option<u64>, limit: f64) {
        match bytes.map(|bytes| bytes as f64 / MB) {
            Some(size) => {
                self.goal(what, format!("{size:.1} MB"), &format!("{limit:.0} MB"), size <= limit);
            }
            None => self.row(what, "not known on this system"),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | figure | goal | met |\n|---|---|---|---|")?;
        for [what, figure, goal, met] in &self.0 {
            writeln!(f, "| {what} | {figure} | {goal} | {met} |")?;
        }
        Ok(())
    }
}
