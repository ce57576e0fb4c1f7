//! Passages of texts of many kinds: structure, places, lengths.

use proptest::prelude::*;

use super::*;

fn split_text(name: &str, text: &str, max_bytes: usize, overlap: usize) -> Vec<Passage> {
    let passages = split(Source::Text { name, text }, Limits { max_bytes, overlap });
    check_passages(text, &passages, max_bytes);
    passages
}

/// What holds for the passages of every text.
fn check_passages(text: &str, passages: &[Passage], max_bytes: usize) {
    let lines: Vec<_> = text.split('\n').collect();
    let mut covered = vec![false; lines.len()];
    for passage in passages {
        let Place::Lines { first, last } = passage.place else { panic!("no lines") };
        let range = first as usize - 1..last as usize;
        assert!(
            lines[range.clone()].join("\n").contains(&passage.text),
            "{first}-{last}: {:?}",
            passage.text
        );
        assert_eq!(passage.text.matches('\n').count() as u32, last - first);
        assert!(!passage.text.trim().is_empty() && passage.text.len() <= max_bytes);
        assert!(!lines[range.start].trim().is_empty() && !lines[range.end - 1].trim().is_empty());
        covered[range].fill(true);
    }
    for (line, is_covered) in lines.iter().zip(covered) {
        assert!(is_covered || line.trim().is_empty(), "{line:?} is in no passage");
    }
}

/// Lines, heading and text of each passage.
fn shown(passages: &[Passage]) -> Vec<(u32, u32, &str, &str)> {
    let place = |passage: &Passage| match passage.place {
        Place::Lines { first, last } => (first, last),
        Place::Page { page } => (page, page),
    };
    let all = passages.iter().map(|passage| (place(passage), passage));
    all.map(|((first, last), passage)| {
        (first, last, passage.heading.as_deref().unwrap_or_default(), passage.text.as_str())
    })
    .collect()
}

fn headings(passages: &[Passage]) -> Vec<(u32, u32, &str)> {
    shown(passages).into_iter().map(|(first, last, heading, _)| (first, last, heading)).collect()
}

const README: &str = "---\ntitle: x\n# no heading\n---\n# Tool\n\nA tool that does things.\n\n## Install\n\n### Linux\n\nGet the package and install it as always.\n\n```sh\n# no heading\n\napt install tool\n```\n\n### macOS ###\n\nBrew it, or take the archive from the page.\n\nUsage\n-----\n\nRun it.\n";

#[test]
fn sections_of_markdown_are_passages() {
    let passages = split_text("README.md", README, 110, 20);
    assert_eq!(
        headings(&passages),
        [
            (1, 4, ""),
            (5, 7, "Tool"),
            (9, 19, "Tool > Install > Linux"),
            (21, 23, "Tool > Install > macOS"),
            (25, 28, "Tool > Usage")
        ]
    );
    assert!(passages[2].text.starts_with("## Install\n\n### Linux\n\nGet"));
    assert!(passages[2].text.ends_with("apt install tool\n```"), "{}", passages[2].text);
}

#[test]
fn front_matter_has_no_headings() {
    let text = "---\ntitle: x\n# no heading\ntext: some words\n---\n\nThe text.\n";
    assert!(split_text("x.md", text, 20, 0).iter().all(|passage| passage.heading.is_none()));
}

#[test]
fn heading_stays_with_its_text() {
    let text = "Some text.\n\n# Next\n\nOther sentences are in this section of it.\n";
    let passages = split_text("x.md", text, 48, 0);
    assert!(passages.iter().all(|passage| !passage.text.ends_with("\n# Next")));
}

#[test]
fn short_sections_are_one_passage() {
    let text = "# A\n\n## B\n\none\n\n## C\n\ntwo\n";
    assert_eq!(headings(&split_text("x.md", text, 1000, 100)), [(1, 9, "A")]);
    // Half a passage is not filled up with the next section.
    let text = format!(
        "## B\n\n{}\n\n## C\n\n{}\n\n## D\n\nshort\n\n# E\n\nshort\n",
        "b ".repeat(350),
        "c ".repeat(250)
    );
    assert_eq!(headings(&split_text("x.md", &text, 1200, 100)), [(1, 3, "B"), (5, 15, "")]);
}

