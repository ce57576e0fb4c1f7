//! The JSON of Ollama's API, as structs. Every field of an answer may be missing or null, and
//! unknown ones are ignored, so that older and newer servers work.

mod chat;
mod embed;
mod generate;
mod models;
mod transfer;

pub(super) use chat::{
    CallBody, CallFunctionBody, CallLine, ChatBody, ChatLine, Format, MessageBody, ThinkBody,
};
pub(super) use embed::{EmbedAnswer, EmbedBody};
pub(super) use generate::GenerateBody;
pub(super) use models::{
    DetailsAnswer, ListedModel, LoadedModel, PsAnswer, ShowAnswer, ShowBody, TagsAnswer, VersionAnswer,
};
pub(super) use transfer::{CopyBody, CreateBody, DeleteBody, RegistryBody, TransferLine};
