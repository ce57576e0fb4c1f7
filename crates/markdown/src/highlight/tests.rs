//! Tokens of code, and its bounds.

use proptest::prelude::*;

use super::*;

/// The tokens of code, each with the letter of its class.
fn tokens(language: &str, code: &str) -> Vec<String> {
    let html = highlight(language, code);
    assert_eq!(text(&html), code, "{language}: the text is not the code");
    let token = |part: &str| {
        let (class, rest) = part.split_once("\">").unwrap();
        format!("{class} {}", text(rest.split_once("</span>").unwrap().0))
    };
    html.split("<span class=\"h-").skip(1).map(token).collect()
}

fn text(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for c in html.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, c)| text.replace(entity, c))
}

#[test]
fn words_strings_comments_and_numbers_have_classes() {
    for (language, code, expected) in [
        (
            "rust",
            "fn go<'a>(x: &'a str) -> u8 { 'x'; vec![1.5]; MAX } // c",
            "k fn|f go|v 'a|v 'a|t str|t u8|s 'x'|f vec|n 1.5|n MAX|c // c",
        ),
        (
            "rs",
            "#[derive(Debug)]\nstruct A { s: r#\"a\"b\"# } /* a /* b */ c */",
            "a #[derive(Debug)]|k struct|t A|s r#\"a\"b\"#|c /* a /* b */ c */",
        ),
        (
            "python",
            "@app.get\ndef f(a=1e-5):\n    \"\"\"d\nd\"\"\"\n    return f'x' # c",
            "a @app|k def|f f|n 1e-5|s \"\"\"d\nd\"\"\"|k return|s f|s 'x'|c # c",
        ),
        (
            "ts",
            "const a: string = `x${1}`; new Foo(b.type); // c",
            "k const|t string|s `x${1}`|k new|t Foo|c // c",
        ),
        ("go", "func main() { x := \"a\\\"b\"; return nil }", "k func|f main|s \"a\\\"b\"|k return|n nil"),
        (
            "c",
            "#include <a.h>\nint main(void) { return 0x1F; }",
            "a #include|t int|f main|t void|k return|n 0x1F",
        ),
        (
            "bash",
            "$ sudo apt-get install -y \"$X\" # c\nX=$HOME if",
            "c $|k sudo|f apt-get|a -y|s \"$X\"|c # c|v X|v $HOME|k if",
        ),
        (
            "sql",
            "SELECT count(*) FROM t WHERE a = 'x''y' -- c",
            "k SELECT|f count|k FROM|k WHERE|s 'x'|s 'y'|c -- c",
        ),
        ("json", "{\"a\": \"b\", \"c\": [-1.5, true, null]}", "v \"a\"|s \"b\"|v \"c\"|n -1.5|n true|n null"),
        (
            "yaml",
            "# c\na-b: true\n- c: \"d\" # e\n  url: http://x#y",
            "c # c|v a-b|n true|v c|s \"d\"|c # e|v url",
        ),
        ("toml", "[a.b]\nc = \"d\" # e\nf = 12", "t [a.b]|v c|s \"d\"|c # e|v f|n 12"),
        ("diff", "--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\n c", "k --- a|k +++ b|a @@ -1 +1 @@|d -a|i +b"),
        (
            "html",
            "<!-- c --><a href=\"x\" b>&amp;</a><script>let a = 1;</script>",
            "c <!-- c -->|a a|v href|s \"x\"|v b|n &amp;|a a|a script|k let|n 1|a script",
        ),
        (
            "css",
            "a:hover, .b { color: #fff; margin: 1.5em calc(2px); } /* c */",
            "a a|a hover|a .b|v color|n #fff|v margin|n 1.5em|f calc|n 2px|c /* c */",
        ),
        ("php", "$a = new B($c->d); # e", "v $a|k new|t B|v $c|c # e"),
        ("ruby", "def a?\n  @b = :c\nend", "k def|f a?|v @b|n :c|k end"),
        ("haskell", "f' :: Int -> Int -- c", "t Int|t Int|c -- c"),
        ("js", "a = /\"\\/\"/g; b = c / 2 / 3", "s /\"\\/\"/g|n 2|n 3"),
        ("sh", "for f in *.txt; do echo a; done", "k for|k in|k do|f echo|k done"),
        ("console", "can't open 'a'", "f can|s 'a'"),
        ("unknown", "fn \"a\"", ""),
        ("", "fn \"a\"", ""),
    ] {
        assert_eq!(tokens(language, code).join("|"), expected, "{language}");
    }
}

#[test]
fn text_without_end_ends_with_code() {
    for (language, code, expected) in [
        ("rust", "\"a\nb", "s \"a\nb"),
        ("js", "'a\nb", "s 'a"),
        ("c", "/* a", "c /* a"),
        ("python", "'''a", "s '''a"),
        ("html", "<a b=\"c", "a a|v b|s \"c"),
        ("css", "a { b: \"c", "a a|v b|s \"c"),
    ] {
        assert_eq!(tokens(language, code).join("|"), expected, "{language}");
    }
}

#[test]
fn large_code_is_plain_at_its_end() {
    let html = highlight("rust", &"fn a() {}\n".repeat(100_000));
    assert!(html.starts_with("<span") && html.ends_with("fn a() {}\n"));
}

/// All names of all scanners, and some that are none.
fn names() -> Vec<&'static str> {
    let others = ["html", "css", "json", "yaml", "toml", "diff", "markdown", "text", ""];
    languages::all().flat_map(|language| language.names).copied().chain(others).collect()
}

#[test]
fn names_are_unique() {
    let mut names = names();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn hostile_code_takes_linear_time() {
    let pieces = [
        "<", "\"", "'", "/*", "(", "$", "${", "#", "-", "<a ", "\\", "`", "&", "@", ":", "a:", "  ",
        "\"\"\"", "{-", "]", "a",
    ];
    let names = [
        "rust", "python", "bash", "ruby", "lua", "latex", "html", "css", "json", "yaml", "toml", "diff", "md",
    ];
    for (name, piece) in names.iter().flat_map(|name| pieces.iter().map(move |piece| (name, piece))) {
        let begin = std::time::Instant::now();
        highlight(name, &piece.repeat(50_000 / piece.len()));
        // Linear code takes 50 ms in a debug build, quadratic code a minute.
        assert!(
            begin.elapsed() < std::time::Duration::from_secs(10),
            "{name} {piece:?} {:?}",
            begin.elapsed()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_language_keeps_any_text(code in "[ -~\n\t\u{e9}\u{5b57}\u{1f600}]{0,80}|\\PC{0,60}") {
        for name in names() {
            tokens(name, &code);
        }
    }
}
