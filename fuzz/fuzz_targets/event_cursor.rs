//! Any `Last-Event-ID`: no panic, and a position that was read is written so that it is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use service::tasks::reply::ReplyCursor;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(cursor) = text.parse::<ReplyCursor>() else { return };
    assert_eq!(cursor.to_string().parse::<ReplyCursor>(), Ok(cursor));
});
