//! Any body of a streamed reply, in any pieces: no panic, one end, and the same events however it is cut.
#![no_main]

mod cuts;

use libfuzzer_sys::fuzz_target;
use providers::openai::fuzz_decode as decode;
use types::ChatEvent;

fuzz_target!(|data: &[u8]| {
    let (pieces, whole) = cuts::cut(data);
    let events = decode([whole]);
    let ends = |event: &Result<ChatEvent, _>| matches!(event, Ok(ChatEvent::Done(_)) | Err(_));
    assert_eq!(events.iter().filter(|event| ends(event)).count(), 1, "{events:?}");
    assert!(events.last().is_some_and(ends), "{events:?}");
    assert_eq!(decode(pieces), events);
});
