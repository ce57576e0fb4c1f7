//! `/responses`: requests and their items, responses, and the events of their streams.

mod event;
mod fields;
mod input;
mod items;
mod output;
mod request;
mod tools;

pub use event::Event;
pub use fields::FIELDS;
pub use input::{is_reference, item_id, read_input, set_item_ids};
pub use items::{Conversation, messages_of};
pub use output::{
    Content, ErrorObject, IncompleteDetails, ItemStatus, Object, OutputItem, Response, Status, Usage,
};
pub use request::{ResponsesRequest, name_of};

#[cfg(test)]
mod tests;
