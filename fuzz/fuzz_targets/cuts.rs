//! Cuts an input into pieces as the input's own first bytes say.

/// The pieces: the first byte is how many cuts there are, and one byte each says how long a piece is.
pub fn cut(data: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let Some((count, rest)) = data.split_first() else { return (Vec::new(), data) };
    let (lengths, bytes) = rest.split_at(usize::from(count % 16).min(rest.len()));
    let mut pieces = Vec::new();
    let mut left = bytes;
    for length in lengths {
        let (piece, after) = left.split_at(usize::from(*length).min(left.len()));
        pieces.push(piece);
        left = after;
    }
    pieces.push(left);
    (pieces, bytes)
}
