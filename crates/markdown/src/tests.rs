//! Hostile texts: whatever comes in, only what `ALLOWED` lists goes out.

mod rules;

use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::{Renderer, html, render, sanitize};
use rules::{broken, check};

/// The cases, which the tests of the page use, too.
fn corpus() -> Vec<(&'static str, &'static str)> {
    let cases = include_str!("../tests/hostile.md").split("\n%%% ").skip(1);
    cases.map(|case| case.split_once('\n').unwrap()).collect()
}

/// Checks what is shown of a text while it arrives in pieces, and the whole.
fn check_pieces(text: &str, size: usize) {
    let mut renderer = Renderer::new();
    let chars: Vec<_> = text.chars().collect();
    for piece in chars.chunks(size) {
        renderer.push(&piece.iter().collect::<String>());
        for block in renderer.changes().blocks {
            check(&block.html, text);
        }
    }
    renderer.finish();
    let blocks: Vec<_> = renderer.all().blocks.into_iter().map(|block| block.html).collect();
    assert_eq!(blocks, render(text), "{text:?}");
    check(&blocks.concat(), text);
}

#[test]
fn corpus_is_safe_in_any_pieces() {
    let corpus = corpus();
    assert!(corpus.len() > 200, "{}", corpus.len());
    for (name, text) in corpus {
        println!("{name}");
        for size in [1, 3, text.len().max(1)] {
            check_pieces(text, size);
        }
        // Inside of what can contain it.
        check_pieces(&format!("> - {}", text.replace('\n', "\n>   ")), 50);
        check_pieces(&format!("| a |\n|---|\n| {} |", text.replace('\n', " ")), 50);
        check_pieces(&format!("```html\n{text}\n```"), 50);
    }
}

#[test]
fn corpus_as_one_document_is_safe() {
    check_pieces(&corpus().into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n\n"), 997);
}

#[test]
fn each_wall_alone_is_safe() {
    for (name, text) in corpus() {
        let written = html::write(text, &Default::default(), &mut Default::default()).html;
        let broken_by_writer = broken(&written);
        assert!(broken_by_writer.is_empty(), "{name}: {broken_by_writer:?} in {written}");
        let clean = sanitize::clean(text);
        // It leaves characters, the nesting of links and empty classes; checkboxes are told apart by the writer alone.
        let harmless = ["the character", "an input that", "a link in", "class=\"\""];
        let is_element = |broken: &String| !harmless.iter().any(|harmless| broken.starts_with(harmless));
        let broken_by_sanitizer: Vec<_> = broken(&clean).into_iter().filter(is_element).collect();
        assert!(broken_by_sanitizer.is_empty(), "{name}: {broken_by_sanitizer:?} in {clean}");
    }
}

#[test]
fn text_of_hostile_html_is_shown() {
    let html = render("<script>alert(1)</script>\n\na <img src=x onerror=alert(1)> b").concat();
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
    assert!(html.contains("a &lt;img src=x onerror=alert(1)&gt; b"), "{html}");
}

/// Texts that are deep or long, with a bound that a quadratic one exceeds by far.
#[test]
fn deep_and_long_texts_take_linear_time() {
    let steps: String = (0..400).map(|depth| format!("{}- a\n", "  ".repeat(depth))).collect();
    let numbers: String =
        (0..3_000).map(|number| format!("[{number}]: https://x.example/{number}\n")).collect();
    let long_definition =
        format!("[a]: https://x.example/{}\n\n{}", "x".repeat(4_000), "[a] ".repeat(10_000));
    for (name, text) in [
        ("quotes", ">".repeat(10_000)),
        ("quotes in lines", format!("{}a\n", "> ".repeat(200)).repeat(100)),
        ("brackets", "[".repeat(50_000)),
        ("closed brackets", format!("{}a{}", "[".repeat(10_000), "]".repeat(10_000))),
        ("images", "![".repeat(20_000)),
        ("links", "[a](".repeat(10_000)),
        ("emphasis", "*".repeat(50_000)),
        ("nested emphasis", format!("{}a{}", "*a ".repeat(10_000), " a*".repeat(10_000))),
        ("underscores", "_a ".repeat(20_000)),
        ("lists", "- ".repeat(5_000)),
        ("numbered lists", "1. ".repeat(5_000)),
        ("steps of lists", format!("{steps}{}", "\n".repeat(2_000))),
        ("backticks", (1..300).map(|count| format!("{} ", "`".repeat(count))).collect()),
        ("entities", "&".repeat(50_000)),
        ("angles", "<".repeat(50_000)),
        ("tags", "<a ".repeat(20_000)),
        ("comments", "<!--".repeat(10_000)),
        ("instructions", "<?".repeat(20_000)),
        ("dollars", "$a ".repeat(20_000)),
        ("formulas", "\\(a ".repeat(20_000)),
        ("displays", "\\[a ".repeat(20_000)),
        ("columns", format!("{}\n{}\n{}", "|a".repeat(500), "|-".repeat(500), "|b\n".repeat(500))),
        ("addresses", "https://x.example/".repeat(5_000)),
        ("parentheses", format!("https://x.example/{}", ")".repeat(50_000))),
        ("definitions", numbers),
        ("long definition", long_definition),
        ("line", "a".repeat(1_000_000)),
        ("words", "a ".repeat(300_000)),
        ("breaks", "\n".repeat(300_000)),
        ("strikes", "~~a ".repeat(20_000)),
        ("marks", "**。字".repeat(10_000)),
        ("escapes", "\\".repeat(50_000)),
    ] {
        let begin = Instant::now();
        let html = render(&text).concat();
        println!("{name}: {:?}", begin.elapsed());
        assert!(begin.elapsed() < Duration::from_secs(20), "{name}: {:?}", begin.elapsed());
        assert!(html.len() < 60 * text.len() + 100_000, "{name}: {} bytes", html.len());
        check(&html, name);
    }
}

fn piece() -> impl Strategy<Value = String> {
    let words = [
        "<",
        ">",
        "</",
        "<script>",
        "</script>",
        "<img src=x onerror=a>",
        "<!--",
        "-->",
        "\"",
        "'",
        "=",
        "on",
        "javascript:",
        "data:",
        "(",
        ")",
        "[",
        "]",
        "](",
        "![",
        "`",
        "```",
        "```html\n",
        "\n",
        "\n\n",
        "- ",
        "> ",
        "|",
        "|-|\n",
        "&",
        "&lt;",
        "&#x3c;",
        ";",
        "#",
        "*",
        "**",
        "_",
        "~~",
        "$",
        "\\",
        "\\(",
        "\\)",
        "https://x.example/",
        "<https://",
        "a",
        " ",
        "<br>",
        "<style>",
        "<svg>",
        "<math>",
        "]: ",
        "\u{10ff3c}",
        "&#x10ff3c;",
        "\u{202e}",
        "\0",
        "- [x] ",
    ];
    proptest::sample::select(words.to_vec()).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_markup_is_safe(pieces in proptest::collection::vec(piece(), 0..60)) {
        let text = pieces.concat();
        check_pieces(&text, 11);
    }

    #[test]
    fn random_characters_are_safe(text in "\\PC{0,100}|(?s:.{0,60})") {
        check_pieces(&text, 7);
    }
}
