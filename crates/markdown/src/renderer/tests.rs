//! Blocks of a text that grows.

use proptest::prelude::*;

use super::*;
use crate::throttle::MAX_WORK;

/// What someone sees who applies all changes, with what the last ones were.
fn follow(pieces: &[&str]) -> (Vec<String>, Vec<Changes>) {
    let mut renderer = Renderer::new();
    let mut page: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for piece in pieces.iter().map(Some).chain([None]) {
        let changes = match piece {
            Some(piece) => {
                renderer.push(piece);
                renderer.changes()
            }
            None => renderer.finish(),
        };
        page.resize(changes.count, String::new());
        for block in &changes.blocks {
            page[block.index].clone_from(&block.html);
        }
        let known: Vec<_> = renderer.all().blocks.into_iter().map(|block| block.html).collect();
        assert_eq!(page, known);
        all.push(changes);
    }
    (page, all)
}

#[test]
fn only_open_blocks_change() {
    let (page, changes) = follow(&["# a\n\nb", "c", "\n\nd\n"]);
    assert_eq!(page, ["<h3>a</h3>", "<p>bc</p>", "<p>d</p>"]);
    let indexes = |at: usize| -> Vec<_> { changes[at].blocks.iter().map(|b| (b.index, b.open)).collect() };
    assert_eq!(indexes(0), [(0, true), (1, true)]);
    assert_eq!(indexes(1), [(1, true)]);
    assert_eq!(indexes(2), [(0, false), (1, false), (2, true)]);
    assert_eq!(indexes(3), [(2, false)]);
}

#[test]
fn beginning_of_mark_is_not_shown() {
    let (_, changes) = follow(&["Text\n-", "-", " a", "\n"]);
    let html: Vec<_> = changes.iter().flat_map(|c| &c.blocks).map(|block| block.html.as_str()).collect();
    assert!(html.iter().all(|html| !html.contains("<h")), "{html:?}");
    let (_, changes) = follow(&["| a | b", " |\n", "|--", "-|-|\n", "| 1"]);
    let html: Vec<_> = changes.iter().flat_map(|c| &c.blocks).map(|block| block.html.as_str()).collect();
    assert!(html.iter().all(|html| html.contains("<table>")), "{html:?}");
}

#[test]
fn open_code_is_code() {
    let (_, changes) = follow(&["```rust\nfn a", "() {}\n``", "`\n"]);
    assert!(
        changes.iter().flat_map(|c| &c.blocks).all(|block| block.html.contains("<pre><code>")),
        "{changes:?}"
    );
}

/// Feeds a text in pieces of four bytes, asking for changes as often as a page does; returns how many bytes were rendered and
/// the calls.
fn work(text: &str, every: usize) -> (usize, usize) {
    let mut renderer = Renderer::new();
    let mut calls = 0;
    for (number, piece) in text.as_bytes().chunks(4).enumerate() {
        renderer.push(std::str::from_utf8(piece).unwrap());
        if number % every == 0 {
            renderer.changes();
            calls += 1;
        }
    }
    renderer.finish();
    (renderer.work, calls)
}

#[test]
fn long_answer_takes_bounded_work() {
    let prose = "Some words of a paragraph, **bold** and `code`.\n\n- item\n- item\n\n";
    let (done, calls) = work(&prose.repeat(1_000_000 / prose.len()), 250);
    assert!(done < 2_500_000, "{done} bytes in {calls} calls");
}

#[test]
fn large_open_block_waits_for_more() {
    let mut renderer = Renderer::new();
    renderer.push(&format!("```rust\n{}", "let a = 1;\n".repeat(10_000)));
    assert_eq!(renderer.changes().blocks.len(), 1);
    let html = renderer.shown[0].html.len();
    let calls = (1..).find(|_| {
        renderer.push("a");
        !renderer.changes().blocks.is_empty()
    });
    assert_eq!(calls, Some(html.div_ceil(MAX_WORK)));
    renderer.push(&"b\n".repeat(html / 16));
    assert_eq!(renderer.changes().blocks.len(), 1);
}

#[test]
fn block_beyond_limit_is_cut_and_code_goes_on_as_code() {
    let code = format!("```text\n{}", "0123456789\n".repeat(MAX_BLOCK / 11 / 2 * 3));
    let mut renderer = Renderer::new();
    for piece in code.as_bytes().chunks(100_000) {
        renderer.push(std::str::from_utf8(piece).unwrap());
        renderer.changes();
    }
    renderer.finish();
    let blocks: Vec<_> = renderer.all().blocks.into_iter().map(|block| block.html).collect();
    assert_eq!(blocks.len(), 2);
    assert!(
        blocks.iter().all(
            |html| html.starts_with("<div class=\"code\" data-language=\"text\"><pre><code>0123456789\n")
        )
    );
    assert_eq!(
        blocks.iter().map(|html| html.matches("0123456789").count()).sum::<usize>(),
        MAX_BLOCK / 11 / 2 * 3
    );
    assert_eq!(blocks, crate::render(&code));
}

#[test]
fn nothing_new_is_no_change() {
    let mut renderer = Renderer::new();
    renderer.push("a\n\nb");
    assert_eq!(renderer.changes().blocks.len(), 2);
    assert_eq!(renderer.changes(), Changes { count: 2, blocks: Vec::new() });
    renderer.finish();
    renderer.push("c");
    assert_eq!(renderer.finish(), Changes { count: 2, blocks: Vec::new() });
}

#[test]
fn renderer_can_move_to_another_thread() {
    fn is_send<T: Send>(_: T) {}
    is_send(Renderer::new());
}

fn markdown() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("\n"),
        Just("\n\n"),
        Just("- "),
        Just("  "),
        Just("    "),
        Just("1. "),
        Just("> "),
        Just("```"),
        Just("~~~"),
        Just("|"),
        Just("|-|-|\n"),
        Just("| a | b |\n"),
        Just("---"),
        Just("==="),
        Just("# "),
        Just("*"),
        Just("**"),
        Just("_"),
        Just("`"),
        Just("["),
        Just("]"),
        Just("]: https://x.org/a"),
        Just("[a]"),
        Just("("),
        Just(")"),
        Just("<div>"),
        Just("<!--"),
        Just("-->"),
        Just("<script>"),
        Just("</script>"),
        Just("<a "),
        Just("\\"),
        Just("\\("),
        Just("\\)"),
        Just("\\["),
        Just("\\]"),
        Just("$$"),
        Just("$"),
        Just("a"),
        Just("b c"),
        Just("。"),
        Just("字"),
        Just("\t"),
        Just("\r"),
        Just("!["),
        Just("](https://x.org)"),
        Just("- [ ] "),
        Just("&amp;"),
        Just("\u{202e}"),
        Just("\""),
    ];
    proptest::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn pieces_make_same_blocks_as_whole(text in markdown(), cuts in proptest::collection::vec(0_usize..200, 0..12)) {
        let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| text.is_char_boundary(*cut)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| text.get(cut[0]..cut[1]).unwrap()).collect();
        let (page, _) = follow(&pieces);
        prop_assert_eq!(page, crate::render(&text));
    }
}
