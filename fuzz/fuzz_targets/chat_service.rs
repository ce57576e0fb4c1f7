//! Any body of `POST /chat`, in each of its forms: no panic, and what is refused is the caller's fault.
#![no_main]

use http::fuzz_chat_service;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Err(status) = fuzz_chat_service(data) {
        assert_eq!(status, 400);
    }
});
