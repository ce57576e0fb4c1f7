//! Reads lists and values of a server's answer up to a limit: three bytes of JSON can take hundreds in memory.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

pub(super) const MAX_MODELS: usize = 10_000;
/// Tool calls in one event of a stream.
pub(super) const MAX_CALLS: usize = 1_000;
/// Embeddings in an answer: one for each text (the service limits them to 2,048), and one for a query.
pub(super) const MAX_VECTORS: usize = 2_049;
pub(super) const MAX_DIMENSIONS: usize = 65_536;
/// Capabilities of one model.
pub(super) const MAX_WORDS: usize = 100;
/// Values kept of a model's metadata; its vocabulary alone can have a million.
const MAX_VALUES: usize = 20_000;
/// Items kept of one list in a model's metadata.
const MAX_ITEMS: usize = 1_000;

/// A list of at most `MAX` entries, or null, for `deserialize_with`.
pub(super) fn list<'de, const MAX: usize, T, D>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_option(List::<MAX, T>(PhantomData))
}

/// A list of lists of numbers, or null, for `deserialize_with`.
pub(super) fn vectors<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Vec<f32>>>, D::Error> {
    let vectors: Option<Vec<Vector>> = list::<MAX_VECTORS, _, _>(deserializer)?;
    Ok(vectors.map(|vectors| vectors.into_iter().map(|vector| vector.0).collect()))
}

#[derive(Deserialize)]
struct Vector(#[serde(deserialize_with = "numbers")] Vec<f32>);

/// The numbers of one embedding, for `deserialize_with`.
pub(super) fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
    Ok(list::<MAX_DIMENSIONS, _, _>(deserializer)?.unwrap_or_default())
}

/// An object, or null, for `deserialize_with`. A long list is replaced by a text with its length.
pub(super) fn metadata<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Map<String, Value>>, D::Error> {
    let left = Cell::new(MAX_VALUES);
    match Bounded(&left).deserialize(deserializer)? {
        Value::Object(fields) => Ok(Some(fields)),
        Value::Null => Ok(None),
        _ => Err(D::Error::custom("it must be an object")),
    }
}

struct List<const MAX: usize, T>(PhantomData<T>);

impl<'de, const MAX: usize, T: Deserialize<'de>> Visitor<'de> for List<MAX, T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX} entries")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() == MAX {
                return Err(A::Error::custom(format!("a list has more than {MAX} entries")));
            }
            list.push(item);
        }
        Ok(Some(list))
    }
}

/// A seed that reads a value within a budget of values.
#[derive(Clone, Copy)]
struct Bounded<'a>(&'a Cell<usize>);

impl Bounded<'_> {
    fn take_one<E: Error>(self) -> Result<(), E> {
        match self.0.get().checked_sub(1) {
            Some(left) => {
                self.0.set(left);
                Ok(())
            }
            None => Err(E::custom(format!("it has more than {MAX_VALUES} values"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while list.len() < MAX_ITEMS && self.0.get() > 0 {
            let Some(item) = items.next_element_seed(self)? else { return Ok(Value::Array(list)) };
            // The item itself may have used up the budget.
            self.0.set(self.0.get().saturating_sub(1));
            list.push(item);
        }
        let mut count = list.len();
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(if count == list.len() { Value::Array(list) } else { format!("({count} items)").into() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            self.take_one()?;
            map.insert(name, fields.next_value_seed(self)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Answer {
        #[serde(deserialize_with = "list::<3, _, _>")]
        models: Option<Vec<u64>>,
        #[serde(deserialize_with = "vectors")]
        embeddings: Option<Vec<Vec<f32>>>,
        #[serde(deserialize_with = "metadata")]
        model_info: Option<Map<String, Value>>,
    }

    fn read(answer: &Value) -> Result<Answer, String> {
        serde_json::from_str(&answer.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn lists_are_read_up_to_their_bound() {
        assert_eq!(read(&json!({})).unwrap().models, None);
        assert_eq!(read(&json!({ "models": null })).unwrap().models, None);
        assert_eq!(read(&json!({ "models": [1, 2, 3] })).unwrap().models, Some(vec![1, 2, 3]));
        assert!(read(&json!({ "models": [1, 2, 3, 4] })).unwrap_err().contains("more than 3 entries"));
        assert_eq!(
            read(&json!({ "embeddings": [[1.5], [2]] })).unwrap().embeddings,
            Some(vec![vec![1.5], vec![2.0]])
        );
        let many = json!({ "embeddings": vec![json!([]); MAX_VECTORS + 1] });
        assert!(read(&many).unwrap_err().contains("more than 2049 entries"));
        let long = json!({ "embeddings": [vec![0; MAX_DIMENSIONS + 1]] });
        assert!(read(&long).unwrap_err().contains("more than 65536 entries"));
    }

    #[test]
    fn metadata_keeps_its_values_and_the_length_of_long_lists() {
        let info = json!({ "a": 1, "b": -1.5, "c": "x", "d": [true, null], "e": { "f": [] }, "g": vec![0; 300_000] });
        let read_info = read(&json!({ "model_info": info })).unwrap().model_info.unwrap();
        assert_eq!(read_info["g"], "(300000 items)");
        for name in ["a", "b", "c", "d", "e"] {
            assert_eq!(read_info[name], info[name], "{name}");
        }
        let nested = json!({ "model_info": { "x": vec![json!(vec![0; 900]); 900] } });
        let kept = read(&nested).unwrap().model_info.unwrap();
        assert!(Value::Object(kept).to_string().len() < 100_000);
        let many: Map<String, Value> = (0..=MAX_VALUES).map(|n| (n.to_string(), json!(0))).collect();
        assert!(read(&json!({ "model_info": many })).unwrap_err().contains("more than 20000 values"));
    }
}
