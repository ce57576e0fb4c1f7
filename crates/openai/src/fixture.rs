//! Recorded answers of Ollama's `/v1`, and round trips, for tests.

use std::fmt::Debug;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The recorded request and response.
pub(crate) fn recording(case: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/ollama");
    let text = std::fs::read_to_string(folder.join(format!("{case}.json")));
    serde_json::from_str(&text.unwrap_or_else(|error| panic!("{case}: {error}"))).unwrap()
}

/// The text of the response's body.
pub(crate) fn body(case: &str) -> String {
    recording(case)["response"]["body"].as_str().unwrap().to_owned()
}

/// The response's body as a type.
pub(crate) fn read<T: DeserializeOwned>(case: &str) -> T {
    serde_json::from_str(&body(case)).unwrap_or_else(|error| panic!("{case}: {error}"))
}

/// Writes a value and reads it again.
pub(crate) fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
}
