//! Types that service and providers share: messages, requests, events, models.
//!
//! They use OpenAI's terms where OpenAI has one, and are not a wire format.

mod chat;
pub mod de;
mod embed;
mod generate;
mod invalid_argument;
mod keep_alive;
mod limits;
mod location;
mod logprob;
mod message;
mod model;
mod owner;
mod place;
mod scope;
mod transfer;
mod web;

pub use chat::{
    ChatEnd, ChatEvent, ChatRequest, FinishReason, ResponseFormat, Sampling, Think, Timings, ToolChoice,
    Usage,
};
pub use embed::{EmbedRequest, Embeddings};
pub use generate::GenerateRequest;
pub use invalid_argument::InvalidArgument;
pub use keep_alive::KeepAlive;
pub use limits::{Limits, RateStatus, RateWindow};
pub use location::Location;
pub use logprob::TokenLogprob;
pub use message::{Image, Message, Role, ToolCall};
pub use model::{Health, Model, ModelDetails, Remote, RunningModel};
pub use owner::Owner;
pub use place::Place;
pub use scope::{Rights, Scope};
pub use transfer::{CreateRequest, TransferEvent};
pub use web::{WebPage, WebResult};
