//! Answers as models write them.

use proptest::prelude::*;

use super::*;

const QUEUE: &str = "The queue admits four requests at a time. Others wait, up to a bound\nof 64; then they are refused with \u{201c}busy\u{201d}.";
const CONTRACT: &str = "The **contract** ends after 15 months \u{2014} unless it is pro-\nlonged by both of the parties in writing.";
const JAPANESE: &str = "東京は日本の首都であり、人口は約千四百万人\nです。";

fn lines(first: u32, last: u32) -> Place {
    Place::Lines { first, last }
}

fn shown() -> Vec<Shown<'static>> {
    let passage = |name, place, text| Shown { name, place, text };
    vec![
        passage("src/queue.rs", lines(31, 47), QUEUE),
        passage("docs/contract.pdf", Place::Page { page: 4 }, CONTRACT),
        passage("src/queue.rs", lines(60, 70), "more of the queue is here"),
        passage("a/mod.rs", lines(1, 5), "mod a"),
        passage("b/mod.rs", lines(1, 9), "mod b"),
        passage("app/[id]/page.tsx", lines(3, 3), "page"),
        passage("ja.md", lines(2, 3), JAPANESE),
    ]
}

/// The text, what was cited, and what was struck.
fn checked(answer: &str) -> (String, Vec<usize>, Vec<String>) {
    let checked = check(answer, &shown());
    (checked.text, checked.cited, [checked.struck_citations, checked.struck_quotations].concat())
}

fn assert_held(answer: &str, text: &str, cited: &[usize]) {
    assert_eq!(checked(answer), (text.to_owned(), cited.to_vec(), Vec::new()), "{answer}");
}

#[test]
fn citations_are_written_as_labels() {
    for answer in [
        "[src/queue.rs:31-47]",
        "[queue.rs:31-47]",
        "[./src/queue.rs: 31-47]",
        "[src/queue.rs lines 31-47]",
        "[src/queue.rs, lines 31 to 47]",
        "[src/queue.rs:31\u{2013}47]",
        "[src/queue.rs:L31-L47]",
        "[src/queue.rs#L31-L47]",
        "[`src/queue.rs`:31-47]",
        "[Source: src/queue.rs:31-47]",
        "(src/queue.rs:31-47)",
        "(see queue.rs lines 31-47)",
        "`[src/queue.rs:31-47]`",
        "[src\\queue.rs:31-47]",
        "[/home/you/src/queue.rs:31-47]",
        "[src/queue.rs:31-47](src/queue.rs)",
        "【src/queue.rs†L31-L47】",
        "[1]",
        "【1†source】",
        "[Passage 1]",
        "[src/queue.rs:1-50]",
    ] {
        assert_held(&format!("So {answer}."), "So [src/queue.rs:31-47].", &[0]);
    }
    for answer in [
        "[docs/contract.pdf p. 4]",
        "[contract.pdf, p.4]",
        "[contract.pdf page 4]",
        "[contract.pdf (p. 4)]",
        "[contract, Seite 4]",
        "[contract.pdf:4]",
        "(contract.pdf pp. 3-5)",
        "[contract.pdf]",
        "[2]",
    ] {
        assert_held(&format!("So {answer}"), "So [docs/contract.pdf p. 4]", &[1]);
    }
}

#[test]
fn citations_are_as_narrow_as_what_was_shown() {
    assert_held("[queue.rs:40]", "[src/queue.rs:40]", &[0]);
    assert_held("[queue.rs:45-62]", "[src/queue.rs:45-47] [src/queue.rs:60-62]", &[0, 2]);
    assert_held("[queue.rs:33, 61-65]", "[src/queue.rs:33] [src/queue.rs:61-65]", &[0, 2]);
    assert_held("[queue.rs]", "[src/queue.rs]", &[0, 2]);
    assert_held("[queue.rs:33; contract.pdf p. 4]", "[src/queue.rs:33] [docs/contract.pdf p. 4]", &[0, 1]);
    assert_held("[2, 1]", "[docs/contract.pdf p. 4] [src/queue.rs:31-47]", &[1, 0]);
    assert_held("end.[1][2]", "end.[src/queue.rs:31-47][docs/contract.pdf p. 4]", &[0, 1]);
    assert_held("[1-2]", "[src/queue.rs:31-47] [docs/contract.pdf p. 4]", &[0, 1]);
    assert_held("[app/[id]/page.tsx:3]", "[app/[id]/page.tsx:3]", &[5]);
    let parts = [(1, 10), (11, 20)].map(|(a, b)| Shown { name: "d.md", place: lines(a, b), text: "" });
    assert_eq!(check("[d.md:5-15]", &parts).text, "[d.md:5-15]");
    // Both have the name, one has the line.
    assert_held("[mod.rs:7]", "[b/mod.rs:7]", &[4]);
}

