//! The messages of a stream of bytes, however its reads are split: for property tests and fuzzing.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, ReadBuf};

use crate::transport::stdio::decode::decode_line;
use crate::transport::stdio::lines::{Line, LineReader};
use crate::transport::stdio::without_bom;

/// An input that returns one chunk for each read, and is always ready.
struct Chunks<'a>(VecDeque<&'a [u8]>);

impl AsyncRead for Chunks<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        while let Some(chunk) = self.0.pop_front() {
            let (now, later) = chunk.split_at(chunk.len().min(buffer.remaining()));
            buffer.put_slice(now);
            if !later.is_empty() {
                self.0.push_front(later);
            }
            // An empty read would be the end.
            if !now.is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The messages of the input, in order, as text to be compared.
pub(crate) fn messages(chunks: impl IntoIterator<Item = impl AsRef<[u8]>>, limit: usize) -> Vec<String> {
    let chunks: Vec<_> = chunks.into_iter().collect();
    let mut lines = LineReader::new(Chunks(chunks.iter().map(AsRef::as_ref).collect()), limit);
    let mut found = Vec::new();
    let mut first = true;
    loop {
        match lines.next().now_or_never() {
            Some(Ok(Line::Complete(line))) => {
                let line = if std::mem::take(&mut first) { without_bom(&line) } else { &line };
                found.extend(decode_line(line).map(|decoded| format!("{decoded:?}")));
            }
            Some(Ok(Line::TooLong { id })) => found.push(format!("too long: {id:?}")),
            Some(Ok(Line::End)) => return found,
            other => found.push(format!("an impossible read: {other:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Input of meaningful parts and some noise, so that messages are decoded.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let known = prop::sample::select(vec![
            "\u{FEFF}",
            "\r\n",
            "\n",
            "\n\n",
            " ",
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":"é🙂","method":"tools/call","params":{"name":"x"}}"#,
            r#"{"params":{"id":2},"x":"\"id\":3","id":4}"#,
            r#"[{"jsonrpc":"2.0","method":"notifications/initialized"},5]"#,
            "[]",
            "nonsense",
        ]);
        let noise = prop::collection::vec(any::<u8>(), 0..20);
        let part = prop_oneof![4 => known.prop_map(|text| text.as_bytes().to_vec()), 1 => noise];
        prop::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
    }

    fn split(bytes: &[u8], mut cuts: Vec<usize>) -> Vec<&[u8]> {
        cuts.iter_mut().for_each(|cut| *cut %= bytes.len() + 1);
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([bytes.len()]);
        ends.scan(0, |start, end| Some(&bytes[std::mem::replace(start, end)..end])).collect()
    }

    #[test]
    fn every_split_in_two_gives_the_same_messages() {
        let stream = "\u{FEFF}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r\n\nx\n[{\"jsonrpc\":\"2.0\",\"id\":\"🙂\",\"method\":\"ping\"}]\n{\"long\":\"0123456789012345678901234567890123456789012345678901234567\",\"id\":9}\nlast";
        let whole = messages([stream], 64);
        assert_eq!(whole.len(), 5, "{whole:#?}");
        assert!(whole[0].contains("Ping") && whole[2].contains("🙂"), "{whole:#?}");
        assert_eq!(whole[3], "too long: Some(\"9\")");
        for at in 0..=stream.len() {
            let (before, after) = stream.as_bytes().split_at(at);
            assert_eq!(messages([before, after], 64), whole, "cut at {at}");
        }
        assert_eq!(messages(stream.as_bytes().chunks(1), 64), whole);
    }

    proptest! {
        #[test]
        fn any_split_of_anything_gives_the_same_messages(
            bytes in text(),
            cuts in prop::collection::vec(any::<usize>(), 0..30),
            limit in 0usize..200,
        ) {
            prop_assert_eq!(messages(split(&bytes, cuts), limit), messages([&bytes], limit));
        }
    }
}
