//! Any body of a request for embeddings: no panic.
#![no_main]

use http::fuzz_body;
use libfuzzer_sys::fuzz_target;
use openai::embeddings::EmbeddingsRequest;

fuzz_target!(|data: &[u8]| {
    let Ok(mut request) = fuzz_body::<EmbeddingsRequest>(data) else { return };
    let _ = (request.wants_base64(), request.take_texts());
});