#[test]
fn citations_of_what_was_not_shown_are_struck() {
    for struck in [
        "[src/queue.rs:48-59]",
        "[src/queue.rs:1]",
        "[contract.pdf p. 5]",
        "[queue.rs p. 4]",
        "[other.md:3-4]",
        "[other.md]",
        "[Makefile:3-4]",
        "[the handbook p. 4]",
        "(other.md:3)",
        "[mod.rs:2]",
        "[8]",
        "[0]",
    ] {
        assert_eq!(
            checked(&format!("So it is {struck}.")),
            ("So it is.".into(), vec![], vec![struck.into()])
        );
    }
    let (text, cited, struck) = checked("So [queue.rs:33; queue.rs:99] it is.");
    assert_eq!((text.as_str(), cited), ("So [src/queue.rs:33] it is.", vec![0]));
    assert_eq!(struck, ["[queue.rs:99]"]);
    assert_eq!(checked("a\n  [8] b").0, "a\n   b");
}

#[test]
fn other_brackets_are_left_alone() {
    for text in [
        "[text](https://example.org/a.md:3)",
        "![image.png](a.png)",
        "[^1] and\n[1]: https://example.org",
        "- [ ] open\n- [x] done",
        "`a[1]` and ``x ` [8]``",
        "```rust\nlet x = [1, 2]; // [other.md:3]\n```\n",
        "~~~\n[9]\n",
        "args[0] and rows[i][9]",
        "[tool.poetry] has [note: 3] at [10:30]",
        "(see above) f(x) (e.g. 3) [0-9]",
        "[unclosed and (unclosed",
        "> [!NOTE]\n> This is not a quotation of any of the files.\n",
        "\\[9]",
    ] {
        assert_held(text, text, &[]);
    }
}

#[test]
fn quotations_that_hold_stay() {
    for quotation in [
        "\"The queue admits four requests at a time.\"",
        "\u{201c}the queue admits four requests\u{201d}",
        "\"others wait, up to a bound of 64\"",
        "\"refused with 'busy'\"",
        "\"the queue admits ... up to a bound\"",
        "\"The queue [...] then they are refused\"",
        "\"[O]thers wait, up to a bound\u{2026}\"",
        "\u{ab} The contract ends after 15 months \u{bb}",
        "\u{201e}ends after 15 months - unless it is prolonged by both of the parties\u{201c}",
        "\"not five words\"",
        "\"a\" and \"b\" are \"c\" or \"d\"",
        "> **The queue** admits four\n> requests at a time.\n> \u{2014} the manual of the program\n",
        "「人口は約千四百万人です」",
        "5\" disks, 3 of them, and 8\" disks",
        "`print(\"one two three four five\")`",
        "\"four requests at a time [queue.rs:31]. Others wait\"",
    ] {
        let (_, _, struck) = checked(quotation);
        assert_eq!(struck, [""; 0], "{quotation}");
    }
}

#[test]
fn quotations_of_nothing_are_struck() {
    for quotation in [
        "\"The queue admits five requests at a time.\"",
        "\u{201c}the queue does not admit anything\u{201d}",
        "\u{201e}5 months unless it is prolonged\u{201c}",
        "\"up to a bound ... the queue admits\"",
        "\"The queue admits ... both of the parties\"",
        "\u{bb}this is in none of them\u{ab}",
        "「大阪は日本の首都であり、人口は」",
    ] {
        let answer = format!("It says {quotation}, as it is [1].");
        let text = format!("It says {REMOVED}, as it is [src/queue.rs:31-47].");
        assert_eq!(checked(&answer), (text, vec![0], vec![quotation.to_owned()]), "{quotation}");
    }
    let (text, cited, struck) =
        checked("Yes:\n\n> Nothing of this is\n> in the files [1].\n\n> The queue admits four requests.\n");
    assert_eq!(text, format!("Yes:\n\n> {REMOVED}\n\n> The queue admits four requests.\n"));
    assert_eq!((cited, struck.len()), (vec![], 1));
}

