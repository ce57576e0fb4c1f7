//! An answer in any pieces, as it is shown while it arrives, and the whole. `crates/markdown` has the rules for its HTML.
#![no_main]

mod cuts;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (pieces, _) = cuts::cut(data);
    let pieces: Vec<_> = pieces.into_iter().map(String::from_utf8_lossy).collect();
    let mut renderer = markdown::Renderer::new();
    for piece in &pieces {
        renderer.push(piece);
        renderer.changes();
    }
    renderer.finish();
    let shown: Vec<_> = renderer.all().blocks.into_iter().map(|block| block.html).collect();
    assert_eq!(shown, markdown::render(&pieces.concat()));
    assert!(shown.iter().all(|html| !html.contains("<script") && !html.contains("<img")));
});
