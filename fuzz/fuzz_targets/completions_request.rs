//! Any body of a completion of bare prompts: no panic.
#![no_main]

use http::fuzz_body;
use libfuzzer_sys::fuzz_target;
use openai::completions::CompletionsRequest;

fuzz_target!(|data: &[u8]| {
    let Ok(mut request) = fuzz_body::<CompletionsRequest>(data) else { return };
    let _ = (request.unsupported_field(), request.logprobs());
    if let Ok(prompts) = request.take_prompts() {
        assert!(!prompts.is_empty());
    }
});
