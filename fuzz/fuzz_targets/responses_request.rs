//! Any body of a response: no panic, and what is taken can be started or names the field that is wrong.
#![no_main]

use http::fuzz_body;
use libfuzzer_sys::fuzz_target;
use openai::responses::{ResponsesRequest, messages_of, read_input, set_item_ids};
use service::chat::request::ChatCall;

fuzz_target!(|data: &[u8]| {
    let Ok(mut request) = fuzz_body::<ResponsesRequest>(data) else { return };
    let _ = (request.unsupported_field(), request.ignored_parts());
    if let Some(Ok(mut items)) = request.input.take().map(read_input) {
        set_item_ids(&mut items, "1");
        if let Err(error) = messages_of(items.iter().map(|item| ("input", item))) {
            assert!(!error.reason.is_empty());
        }
    }
    if let Ok(mut chat) = request.chat()
        && let Err(error) = ChatCall::generation(&mut chat)
    {
        assert!(!error.message.is_empty());
    }
});
