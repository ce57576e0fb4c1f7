//! `logprobs` of a choice: in chats, and in the older form of `/v1/completions`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `logprobs` of a choice of a chat, and of its chunks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Logprobs<'a> {
    pub content: Vec<TokenLogprob<'a>>,
    /// Null: no local model has a text of its own for refusals.
    pub refusal: Option<Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenLogprob<'a> {
    pub token: Cow<'a, str>,
    pub logprob: f64,
    pub bytes: Option<Cow<'a, [u8]>>,
    #[serde(default)]
    pub top_logprobs: Vec<TopLogprob<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TopLogprob<'a> {
    pub token: Cow<'a, str>,
    pub logprob: f64,
    pub bytes: Option<Cow<'a, [u8]>>,
}

/// `logprobs` of a choice of `/v1/completions`: lists of the same length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LegacyLogprobs<'a> {
    /// Where each token begins, in characters of the answered text.
    pub text_offset: Vec<usize>,
    pub token_logprobs: Vec<f64>,
    pub tokens: Vec<Cow<'a, str>>,
    /// Null where no alternatives were asked for.
    pub top_logprobs: Option<Vec<BTreeMap<Cow<'a, str>, f64>>>,
}

impl<'a> Logprobs<'a> {
    /// `None` where there are no tokens.
    pub fn new(tokens: &'a [types::TokenLogprob]) -> Option<Self> {
        let content: Vec<_> = tokens.iter().map(TokenLogprob::from).collect();
        (!content.is_empty()).then_some(Self { content, refusal: None })
    }
}

impl<'a> LegacyLogprobs<'a> {
    /// `None` where there are no tokens. `offset` is the number of characters before the first of them.
    pub fn new(tokens: &'a [types::TokenLogprob], offset: usize) -> Option<Self> {
        if tokens.is_empty() {
            return None;
        }
        let mut next = offset;
        let text_offset = tokens.iter().map(|token| {
            let start = next;
            next += token.token.chars().count();
            start
        });
        let top = |token: &'a types::TokenLogprob| {
            token.top.iter().map(|top| (top.token.as_str().into(), top.logprob)).collect()
        };
        let has_top = tokens.iter().any(|token| !token.top.is_empty());
        Some(Self {
            text_offset: text_offset.collect(),
            token_logprobs: tokens.iter().map(|token| token.logprob).collect(),
            tokens: tokens.iter().map(|token| token.token.as_str().into()).collect(),
            top_logprobs: has_top.then(|| tokens.iter().map(top).collect()),
        })
    }
}

impl<'a> From<&'a types::TokenLogprob> for TokenLogprob<'a> {
    fn from(token: &'a types::TokenLogprob) -> Self {
        let top_logprobs = token.top.iter().map(|top| TopLogprob {
            token: top.token.as_str().into(),
            logprob: top.logprob,
            bytes: Some(top.bytes.as_slice().into()),
        });
        Self {
            token: token.token.as_str().into(),
            logprob: token.logprob,
            bytes: Some(token.bytes.as_slice().into()),
            top_logprobs: top_logprobs.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tokens() -> Vec<types::TokenLogprob> {
        let token = |token: &str, top| types::TokenLogprob {
            token: token.to_owned(),
            logprob: -0.5,
            bytes: token.as_bytes().to_vec(),
            top,
        };
        vec![token("h\u{e4}", vec![token("h\u{e4}", vec![]), token("x", vec![])]), token("!", vec![])]
    }

    #[test]
    fn tokens_are_written_as_documented() {
        let tokens = tokens();
        assert_eq!(
            serde_json::to_value(Logprobs::new(&tokens)).unwrap(),
            json!({"content": [
                {"token": "hä", "logprob": -0.5, "bytes": [104, 195, 164], "top_logprobs": [
                    {"token": "hä", "logprob": -0.5, "bytes": [104, 195, 164]},
                    {"token": "x", "logprob": -0.5, "bytes": [120]}]},
                {"token": "!", "logprob": -0.5, "bytes": [33], "top_logprobs": []}], "refusal": null})
        );
        assert_eq!((Logprobs::new(&[]), LegacyLogprobs::new(&[], 0)), (None, None));
    }

    #[test]
    fn legacy_offsets_count_characters() {
        assert_eq!(
            serde_json::to_value(LegacyLogprobs::new(&tokens(), 4)).unwrap(),
            json!({"text_offset": [4, 6], "token_logprobs": [-0.5, -0.5], "tokens": ["hä", "!"],
                "top_logprobs": [{"hä": -0.5, "x": -0.5}, {}]})
        );
    }
}
