//! The JSON of OpenAI-compatible servers' answers. Every field may be missing or null, and unknown ones are ignored:
//! these servers differ much. What is sent to them is written by the crate `openai`.

mod chat;
mod embed;
mod models;

pub(super) use chat::{CallDelta, Chunk, Delta, LogprobsAnswer};
pub(super) use embed::{EmbedAnswer, Vector};
pub(super) use models::{ListedModel, ModelsAnswer};
