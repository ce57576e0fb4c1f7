//! Anthropic's Messages API as data, in Anthropic's words: what requests hold, and what answers look like.
//!
//! A front reads requests and writes answers with it. It knows no HTTP and no policy. Requests are read leniently: what no local
//! model can do is refused with its path, what has no effect is named in [`Ignored`].
//!
//! Source: the types of Anthropic's SDKs for Python and TypeScript (`types/message_create_params.py` and its neighbours).

mod blocks;
pub mod event;
mod ignored;
pub mod message;
pub mod models;
pub mod request;
mod tools;

pub use blocks::{FilePart, FileSource, Prompt, read_prompt};
pub use ignored::Ignored;
pub use request::MessagesRequest;
pub use tools::{ToolChanges, read_tool_choice, read_tools};
