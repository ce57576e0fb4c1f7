//! OpenAI's API as data, in OpenAI's words: what requests hold, and what answers look like.
//!
//! The fronts read requests and write answers with it; the provider for OpenAI-compatible servers writes requests
//! with it. It knows no HTTP, no MCP and no policy: a front decides what to do with a field that it cannot honour.
//!
//! Sources: the API reference of OpenAI (chat completions, responses, embeddings, models, errors), the types of its SDK for
//! Python, and recorded answers of Ollama's `/v1`.

pub mod chunk;
pub mod completion;
pub mod completions;
pub mod embeddings;
pub mod error;
pub mod logprobs;
pub mod messages;
pub mod models;
pub mod request;
pub mod response_format;
pub mod responses;
#[cfg(feature = "schema")]
pub mod schema;

pub use error::InvalidArgument;
pub use request::ChatCompletionRequest;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod sdk_fields;
