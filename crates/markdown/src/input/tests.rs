//! Lines as the parser gets them.

use super::*;

fn lines(text: &str) -> String {
    let (mut lines, mut out) = (Lines::default(), String::new());
    lines.push(text, &mut out);
    out + &lines.last()
}

#[test]
fn line_ends_are_one_character() {
    assert_eq!(lines("a\r\nb\rc\n\r\nd\u{2028}e"), "a\nb\nc\n\nd\ne");
}

#[test]
fn unsafe_characters_are_replaced() {
    assert_eq!(lines("a\0\u{1b}[31m\u{202e}b\u{2067}\u{10ff2a}"), "a��[31m�b��");
    assert_eq!(lines("x\u{e0041}y\u{200f}z\u{200d}"), "xy\u{200f}z\u{200d}");
}

#[test]
fn plain_restores_what_was_protected() {
    for text in ["\\(a*b\\) $x_1$ `c` [a]: b", "**重点：**内容", "\\[\n- a\n= b\n\\] *c*", "$$\nx\n\ny"]
    {
        assert_eq!(plain(&lines(text)), text);
    }
}

#[test]
fn long_line_is_broken() {
    assert_eq!(lines(&"x".repeat(MAX_LINE * 3 + 1)).lines().count(), 4);
}
