//! Log probabilities of tokens as both APIs send them, and which of them belong to the answer.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::bounded::list;
use types::TokenLogprob;

/// Tokens of one event. Ollama collects the tokens of a text that it holds back.
pub(crate) const MAX_TOKENS: usize = 10_000;
/// Alternatives of a token, and bytes of one.
const MAX_PARTS: usize = 1_000;
/// What OpenAI writes for a token of no probability; JSON has no infinity.
const IMPOSSIBLE: f64 = -9999.0;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TokenAnswer {
    token: Option<String>,
    logprob: Option<f64>,
    #[serde(deserialize_with = "list::<MAX_PARTS, _, _>")]
    bytes: Option<Vec<u8>>,
    #[serde(deserialize_with = "list::<MAX_PARTS, _, _>")]
    top_logprobs: Option<Vec<TopAnswer>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TopAnswer {
    token: Option<String>,
    logprob: Option<f64>,
    #[serde(deserialize_with = "list::<MAX_PARTS, _, _>")]
    bytes: Option<Vec<u8>>,
}

impl From<TokenAnswer> for TokenLogprob {
    fn from(answer: TokenAnswer) -> Self {
        let top = answer.top_logprobs.unwrap_or_default().into_iter();
        let top = top.map(|top| token(top.token, top.logprob, top.bytes, Vec::new())).collect();
        token(answer.token, answer.logprob, answer.bytes, top)
    }
}

impl TokenAnswer {
    /// A token with its alternatives by their texts.
    pub(crate) fn with_top(token: String, logprob: Option<f64>, top: BTreeMap<String, f64>) -> Self {
        let mut top: Vec<_> = top
            .into_iter()
            .map(|(token, logprob)| TopAnswer { token: Some(token), logprob: Some(logprob), bytes: None })
            .collect();
        top.sort_by(|a, b| b.logprob.partial_cmp(&a.logprob).unwrap_or(Ordering::Equal));
        Self { token: Some(token), logprob, bytes: None, top_logprobs: Some(top) }
    }
}

fn token(
    token: Option<String>,
    logprob: Option<f64>,
    bytes: Option<Vec<u8>>,
    top: Vec<TokenLogprob>,
) -> TokenLogprob {
    let token = token.unwrap_or_default();
    // Older servers leave the bytes out.
    let bytes = bytes.filter(|bytes| !bytes.is_empty()).unwrap_or_else(|| token.as_bytes().to_vec());
    TokenLogprob { token, logprob: logprob.unwrap_or(IMPOSSIBLE), bytes, top }
}

/// Finds the tokens of the answer: servers send those of the thinking and of tool calls too, and those of a text that they
/// hold back before the text.
#[derive(Debug, Default)]
pub(crate) struct ContentTokens {
    /// Tokens without a text.
    pending: Vec<TokenLogprob>,
}

impl ContentTokens {
    /// The tokens of the content of one event. `is_other`: the event has thinking or a tool call.
    pub(crate) fn take(
        &mut self,
        tokens: impl IntoIterator<Item = TokenAnswer>,
        content: &str,
        is_other: bool,
    ) -> Vec<TokenLogprob> {
        let tokens = tokens.into_iter().map(TokenLogprob::from);
        if content.is_empty() {
            if is_other {
                self.pending.clear();
            } else if self.pending.len() < MAX_TOKENS {
                self.pending.extend(tokens);
            }
            return Vec::new();
        }
        let tokens: Vec<_> = tokens.collect();
        let mut held = std::mem::take(&mut self.pending);
        // A text that is longer than its own tokens was held back in part.
        if tokens.iter().map(|token| token.bytes.len()).sum::<usize>() >= content.len() {
            return tokens;
        }
        held.extend(tokens);
        held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(filter: &mut ContentTokens, token: &str, content: &str, is_other: bool) -> String {
        let answer = TokenAnswer { token: Some(token.to_owned()), ..TokenAnswer::default() };
        let tokens = filter.take([answer], content, is_other);
        tokens.into_iter().map(|token| token.token).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn only_tokens_of_content_are_taken() {
        let mut filter = ContentTokens::default();
        assert_eq!(take(&mut filter, "<think>", "", false), "");
        assert_eq!(take(&mut filter, "hm", "", true), "");
        assert_eq!(take(&mut filter, "</think>", "", false), "");
        assert_eq!(take(&mut filter, "Hi", "Hi", false), "Hi");
        assert_eq!(take(&mut filter, "!", "!", false), "!");
    }

    #[test]
    fn tokens_of_text_that_was_held_back_are_kept() {
        let mut filter = ContentTokens::default();
        assert_eq!(take(&mut filter, " ", "", false), "");
        assert_eq!(take(&mut filter, "a", " a", false), " |a");
        assert_eq!(take(&mut filter, "b", "b", false), "b");
    }

    #[test]
    fn missing_bytes_are_those_of_token() {
        let read: TokenAnswer = serde_json::from_str(r#"{"token":"\u00e4","logprob":null}"#).unwrap();
        let read = TokenLogprob::from(read);
        assert_eq!((read.bytes, read.logprob), (vec![0xc3, 0xa4], -9999.0));
    }
}
