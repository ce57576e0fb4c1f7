//! Formulas in TeX's notation. Nothing renders them here, so they are shown as they were written: Markdown would take
//! their backslashes, underscores and asterisks away.

/// Longest formula within a line, in bytes.
const MAX_FORMULA: usize = 2_000;

/// A formula of many lines. It ends with its closing mark or with the paragraph.
#[derive(Clone)]
pub(crate) struct Display {
    close: &'static str,
    is_in_quote: bool,
}

/// Appends the part of a line that belongs to the formula before it; returns the other part.
pub(super) fn continue_display<'a>(
    line: &'a str,
    display: &mut Option<Display>,
    out: &mut String,
) -> &'a str {
    let Some(Display { close, is_in_quote }) = *display else { return line };
    let body = line.trim_start_matches(|c: char| c.is_whitespace() || (is_in_quote && c == '>'));
    if body.is_empty() || body.contains('`') || body.starts_with("~~~") {
        *display = None;
        return line;
    }
    out.push_str(line.strip_suffix(body).unwrap_or_default());
    let Some(end) = body.find(close).map(|at| at + close.len()) else {
        push(body, out);
        return "";
    };
    *display = None;
    push(body.get(..end).unwrap_or(body), out);
    body.get(end..).unwrap_or_default()
}

/// The formula that begins at a position of a line, with its marks. One that is not closed goes on in the next line if
/// nothing is before it, and else is none.
pub(super) fn formula<'a>(line: &'a str, at: usize, display: &mut Option<Display>) -> Option<&'a str> {
    let rest = line.get(at..)?;
    let close = match rest.as_bytes() {
        [b'\\', b'(', ..] => "\\)",
        [b'\\', b'[', ..] => "\\]",
        [b'$', b'$', ..] => "$$",
        [b'$', ..] => return inline(rest),
        _ => return None,
    };
    let body = code_free(rest.get(2..)?);
    if let Some(end) = body.find(close) {
        return rest.get(..2 + end + close.len());
    }
    let before = line.get(..at)?;
    let opens_display =
        close != "\\)" && before.trim_matches([' ', '\t', '>']).is_empty() && !rest.contains('`');
    opens_display.then(|| {
        *display = Some(Display { close, is_in_quote: before.contains('>') });
        rest
    })
}

/// `$x$` by Pandoc's rule, so that prices are none: no space inside of the marks, and no digit after them. The next mark
/// decides, so that many of them take no time.
fn inline(rest: &str) -> Option<&str> {
    let body = code_free(rest.get(1..)?);
    let is_mark = |(at, _): &(usize, &str)| !body.get(..*at).is_some_and(|inside| inside.ends_with('\\'));
    let end = body.match_indices('$').find(is_mark)?.0;
    let (inside, after) = (body.get(..end)?, body.get(end + 1..)?);
    let is_tight = !inside.is_empty() && inside.trim() == inside;
    (is_tight && !after.starts_with(|c: char| c.is_ascii_digit())).then(|| rest.get(..end + 2))?
}

/// The beginning of a text, as far as a formula may reach: no formula has backticks.
fn code_free(text: &str) -> &str {
    let mut end = text.len().min(MAX_FORMULA);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).and_then(|text| text.split('`').next()).unwrap_or_default()
}

/// Appends a formula so that the parser finds no markup in it.
pub(super) fn push(formula: &str, out: &mut String) {
    out.extend(formula.chars().map(super::private));
}