#[test]
fn headings_of_other_formats_are_found() {
    let text = |marks: [&str; 3]| {
        format!("{}\n\nfirst text\n\n{}\n\nsecond text\n\n{}\n\nthird text\n", marks[0], marks[1], marks[2])
    };
    for (name, marks) in [
        ("x.adoc", ["= One", "== Two", "=== Three"]),
        ("x.rst", ["One\n===", "Two\n---", "Three\n~~~~~"]),
        ("x.rst", ["===\nOne\n===", "Two\n***", "Three\n+++++"]),
        ("x.org", ["* One", "** Two", "*** Three"]),
        ("x.tex", ["\\part{One}", "\\section*{Two}", "\\subsection{Three}"]),
        ("x.markdown", ["One\n===", "Two\n---", "### Three"]),
    ] {
        let text = text(marks);
        let passages = split_text(name, &text, 34, 0);
        let found: Vec<_> = passages.iter().filter_map(|passage| passage.heading.clone()).collect();
        assert_eq!(found, ["One", "One > Two", "One > Two > Three"], "{name}");
    }
    let passages = split_text("x.toml", "[a]\nx = 1\ny = 2\n[b.c]\nz = [\n  3\n]\n", 20, 0);
    assert_eq!(headings(&passages), [(1, 3, "[a]"), (4, 7, "[b.c]")]);
}

#[test]
fn prose_is_cut_at_paragraphs_then_sentences_then_words() {
    let text = "One two three four. Five six\nseven eight nine. Ten\n\nA second paragraph here.\n";
    assert_eq!(
        shown(&split_text("x.txt", text, 40, 0)),
        [
            (1, 1, "", "One two three four. "),
            (1, 2, "", "Five six\nseven eight nine. Ten"),
            (4, 4, "", "A second paragraph here.")
        ]
    );
    let passages = split_text("x.txt", "Aaa bbb. Ccc ddd! Eee e.g. fff? Ggg", 18, 0);
    let texts: Vec<_> = passages.iter().map(|passage| passage.text.trim_end()).collect();
    assert_eq!(texts, ["Aaa bbb. Ccc ddd!", "Eee e.g. fff? Ggg"]);
    let passages = split_text("x.txt", "東京は首都です。大阪は西にある。", 30, 0);
    assert_eq!(passages[0].text, "東京は首都です。");
    assert_eq!(split_text("x.txt", "aaaa bbbb cccc", 6, 0)[1].text, "bbbb ");
    assert_eq!(split_text("x.txt", "ääääää", 5, 0)[0].text, "ää");
}

#[test]
fn overlap_is_whole_sentences_within_running_text() {
    let text = "First sentence here. Second one. Third sentence is here. Fourth one.\n\n# Next\n\nOther sentences are in this section of it.\n";
    let passages = split_text("x.md", text, 60, 15);
    assert_eq!(passages[0].text.trim_end(), "First sentence here. Second one. Third sentence is here.");
    assert_eq!(passages[1].text, "Fourth one.");
    let passages = split_text("x.md", text, 52, 12);
    assert_eq!(passages[0].text.trim_end(), "First sentence here. Second one.");
    assert_eq!(passages[1].text, "Second one. Third sentence is here. Fourth one.");
    assert_eq!(passages[2].text, "# Next\n\nOther sentences are in this section of it.");
}

const CODE: &str = "//! A file.\n\nuse x::y;\n\n/// A sandbox.\npub struct Sandbox {\n    a: u32,\n}\nimpl Sandbox {\n    /// Opens.\n    #[must_use]\n    pub fn open(\n        &self,\n    ) -> u32 {\n        let a = 1;\n\n        if a > 2 {\n            return 3;\n        }\n        a\n    }\n\n    fn close(&self) {\n        call_something(1, 2, 3, 4);\n    }\n}\n\nfn main() {\n    Sandbox::open();\n}\n";

#[test]
fn code_is_cut_at_its_blocks() {
    assert_eq!(
        headings(&split_text("x.rs", CODE, 120, 0)),
        [
            (1, 3, ""),
            (5, 8, "pub struct Sandbox"),
            (9, 15, "impl Sandbox"),
            (17, 21, "impl Sandbox > pub fn open"),
            (23, 26, "impl Sandbox > fn close(&self)"),
            (28, 30, "fn main()"),
        ]
    );
    let python = "import os\n\nclass Foo:\n    \"\"\"Docs.\"\"\"\n\n    @property\n    def bar(self):\n        return 1\n\n    def baz(self):\n        for x in y:\n            print(x)\n";
    assert_eq!(
        headings(&split_text("x.py", python, 60, 0)),
        [
            (1, 1, ""),
            (3, 4, "class Foo"),
            (6, 8, "class Foo > def bar(self)"),
            (10, 12, "class Foo > def baz(self)")
        ]
    );
}

#[test]
fn long_function_is_cut_at_its_outer_lines() {
    let body = "    if a {\n        b();\n        c();\n    }\n".repeat(20);
    let text = format!("fn long() {{\n{body}}}\n");
    for max_bytes in 100..240 {
        let passages = split_text("x.rs", &text, max_bytes, 40);
        assert!(passages.len() > 3);
        for passage in &passages {
            assert_eq!(passage.heading.as_deref(), Some("fn long()"));
            assert!(!passage.text.starts_with("    }"), "{max_bytes}: {}", passage.text);
        }
    }
}

