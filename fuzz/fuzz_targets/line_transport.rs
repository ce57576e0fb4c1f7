//! Any bytes on stdin, in any reads: no panic, and the same messages however they are cut.
#![no_main]

mod cuts;

use libfuzzer_sys::fuzz_target;
use mcp::fuzz_line_transport as messages;

fuzz_target!(|data: &[u8]| {
    let (pieces, whole) = cuts::cut(data);
    // A bound that inputs reach, and one that they do not.
    for limit in [100, 1 << 20] {
        assert_eq!(messages(&pieces, limit), messages([whole], limit));
    }
});
