//! `POST /api/pull`, `/api/push`, `/api/create` and `/api/copy`, and `DELETE /api/delete`.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::MessageBody;
use types::de::lenient_u64;

/// A pull or a push.
#[derive(Debug, Serialize)]
pub(crate) struct RegistryBody<'a> {
    pub(crate) model: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) insecure: bool,
    pub(crate) stream: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct CreateBody<'a> {
    pub(crate) model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "as_map")]
    pub(crate) files: &'a [(String, String)],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) system: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) license: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) parameters: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) messages: Vec<MessageBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quantize: Option<&'a str>,
    pub(crate) stream: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct CopyBody<'a> {
    pub(crate) source: &'a str,
    pub(crate) destination: &'a str,
}

#[derive(Debug, Serialize)]
pub(crate) struct DeleteBody<'a> {
    pub(crate) model: &'a str,
}

/// One line of progress.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TransferLine {
    /// Text; beside an error it can be the number of an HTTP status.
    pub(crate) status: Option<Value>,
    pub(crate) digest: Option<String>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) total: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) completed: Option<u64>,
    pub(crate) error: Option<Box<RawValue>>,
}

fn as_map<S: Serializer>(files: &&[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(files.iter().map(|(name, digest)| (name, digest)))
}
