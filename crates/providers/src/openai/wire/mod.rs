//! The JSON of OpenAI's API, as structs. Every field of an answer may be missing or null, and
//! unknown ones are ignored: servers that call themselves compatible differ much.

mod chat;
mod embed;
mod models;

pub(super) use chat::{
    CallBody, CallDelta, CallFunctionBody, ChatBody, Chunk, Content, DataUrl, Delta, ImageUrl, MessageBody,
    Part,
};
pub(super) use embed::{EmbedAnswer, EmbedBody, Vector};
pub(super) use models::{ListedModel, ModelsAnswer};
