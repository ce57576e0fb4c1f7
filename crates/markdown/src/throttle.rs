//! How often a large open block is rendered anew.

/// Up to this size, in bytes of HTML, the open block is rendered at each call. A larger one is rendered when its text has
/// grown by a sixteenth of that, or after a number of calls, so that each call does about as much work on average.
pub(crate) const MAX_WORK: usize = 32 * 1024;

#[derive(Default)]
pub(crate) struct Throttle {
    /// How large the text and its HTML were at the last rendering, and the calls since.
    text: usize,
    html: usize,
    calls: usize,
}

impl Throttle {
    /// Whether to render a text of a size at this call.
    pub(crate) fn is_due(&mut self, text: usize) -> bool {
        self.calls += 1;
        let cost = self.html.max(self.text);
        text.saturating_sub(self.text) * 16 >= cost || self.calls * MAX_WORK >= cost
    }

    pub(crate) fn rendered(&mut self, text: usize, html: usize) {
        *self = Self { text, html, calls: 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_bounded_by_size_and_calls() {
        for (growth, of_html) in [(4, 1), (4, 10), (40, 3), (4_000, 3)] {
            let mut throttle = Throttle::default();
            let (mut work, mut calls, mut size) = (0, 0, 0);
            while size < 1_000_000 {
                size += growth;
                calls += 1;
                if throttle.is_due(size) {
                    throttle.rendered(size, size * of_html);
                    work += size * of_html;
                }
            }
            let bound = calls * MAX_WORK + 40 * size * of_html * of_html;
            assert!(work < bound, "{growth} {of_html}: {work} in {calls} calls");
        }
    }
}
