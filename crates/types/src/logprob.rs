//! How likely each token of a reply was.

/// A token of a reply with its log probability.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenLogprob {
    pub token: String,
    /// The natural logarithm of its probability; at most 0.
    pub logprob: f64,
    /// The bytes of the token. A token may be a part of a character; its text then has replacement characters.
    pub bytes: Vec<u8>,
    /// The most likely tokens at this position, the most likely first; they have no alternatives of their own.
    pub top: Vec<TokenLogprob>,
}

impl TokenLogprob {
    /// The most alternatives that a request may ask for.
    pub const MAX_TOP: u8 = 20;

    /// Estimated size in memory, in bytes.
    pub fn size(&self) -> usize {
        let texts = self.token.len() + self.bytes.len();
        size_of::<Self>() + texts + self.top.iter().map(Self::size).sum::<usize>()
    }
}
