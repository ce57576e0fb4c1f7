//! Assembles tool calls from the deltas of a stream.

use super::wire::CallDelta;
use types::ToolCall;

/// Calls arrive one after the other.
#[derive(Debug, Default)]
pub(super) struct ToolCallAssembler {
    current: Option<(u64, ToolCall)>,
    next_index: u64,
}

impl ToolCallAssembler {
    /// Adds a delta; returns the previous call if the delta begins another.
    pub(super) fn take(&mut self, delta: CallDelta) -> Option<ToolCall> {
        let id = delta.id.unwrap_or_default();
        let begins = match &self.current {
            None => true,
            // Some servers give every call the index 0, but each an id.
            Some((index, call)) => {
                delta.index.is_some_and(|new| new != *index)
                    || !id.is_empty() && !call.id.is_empty() && id != call.id
            }
        };
        let mut before = None;
        if begins {
            before = self.finish();
            let index = delta.index.unwrap_or(self.next_index);
            self.next_index = index.saturating_add(1);
            let call = ToolCall { id: String::new(), name: String::new(), arguments: String::new() };
            self.current = Some((index, call));
        }
        if let Some((_, call)) = &mut self.current {
            let function = delta.function.unwrap_or_default();
            if call.id.is_empty() {
                call.id = id;
            }
            if call.name.is_empty() {
                call.name = function.name.unwrap_or_default();
            }
            call.arguments.push_str(&function.arguments.unwrap_or_default());
        }
        before
    }

    /// Bytes of the incomplete call.
    pub(super) fn size(&self) -> usize {
        self.current.as_ref().map_or(0, |(_, call)| call.arguments.len())
    }

    /// Ends the stream; returns the last call.
    pub(super) fn finish(&mut self) -> Option<ToolCall> {
        let (_, mut call) = self.current.take()?;
        if call.arguments.is_empty() {
            call.arguments.push_str("{}");
        }
        Some(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_together(deltas: &[&str]) -> Vec<(String, String, String)> {
        let mut calls = ToolCallAssembler::default();
        let mut out: Vec<ToolCall> =
            deltas.iter().filter_map(|delta| calls.take(serde_json::from_str(delta).unwrap())).collect();
        out.extend(calls.finish());
        out.into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
    }

    fn expected(calls: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
        calls
            .iter()
            .map(|(id, name, arguments)| ((*id).into(), (*name).into(), (*arguments).into()))
            .collect()
    }

    #[test]
    fn chunks_are_joined_by_index() {
        let deltas = [
            r#"{"index":0,"id":"a","function":{"name":"f","arguments":""}}"#,
            r#"{"index":0,"function":{"arguments":"{\"x\":"}}"#,
            r#"{"index":0,"function":{"name":null,"arguments":"1}"}}"#,
            r#"{"index":1,"id":"b","function":{"name":"g"}}"#,
        ];
        assert_eq!(put_together(&deltas), expected(&[("a", "f", "{\"x\":1}"), ("b", "g", "{}")]));
    }

    #[test]
    fn calls_without_or_with_equal_index_are_separate() {
        let deltas = [
            r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#,
            r#"{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}"#,
            r#"{"id":"c","function":{"name":"f","arguments":"{"}}"#,
            r#"{"id":"c","function":{"name":"f","arguments":"}"}}"#,
        ];
        assert_eq!(put_together(&deltas), expected(&[("a", "f", "{}"), ("b", "f", "{}"), ("c", "f", "{}")]));
    }
}
