//! Any path, and any bytes in a file: nothing outside the allowed directory is opened, and nothing panics.
#![no_main]

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use files::{Content, Sandbox, fenced, read};

const MAX_FILE_BYTES: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let place = PLACE.get_or_init(place);
    let sandbox = Sandbox::new(vec![place.join("allowed")]);
    let path = String::from_utf8_lossy(data);
    if let Ok(mut opened) = sandbox.open(&path) {
        let mut text = String::new();
        opened.file.read_to_string(&mut text).unwrap();
        assert_ne!(text, "outside", "{path:?}");
    }
    // A PDF would start this program once more.
    if !data.trim_ascii_start().starts_with(b"%PDF-") && !data.starts_with(b"\xef\xbb\xbf") {
        std::fs::write(place.join("allowed/file"), data).unwrap();
        if let Ok(Content::Text(text)) = read(sandbox.open("file").unwrap(), MAX_FILE_BYTES, &|| false) {
            let fenced = fenced("title", &text);
            let fence = fenced.lines().nth(1).unwrap();
            assert!(!text.contains(fence));
        }
    }
});

fn place() -> PathBuf {
    let place = std::env::temp_dir().join(format!("ollama-mcp-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(place.join("allowed/sub")).unwrap();
    std::fs::write(place.join("outside"), "outside").unwrap();
    std::fs::write(place.join("allowed/a"), "inside").unwrap();
    #[cfg(unix)]
    for (target, link) in [("../outside", "l"), ("../../outside", "sub/l"), ("/", "r"), ("a", "i")] {
        let _ = std::os::unix::fs::symlink(target, place.join("allowed").join(link));
    }
    place
}
