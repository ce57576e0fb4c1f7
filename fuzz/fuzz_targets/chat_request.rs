//! Any body of a chat completion: no panic, and what is taken can be started or names the field that is wrong.
#![no_main]

use http::fuzz_body;
use libfuzzer_sys::fuzz_target;
use openai::ChatCompletionRequest;
use service::chat::request::ChatCall;

fuzz_target!(|data: &[u8]| {
    let Ok(request) = fuzz_body::<ChatCompletionRequest>(data) else { return };
    let _ = request.unsupported_field();
    if let Err(error) = ChatCall::from_openai(request) {
        assert!(!error.message.is_empty());
    }
});
