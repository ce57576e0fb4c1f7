//! Decodes newline-delimited JSON as it comes, each value into a typed struct.

use serde::de::DeserializeOwned;

use super::super::ProviderError;
use super::super::error_body::excerpt;
use super::super::lines::{LineTooLong, Lines};

/// Longest piece of an unreadable line that is shown, in characters.
const MAX_EXCERPT: usize = 100;

/// The decoder. Blank lines are skipped; several values on one line are taken one by one.
#[derive(Debug, Default)]
pub(super) struct NdJson {
    lines: Lines,
}

impl NdJson {
    /// Takes the next bytes, and gives `on_value` each value (or error) that they complete.
    pub(super) fn push<T: DeserializeOwned>(
        &mut self,
        chunk: &[u8],
        mut on_value: impl FnMut(Result<T, ProviderError>),
    ) {
        if let Err(error) = self.lines.push(chunk, |line| values(line, false, &mut on_value)) {
            on_value(Err(too_long(error)));
        }
    }

    /// The body has ended: decodes a last line without a line end.
    pub(super) fn finish<T: DeserializeOwned>(&mut self, mut on_value: impl FnMut(Result<T, ProviderError>)) {
        if let Err(error) = self.lines.finish(|line| values(line, true, &mut on_value)) {
            on_value(Err(too_long(error)));
        }
    }
}

fn values<T: DeserializeOwned>(
    line: &[u8],
    at_end: bool,
    on_value: &mut impl FnMut(Result<T, ProviderError>),
) {
    for value in serde_json::Deserializer::from_slice(line).into_iter() {
        match value {
            Ok(value) => on_value(Ok(value)),
            Err(error) if at_end && error.is_eof() => {
                let reason = "the server ended the answer in the middle of a line".to_owned();
                on_value(Err(ProviderError::Interrupted { reason }));
                return;
            }
            Err(error) => {
                let head = String::from_utf8_lossy(line.get(..400).unwrap_or(line)).into_owned();
                let reason =
                    format!("a line is not the JSON of a reply ({error}): {}", excerpt(&head, MAX_EXCERPT));
                on_value(Err(ProviderError::Malformed { reason }));
                return;
            }
        }
    }
}

fn too_long(error: LineTooLong) -> ProviderError {
    ProviderError::Malformed { reason: format!("a line is longer than {} bytes", error.limit) }
}
