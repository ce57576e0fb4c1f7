//! Texts that end a reply, matched here. A model server ends a reply at such a text and does not report which one it was, nor
//! whether the model ended by itself.

use std::time::Duration;

use tokio::time::timeout;

use super::model_request::ModelRequest;
use super::runner::Run;
use crate::hint::Warning;
use types::{ChatEnd, FinishReason, Location, Remote, Timings, TokenLogprob, Usage};

/// How long the end of a reply waits for the location of its model, which the model server has not reported.
const LOOKUP_TIMEOUT: Duration = Duration::from_millis(300);

/// Finds the first of some texts in a reply, however the reply is split.
#[derive(Debug, Default)]
pub(crate) struct StopTexts {
    texts: Vec<String>,
    /// The end of the reply so far: one of the texts may begin there.
    held: String,
    found: Option<String>,
}

impl StopTexts {
    pub(crate) fn new(texts: Vec<String>) -> Self {
        Self { texts, ..Self::default() }
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The text at which the reply has ended.
    pub(crate) fn found(&self) -> Option<&str> {
        self.found.as_deref()
    }

    /// Adds a chunk of the reply; returns what belongs to the reply for certain.
    fn push(&mut self, chunk: &str) -> String {
        self.held.push_str(chunk);
        // The one that is complete first, as a server would find it that looks after each token; of two, the longer one.
        let first = self.texts.iter().filter_map(|text| {
            let start = self.held.find(text.as_str())?;
            Some((start + text.len(), start, text))
        });
        if let Some((_, start, text)) = first.min_by_key(|(end, start, _)| (*end, *start)) {
            self.found = Some(text.clone());
            self.held.truncate(start);
            return std::mem::take(&mut self.held);
        }
        let begun = self.texts.iter().map(|text| begun(&self.held, text)).max().unwrap_or_default();
        let held = self.held.split_off(self.held.len() - begun);
        std::mem::replace(&mut self.held, held)
    }

    /// Returns what was held: the reply goes on with something else, or has ended.
    fn release(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Starts with another reply.
    pub(crate) fn reset(&mut self) {
        self.held.clear();
        self.found = None;
    }
}

/// How many bytes at the end of `reply` are the beginning of `text`.
fn begun(reply: &str, text: &str) -> usize {
    let lengths = text.char_indices().map(|(at, _)| at).rev();
    lengths
        .filter(|length| *length <= reply.len())
        .find(|length| {
            let beginning = text.get(..*length).unwrap_or_default();
            reply.ends_with(beginning)
        })
        .unwrap_or_default()
}

impl Run {
    /// Adds text to the reply, up to a text that ends it. Whether it ended there.
    pub(crate) fn push_until_stop(
        &self,
        request: &mut ModelRequest,
        text: &str,
        tokens: Vec<TokenLogprob>,
    ) -> bool {
        let stop_texts = request.stop_texts();
        if stop_texts.is_empty() {
            self.reply.push_tokens(text, tokens);
            return false;
        }
        let certain = stop_texts.push(text);
        let has_ended = stop_texts.found().is_some();
        if !certain.is_empty() || !tokens.is_empty() {
            self.reply.push_tokens(&certain, tokens);
        }
        has_ended
    }

    /// Adds the text that was held back, as no text that ends the reply has begun in it.
    pub(crate) fn push_held(&self, request: &mut ModelRequest) {
        let held = request.stop_texts().release();
        if !held.is_empty() {
            self.reply.push_tokens(&held, Vec::new());
        }
    }

    /// The end of a reply whose generation was stopped at a text, after so many chunks. The model server gives counts at its
    /// own end only, so these are estimates.
    pub(crate) async fn end_at_stop(&self, request: &ModelRequest, chunks: u64) -> ChatEnd {
        let model = request.model();
        let location = self.chat.models.location_of(self.reply.caller(), model);
        let remote = match timeout(LOOKUP_TIMEOUT, location).await {
            Ok(Ok(Location::Remote(host))) => Some(Remote { host, model: None }),
            _ => None,
        };
        let prompt_tokens = self.chat.token_ratios.estimate(model, &request.prompt_size()).tokens;
        ChatEnd {
            finish_reason: FinishReason::Stop,
            usage: Usage {
                prompt_tokens: Some(prompt_tokens),
                completion_tokens: Some(chunks),
                ..Usage::default()
            },
            timings: Timings::default(),
            model: None,
            remote,
        }
    }
}

/// The warning of a reply that ended so.
pub(super) fn counts_are_estimates() -> Warning {
    Warning::new(
        "The counts of tokens are estimates: the generation was stopped at a stop text, and the model server counts at its own end only.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reply and the text that ended it, where the reply comes in chunks of so many bytes.
    fn read(texts: &[&str], reply: &str, bytes: usize) -> (String, Option<String>) {
        let mut stop = StopTexts::new(texts.iter().map(|text| (*text).to_owned()).collect());
        let mut read = String::new();
        let mut rest = reply;
        while !rest.is_empty() && stop.found().is_none() {
            let cut = (bytes..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
            let (chunk, after) = rest.split_at(cut);
            read.push_str(&stop.push(chunk));
            rest = after;
        }
        if stop.found().is_none() {
            read.push_str(&stop.release());
        }
        (read, stop.found().map(str::to_owned))
    }

    #[test]
    fn first_complete_text_ends_reply_however_it_is_split() {
        for (texts, reply, expected, found) in [
            (&["END"][..], "one ENDtwo", "one ", Some("END")),
            (&["END"], "one EN", "one EN", None),
            (&["END"], "EENDx", "E", Some("END")),
            (&["abc", "b"], "xabc", "xa", Some("b")),
            (&["bc", "abc"], "xabc", "x", Some("abc")),
            (&["aab"], "aaab", "a", Some("aab")),
            (&["\n\n", "ß."], "größe\nß.", "größe\n", Some("ß.")),
            (&["END"], "", "", None),
        ] {
            for bytes in 1..=reply.len().max(1) {
                let read = read(texts, reply, bytes);
                assert_eq!(
                    read,
                    (expected.to_owned(), found.map(str::to_owned)),
                    "{texts:?} {reply:?} by {bytes}"
                );
            }
        }
    }

    #[test]
    fn only_what_may_be_the_beginning_is_held() {
        let mut stop = StopTexts::new(vec!["</end>".to_owned()]);
        assert_eq!(stop.push("a < b"), "a < b");
        assert_eq!(stop.push(" </"), " ");
        assert_eq!(stop.push("b"), "</b");
    }
}