#[test]
fn quotation_can_cross_passages_that_follow_each_other() {
    let text = "The first sentence is about queues. The second one is about slots, and long.\nThe third is about turns.";
    let passages = crate::split(
        crate::Source::Text { name: "a.txt", text },
        crate::Limits { max_bytes: 90, overlap: 22 },
    );
    assert!(passages.len() > 1);
    let mut shown: Vec<_> = passages
        .iter()
        .map(|passage| Shown { name: "a.txt", place: passage.place, text: &passage.text })
        .collect();
    let answer = format!("\"{text}\"");
    assert_eq!(check(&answer, &shown).text, answer);
    shown.reverse();
    assert_eq!(check(&answer, &shown).text, answer);
    let shown = [
        Shown { name: "b.md", place: lines(1, 2), text: "one two\nthree four" },
        Shown { name: "b.md", place: lines(4, 4), text: "five six" },
        Shown { name: "b.md", place: lines(9, 9), text: "seven eight" },
        Shown { name: "c.md", place: lines(10, 10), text: "nine ten" },
    ];
    assert!(check("\"three four five six\"", &shown).struck_quotations.is_empty());
    assert_eq!(check("\"five six seven eight\"", &shown).struck_quotations.len(), 1);
    assert_eq!(check("\"seven eight nine ten\"", &shown).struck_quotations.len(), 1);
}

#[test]
fn checking_twice_changes_nothing_more() {
    let once = check("A [1] b [queue.rs:99] \"c d e f g\" [contract p. 4] [queue.rs].", &shown());
    let twice = check(&once.text, &shown());
    assert_eq!((&twice.text, &twice.cited), (&once.text, &once.cited));
    assert!(twice.struck_citations.is_empty() && twice.struck_quotations.is_empty());
}

#[test]
fn long_answers_are_checked_in_linear_time() {
    let began = std::time::Instant::now();
    for part in [
        "[",
        "]",
        "(",
        "[(",
        "【",
        "[a.md:1",
        "[1]",
        "\"a b c d ",
        " \"a",
        "\"",
        "` `` ",
        "`",
        "> a b c d e\n",
        "> ",
        "\u{201c}",
        "[8] \"a b c d\" ",
    ] {
        check(&part.repeat(1_000_000 / part.len() / 4), &shown());
    }
    // Linear work takes a few seconds without optimization; the square of it, hours.
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn debug_shows_no_text() {
    let shown = shown();
    let shown = format!("{:?} {:?}", shown[0], check("\"some words of the answer\" [1]", &shown));
    assert!(
        !shown.contains("admits") && !shown.contains("words") && shown.contains("src/queue.rs"),
        "{shown}"
    );
}

fn answer() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("["),
        Just("]"),
        Just("("),
        Just(")"),
        Just("\""),
        Just("`"),
        Just("```\n"),
        Just("\n"),
        Just("> "),
        Just("queue.rs:31-47"),
        Just("contract.pdf p. 4"),
        Just("1"),
        Just(", "),
        Just(" word "),
        Just("\u{201c}"),
        Just("\u{201d}"),
        Just("首都"),
        Just("..."),
        Just("The queue admits four requests"),
        Just("\u{2013}"),
        Just("["),
        Just("]"),
        Just("9"),
    ];
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_answer_can_be_checked(text in prop_oneof![answer(), "\\PC{0,80}".prop_map(String::from)]) {
        let shown = shown();
        let checked = check(&text, &shown);
        prop_assert!(checked.cited.iter().all(|index| *index < shown.len()));
        let unique: std::collections::HashSet<_> = checked.cited.iter().collect();
        prop_assert_eq!(unique.len(), checked.cited.len());
        if !text.contains(['[', '(', '【']) && checked.struck_quotations.is_empty() {
            prop_assert_eq!(checked.text, text);
        }
    }
}
