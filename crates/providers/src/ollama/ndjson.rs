//! Decodes newline-delimited JSON incrementally, each value into a typed struct.

use serde::de::DeserializeOwned;

use super::super::ProviderError;
use super::super::error_body::excerpt;
use super::super::lines::{LineTooLong, Lines};

/// Characters shown of an unreadable line.
const MAX_EXCERPT: usize = 100;

/// Blank lines are skipped; a line may hold several values.
#[derive(Debug, Default)]
pub(super) struct NdJson {
    lines: Lines,
}

impl NdJson {
    /// Adds bytes; calls `on_value` with each value (or error) that they complete.
    pub(super) fn push<T: DeserializeOwned>(
        &mut self,
        chunk: &[u8],
        mut on_value: impl FnMut(Result<T, ProviderError>),
    ) {
        if let Err(error) = self.lines.push(chunk, |line| values(line, false, &mut on_value)) {
            on_value(Err(too_long(error)));
        }
    }

    /// Ends the body: decodes a last line without a line end.
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
