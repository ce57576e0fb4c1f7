//! Parts of a request that have no effect, by name.

use std::collections::BTreeSet;

use serde_json::Value;

/// The parts of a request that have no effect, each named once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignored(BTreeSet<String>);

/// What a block or a tool may have that has no effect here.
const MARKS: [&str; 6] =
    ["cache_control", "citations", "eager_input_streaming", "input_examples", "strict", "transformations"];

impl Ignored {
    pub fn add(&mut self, name: impl Into<String>) {
        self.0.insert(name.into());
    }

    /// The names, sorted.
    pub fn into_names(self) -> impl Iterator<Item = String> {
        self.0.into_iter()
    }

    /// Notes what stands in a block or a tool without an effect. What is switched off there has none to miss.
    pub(crate) fn note_marks(&mut self, of: &Value) {
        for name in MARKS {
            let is_on = match of.get(name) {
                None | Some(Value::Null | Value::Bool(false)) => false,
                Some(Value::Object(object)) => object.get("enabled") != Some(&Value::Bool(false)),
                Some(_) => true,
            };
            if is_on && !self.0.contains(name) {
                self.add(name);
            }
        }
    }
}
