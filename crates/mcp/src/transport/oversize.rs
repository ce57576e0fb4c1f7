//! Finds the top-level `id` of a JSON object that is too large to buffer.
//!
//! A host without an answer to its id waits until its timeout, so also a message that is rejected needs its id. Hosts write
//! it first or last, so the whole text is scanned.

/// Maximum length of an id; a longer one is ignored.
const MAX_TOKEN: usize = 256;

/// Scans JSON text chunk by chunk, in constant memory.
#[derive(Default)]
pub(super) struct IdScanner {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The current scalar or string at depth 1, as JSON text; `None`: it is too long.
    token: Option<Vec<u8>>,
    /// The next value at depth 1 belongs to the key `id`.
    after_id_key: bool,
    after_colon: bool,
    id: Option<String>,
}

impl IdScanner {
    /// Scans the next chunk.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.step(byte);
        }
    }

    /// The JSON text of the id, if one was found.
    pub(super) fn finish(self) -> Option<String> {
        self.id
    }

    fn step(&mut self, byte: u8) {
        if self.in_string {
            self.push(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.token = (self.depth == 1).then(Vec::new);
                self.in_string = true;
                self.push(byte);
            }
            b'{' | b'[' => {
                self.depth += 1;
                self.token = None;
            }
            b'}' | b']' => {
                self.end_value();
                self.depth = self.depth.saturating_sub(1);
            }
            b',' => self.end_value(),
            b':' if self.depth == 1 => {
                self.after_id_key = self.token.take().is_some_and(|key| key == b"\"id\"");
                self.after_colon = true;
            }
            b' ' | b'\t' | b'\r' => {}
            _ if self.depth == 1 => {
                self.token.get_or_insert_default();
                self.push(byte);
            }
            _ => {}
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(token) = &mut self.token {
            if token.len() < MAX_TOKEN {
                token.push(byte);
            } else {
                self.token = None;
            }
        }
    }

    fn end_value(&mut self) {
        if self.depth != 1 {
            return;
        }
        let token = self.token.take();
        if self.after_colon && self.after_id_key {
            self.id = token.and_then(|token| String::from_utf8(token).ok());
        }
        self.after_colon = false;
        self.after_id_key = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Option<String> {
        let mut scanner = IdScanner::default();
        for byte in text.as_bytes() {
            scanner.feed(&[*byte]);
        }
        scanner.finish()
    }

    #[test]
    fn id_is_found_at_any_position() {
        assert_eq!(id(r#"{"id":1,"x":"y"}"#).as_deref(), Some("1"));
        assert_eq!(
            id(r#"{"params":{"id":5,"a":["id",{"id":6}]},"id" : "a\"b"}"#).as_deref(),
            Some(r#""a\"b""#)
        );
        assert_eq!(id(r#"{"x":"\"id\":9","jsonrpc":"2.0","id":-3}"#).as_deref(), Some("-3"));
    }

    #[test]
    fn nested_ids_are_ignored() {
        assert_eq!(id(r#"{"params":{"id":5}}"#), None);
        assert_eq!(id(r#"[{"id":5}]"#), None);
        assert_eq!(id(r#"{"a":"id","b":7}"#), None);
        assert_eq!(id(&format!(r#"{{"id":"{}"}}"#, "x".repeat(1000))), None);
    }
}
