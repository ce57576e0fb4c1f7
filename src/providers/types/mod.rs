//! The words that service and providers share: messages, requests, events, models.
//!
//! They name OpenAI's terms where OpenAI has one, and are no wire format of either side.

mod chat;
mod message;
mod model;

pub use chat::{
    ChatEnd, ChatEvent, ChatRequest, FinishReason, ResponseFormat, Sampling, Think, Timings, Usage,
};
pub use message::{Image, Message, Role, ToolCall};
pub use model::{Health, Model, ModelDetails, Remote, RunningModel};
