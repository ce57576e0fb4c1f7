//! A request for Ollama's own API: the few fields that matter here are found in its body, which stays as it is.
//!
//! Ollama reads the names of fields without regard to case, takes the last of several, and reads a body's first value only.
//! A field that matters must not be found here and read otherwise there: a caller could name a model that it may not use.

use std::fmt;
use std::ops::Range;

use providers::forward::OllamaRoute;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio_util::bytes::Bytes;

use crate::ServiceError;
use crate::hint::Warning;
use crate::models::parameters::ignored_options;

/// The fields that matter, as Ollama's requests have them.
const FIELDS: [&str; 9] = [
    "model",
    // What `model` was called before.
    "name",
    "source",
    "destination",
    "from",
    "stream",
    "messages",
    "prompt",
    "options",
];

/// A request whose body was read as far as it matters.
#[derive(Debug, Clone)]
pub struct ForwardRequest {
    pub(crate) route: OllamaRoute,
    pub(crate) body: Bytes,
    fields: Vec<Field>,
    /// It is an object of JSON with these fields. Anything else is for the server to refuse.
    is_readable: bool,
}

#[derive(Debug, Clone)]
struct Field {
    name: &'static str,
    value: Range<usize>,
}

/// The model that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedModel {
    /// The request has no such field, or null.
    Absent,
    Named(String),
    /// Something that is no name, which the server refuses.
    Unreadable,
}

impl ForwardRequest {
    /// Finds the fields of a body.
    ///
    /// # Errors
    /// `invalid_argument` for a name that is given more than once.
    pub fn read(route: OllamaRoute, body: Bytes) -> Result<Self, ServiceError> {
        let (fields, is_readable) = match fields_of(&body) {
            Some(fields) => (fields, true),
            None => (Vec::new(), false),
        };
        for name in ["model", "name", "source", "destination", "from"] {
            if fields.iter().filter(|field| field.name == name).count() > 1 {
                return Err(ServiceError::invalid(name, "is given more than once; give it once"));
            }
        }
        Ok(Self { route, body, fields, is_readable })
    }

    pub fn route(&self) -> &OllamaRoute {
        &self.route
    }

    /// Its body, as it is sent.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The model that it names.
    pub fn model(&self) -> NamedModel {
        if !self.is_readable {
            return NamedModel::Unreadable;
        }
        match self.named("model") {
            NamedModel::Named(name) if name.is_empty() && self.takes_name() => match self.named("name") {
                NamedModel::Absent => NamedModel::Named(name),
                older => older,
            },
            NamedModel::Absent if self.takes_name() => self.named("name"),
            model => model,
        }
    }

    /// Whether it may name its model in `name`, as older clients do.
    fn takes_name(&self) -> bool {
        !matches!(
            self.route,
            OllamaRoute::Chat | OllamaRoute::Generate | OllamaRoute::Embed | OllamaRoute::Embeddings
        )
    }

    /// The name in a field.
    pub fn named(&self, field: &str) -> NamedModel {
        match self.raw(field).map(serde_json::from_str::<Option<String>>) {
            None | Some(Ok(None)) => NamedModel::Absent,
            Some(Ok(Some(name))) => NamedModel::Named(name),
            Some(Err(_)) => NamedModel::Unreadable,
        }
    }

    /// The same request for another model. Only the bytes of the name change.
    #[must_use]
    pub fn for_model(&self, model: &str) -> Self {
        self.with_model(Value::from(model).to_string())
    }

    /// The same request for the default model.
    #[must_use]
    pub fn for_default_model(&self) -> Self {
        self.with_model("null".to_owned())
    }