#[test]
fn closing_bracket_stays_with_what_it_closes() {
    let text = format!("call(\n{})\n", "    argument,\n".repeat(9));
    for max_bytes in 60..140 {
        let passages = split_text("x.rs", &text, max_bytes, 0);
        assert!(passages.iter().all(|passage| !passage.text.starts_with(')')), "{max_bytes}");
    }
}

#[test]
fn rows_have_their_columns_as_heading() {
    let text = format!("id,name\n{}", "1,somebody\n".repeat(20));
    let passages = split_text("x.csv", &text, 60, 20);
    assert!(
        passages
            .iter()
            .all(|passage| passage.heading.as_deref() == Some("id,name") && passage.text.ends_with("body"))
    );
    assert_eq!(headings(&passages)[1].0, headings(&passages)[0].1 + 1);
    let passages = split_text("x.jsonl", &"{\"a\": 1}\n".repeat(20), 60, 20);
    assert!(passages.iter().all(|passage| passage.heading.is_none() && passage.text.ends_with('}')));
}

#[test]
fn lines_are_exact_with_crlf() {
    let text = "# A\r\n\r\ntext\r\nmore\r\n\r\n# B\r\n\r\nend";
    assert_eq!(
        shown(&split_text("x.md", text, 17, 0)),
        [(1, 4, "A", "# A\r\n\r\ntext\r\nmore"), (6, 8, "B", "# B\r\n\r\nend")]
    );
}

#[test]
fn pages_are_cut_alone() {
    let pages = [
        Some("One.\n\nTwo is longer than that.".to_owned()),
        None,
        Some(" \n".to_owned()),
        Some("Four.".to_owned()),
    ];
    let passages = split(Source::Pages(&pages), Limits { max_bytes: 25, overlap: 0 });
    assert_eq!(
        shown(&passages),
        [(1, 1, "", "One."), (1, 1, "", "Two is longer than that."), (4, 4, "", "Four.")]
    );
}

#[test]
fn huge_texts_are_cut_in_linear_time() {
    let began = std::time::Instant::now();
    let empty = "\n".repeat(2_000_000);
    assert!(
        split(Source::Text { name: "x.txt", text: &empty }, Limits { max_bytes: 1200, overlap: 150 })
            .is_empty()
    );
    let line: String = "{\"key\":[1,2,3]},".repeat(120_000);
    let passages =
        split(Source::Text { name: "x.json", text: &line }, Limits { max_bytes: 1200, overlap: 150 });
    assert!(passages.len() >= 1600 && passages.iter().all(|p| p.place == Place::Lines { first: 1, last: 1 }));
    for text in
        ["# a\n", "a\n\n", " a\n  b\n}\n", "```\n", "x\n---\n", "a. ", "{", "    ", "\u{3002}", "- a\n"]
    {
        for name in ["x.md", "x.rs", "x.txt", "x.rst"] {
            split(
                Source::Text { name, text: &text.repeat(20_000) },
                Limits { max_bytes: 1200, overlap: 150 },
            );
        }
    }
    // Linear work takes a few seconds without optimization; the square of it, hours.
    assert!(began.elapsed() < std::time::Duration::from_secs(60));
}

fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("\n"),
        Just("\n\n"),
        Just("\r\n"),
        Just("# A\n"),
        Just("## B\n"),
        Just("```\n"),
        Just("---\n"),
        Just("===\n"),
        Just("    x = 1;\n"),
        Just("fn a() {\n"),
        Just("}\n"),
        Just("A sentence. "),
        Just("。"),
        Just("| a | b |\n"),
        Just("wörd "),
        Just("\t"),
        Just("     "),
        Just("x"),
        Just("\u{2028}"),
        Just("// c\n"),
        Just("😀😀😀"),
        Just("[s]\n"),
    ];
    proptest::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn every_line_is_in_a_passage(
        text in text(),
        name in proptest::sample::select(vec!["a.md", "a.rs", "a.txt", "a.csv", "a.rst", "a.toml", "a", "a.jsonl"]),
        max_bytes in 4_usize..200,
        overlap in 0_usize..60,
    ) {
        split_text(name, &text, max_bytes, overlap);
        let all: String = split_text(name, &text, max_bytes, 0).into_iter().map(|passage| passage.text).collect();
        let plain = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(plain(&all), plain(&text));
    }

    #[test]
    fn any_text_can_be_cut(text in "\\PC{0,200}", name in "\\PC{0,8}", max_bytes in 0_usize..40, overlap in 0_usize..60) {
        split_text(&name, &text, max_bytes.max(4), overlap);
        split(Source::Text { name: &name, text: &text }, Limits { max_bytes, overlap });
    }
}