    fn with_model(&self, name: String) -> Self {
        let is_given =
            |name: &str| self.field(name).filter(|field| self.named(field.name) != NamedModel::Absent);
        let older = || is_given("name").filter(|_| self.takes_name());
        let field = match self.named("model") {
            NamedModel::Named(given) if given.is_empty() => older().or_else(|| self.field("model")),
            NamedModel::Absent => older().or_else(|| self.field("model")),
            _ => self.field("model"),
        };
        let (range, text) = match field {
            Some(field) => (field.value.clone(), name),
            None => {
                let Some(start) = self.body.iter().position(|byte| *byte == b'{') else {
                    return self.clone();
                };
                let rest = self.body.get(start + 1..).unwrap_or_default().trim_ascii_start();
                let comma = if rest.starts_with(b"}") { "" } else { "," };
                (start + 1..start + 1, format!("\"model\":{name}{comma}"))
            }
        };
        let mut body = Vec::with_capacity(self.body.len() + text.len());
        body.extend_from_slice(self.body.get(..range.start).unwrap_or_default());
        body.extend_from_slice(text.as_bytes());
        body.extend_from_slice(self.body.get(range.end..).unwrap_or_default());
        let fields = fields_of(&body).unwrap_or_default();
        Self { body: body.into(), fields, ..self.clone() }
    }

    /// Whether the answer is a stream: it is one unless the request says otherwise.
    pub fn is_streamed(&self) -> bool {
        let has_streams = !matches!(self.route, OllamaRoute::Embed | OllamaRoute::Embeddings);
        has_streams && self.value::<bool>("stream") != Some(false)
    }

    /// Whether it only loads or unloads the model: it has no messages, or no prompt.
    pub fn only_loads(&self) -> bool {
        let content = match self.route {
            OllamaRoute::Chat => "messages",
            OllamaRoute::Generate => "prompt",
            _ => return false,
        };
        let is_empty =
            |field: &Field| matches!(self.text(field), "null" | "\"\"") || self.is_empty_list(field);
        self.is_readable && self.fields.iter().filter(|field| field.name == content).all(is_empty)
    }

    fn is_empty_list(&self, field: &Field) -> bool {
        serde_json::from_str::<[IgnoredAny; 0]>(self.text(field)).is_ok()
    }

    /// What is known before the answer begins: options that the server ignores in silence.
    pub fn warnings(&self) -> Vec<Warning> {
        let options = self.value::<Map<String, Value>>("options").unwrap_or_default();
        ignored_options(&options).into_iter().map(Warning::new).collect()
    }

    /// A number among the options.
    pub(crate) fn option(&self, name: &str) -> Option<u64> {
        self.value::<Map<String, Value>>("options")?.get(name)?.as_u64()
    }

    /// About how many bytes of text the model is given.
    pub(crate) fn text_bytes(&self) -> usize {
        #[derive(Deserialize)]
        struct Message<'a> {
            #[serde(borrow, default)]
            content: Option<&'a RawValue>,
        }
        let messages = self.raw("messages").map(serde_json::from_str::<Vec<Message<'_>>>);
        let messages = messages.and_then(Result::ok).unwrap_or_default();
        let messages =
            messages.iter().filter_map(|message| message.content).map(|content| content.get().len());
        messages.sum::<usize>() + self.raw("prompt").map_or(0, str::len)
    }

    fn value<T: DeserializeOwned>(&self, field: &str) -> Option<T> {
        serde_json::from_str(self.raw(field)?).ok()
    }

    /// The text of a field; the last one counts.
    fn raw(&self, name: &str) -> Option<&str> {
        self.field(name).map(|field| self.text(field))
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().rev().find(|field| field.name == name)
    }

    fn text(&self, field: &Field) -> &str {
        self.body.get(field.value.clone()).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

/// The fields that matter of an object at the start of a body; `None` for anything else.
fn fields_of(body: &[u8]) -> Option<Vec<Field>> {
    let mut json = serde_json::Deserializer::from_slice(body);
    json.deserialize_map(Found(body)).ok()
}

/// Finds fields, whose values are parts of these bytes.
struct Found<'a>(&'a [u8]);

impl<'de> Visitor<'de> for Found<'de> {
    type Value = Vec<Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Field>, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let folded = folded(&key);
            let Some(name) = FIELDS.into_iter().find(|name| **name == *folded) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let text = map.next_value::<&'de RawValue>()?.get();
            let start = text.as_ptr().addr() - self.0.as_ptr().addr();
            fields.push(Field { name, value: start..start + text.len() });
        }
        Ok(fields)
    }
}

/// A name as Ollama compares it: without regard to case, by Unicode's rules.
fn folded(name: &str) -> String {
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
