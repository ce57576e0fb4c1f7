//! The HTML of one block.

mod inline;
mod outline;
mod table;

use std::collections::HashSet;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, Parser, Tag};

pub(crate) use outline::Outline;

use crate::blocks::OPTIONS;
use crate::definitions::Definitions;
use crate::highlight::highlight;
use crate::{input, link, sanitize};
pub(crate) use inline::push_escaped;
use inline::push_text;
use table::Table;

/// Deepest nesting that is shown. Deeper text is shown without more of it.
const MAX_DEPTH: usize = 40;
/// How much of the addresses of definitions a block may repeat, in bytes: one long address can be referred to often.
const MAX_REPEATED: usize = 64 * 1024;
/// How many labels without a definition a block remembers.
const MAX_LABELS: usize = 200;

pub(crate) struct Rendered {
    pub html: String,
    /// Labels of references that have no definition yet.
    pub unresolved: HashSet<String>,
}

/// Renders the text of one block.
pub(crate) fn render(text: &str, definitions: &Definitions, outline: &mut Outline) -> Rendered {
    let Rendered { html, unresolved } = write(text, definitions, outline);
    Rendered { html: sanitize::clean(&html), unresolved }
}

/// The HTML as the writer makes it, before the second wall.
pub(crate) fn write(text: &str, definitions: &Definitions, outline: &mut Outline) -> Rendered {
    let mut unresolved = HashSet::new();
    let mut left = MAX_REPEATED;
    let resolve = |link: pulldown_cmark::BrokenLink<'_>| {
        let label = input::plain(&link.reference);
        let Some(address) = definitions.get(&label).filter(|address| address.len() <= left) else {
            if unresolved.len() < MAX_LABELS {
                unresolved.insert(label.into_owned());
            }
            return None;
        };
        left -= address.len();
        Some((CowStr::from(address.to_owned()), CowStr::Borrowed("")))
    };
    let mut writer = Writer::new(outline);
    for event in Parser::new_with_broken_link_callback(text, OPTIONS, Some(resolve)) {
        writer.event(event);
    }
    writer.flush();
    Rendered { html: writer.out, unresolved }
}

/// What ends an element.
enum Close {
    Tag(&'static str),
    /// Nothing, as it was nested too deeply or may not be nested at all. Nor are the elements in it shown.
    Dropped,
    Heading(u8),
    /// The position of its content, and the address, which is shown if there is none.
    Link(usize, String),
    /// The address, which is not one of a link.
    Address(String),
    Image(usize, String),
    Html,
    Code,
    Table,
    Head,
    Row,
    Cell(usize),
}

struct Writer<'w> {
    out: String,
    /// Text whose end was not reached: the parser splits it where it looks for markup.
    text: String,
    open: Vec<Close>,
    outline: &'w mut Outline,
    /// The language and the lines of the code block that is open.
    code_block: Option<(String, String)>,
    links: usize,
    images: usize,
    table: Table,
}

impl<'w> Writer<'w> {
    fn new(outline: &'w mut Outline) -> Self {
        Self {
            out: String::new(),
            text: String::new(),
            open: Vec::new(),
            outline,
            code_block: None,
            links: 0,
            images: 0,
            table: Table::default(),
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match (event, &mut self.code_block) {
            (Event::Text(text), Some((_, lines))) => lines.push_str(&input::plain(&text)),
            (Event::Text(text), None) => self.text.push_str(&text),
            (Event::InlineHtml(html), _) if !is_break(&html) => self.text.push_str(&html),
            (event, _) => {
                self.flush();
                self.element(event);
            }
        }
    }

    fn element(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => self.end(),
            Event::Code(code) => {
                self.tag("<code>");
                push_escaped(&code, &mut self.out);
                self.tag("</code>");
            }
            Event::Html(html) => {
                for line in html.split_inclusive('\n') {
                    push_text(line.trim_end_matches('\n'), &mut self.out);
                    self.out.push_str("<br>");
                }
            }
            // People who read a chat expect the lines that the model wrote.
            Event::SoftBreak | Event::HardBreak | Event::InlineHtml(_) if self.images == 0 => {
                self.out.push_str("<br>\n");
            }
            Event::Rule => self.out.push_str("<hr>"),
            Event::TaskListMarker(is_done) => self.out.push_str(if is_done {
                r#"<input type="checkbox" disabled checked aria-label="done"> "#
            } else {
                r#"<input type="checkbox" disabled aria-label="to do"> "#
            }),
            _ => self.out.push(' '),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let is_dropped = matches!(self.open.last(), Some(Close::Dropped)) || self.images > 0;
        let is_deep = self.open.len() >= MAX_DEPTH;
        let close = match tag {
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => language(&input::plain(&info)),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code_block = Some((language, String::new()));
                Close::Code
            }
            Tag::HtmlBlock => self.tagged("<p>", Close::Html),
            Tag::Paragraph | Tag::Item | Tag::Heading { .. } if is_dropped => {
                self.tagged("<br>", Close::Dropped)
            }
            _ if is_dropped => Close::Dropped,
            Tag::Paragraph => self.tagged("<p>", Close::Tag("</p>")),
            Tag::Item => self.tagged("<li>", Close::Tag("</li>")),
            Tag::Heading { level, .. } => {
                let level = self.outline.level(level as u8);
                self.out.push_str(&format!("<h{level}>"));
                Close::Heading(level)
            }
            Tag::TableHead => self.tagged("<thead><tr>", Close::Head),
            Tag::TableRow => {
                let open = self.table.row();
                self.tagged(open, Close::Row)
            }
            Tag::TableCell => {
                let start = self.out.len();
                self.out.push_str(&self.table.cell());
                Close::Cell(start)
            }
            Tag::Image { dest_url, .. } => self.image(&input::plain(&dest_url)),
            _ if is_deep => Close::Dropped,
            Tag::BlockQuote(_) => self.tagged("<blockquote>", Close::Tag("</blockquote>")),
            Tag::List(None) => self.tagged("<ul>", Close::Tag("</ul>")),
            Tag::List(Some(1)) => self.tagged("<ol>", Close::Tag("</ol>")),
            Tag::List(Some(start)) => {
                self.out.push_str(&format!("<ol start=\"{start}\">"));
                Close::Tag("</ol>")
            }
            Tag::Table(alignments) => {
                self.table = Table::new(alignments);
                self.tagged("<div class=\"table\"><table>", Close::Table)
            }
            Tag::Emphasis => self.tagged("<em>", Close::Tag("</em>")),
            Tag::Strong => self.tagged("<strong>", Close::Tag("</strong>")),
            Tag::Strikethrough => self.tagged("<del>", Close::Tag("</del>")),
            Tag::Link { link_type, dest_url, .. } if self.links == 0 => {
                self.link(link_type, &input::plain(&dest_url))
            }
            _ => Close::Dropped,
        };
        self.open.push(close);
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(Close::Tag(tag)) => self.out.push_str(tag),
            Some(Close::Heading(level)) => self.out.push_str(&format!("</h{level}>")),
            Some(Close::Link(start, address)) => {
                self.links -= 1;
                self.shown_since(start, &address);
                self.out.push_str("</a>");
            }
            Some(Close::Image(start, address)) => {
                self.images -= 1;
                if self.links == 0 {
                    self.shown_since(start, &address);
                    self.out.push_str("</a>");
                }
            }
            Some(Close::Address(address)) => push_escaped(&address, &mut self.out),
            Some(Close::Html) => {
                let length = self.out.trim_end_matches("<br>").len();
                self.out.truncate(length);
                self.out.push_str("</p>");
            }
            Some(Close::Code) => self.code_block(),
            Some(Close::Table) => self.out.push_str(self.table.end()),
            Some(Close::Head) => self.out.push_str("</tr></thead>"),
            Some(Close::Row) => self.table.end_row(&mut self.out),
            Some(Close::Cell(start)) => self.table.end_cell(start, &mut self.out),
            Some(Close::Dropped) | None => {}
        }
    }

    /// Adds an element, unless it is in the text of an image, which has none.
    fn tag(&mut self, tag: &str) {
        if self.images == 0 {
            self.out.push_str(tag);
        }
    }

    fn tagged(&mut self, tag: &str, close: Close) -> Close {
        self.tag(tag);
        close
    }

    fn link(&mut self, kind: LinkType, target: &str) -> Close {
        let target = if kind == LinkType::Email { format!("mailto:{target}") } else { target.to_owned() };
        let Some(address) = link::address(&target) else { return Close::Address(shown_address(&target)) };
        self.links += 1;
        inline::open_link("", &address, &mut self.out);
        Close::Link(self.out.len(), address)
    }

    /// A link in place of an image, since loading it would tell its server of this answer.
    fn image(&mut self, target: &str) -> Close {
        let address = link::address(target);
        if address.is_none() && self.links == 0 {
            return Close::Address(shown_address(target));
        }
        let address = address.unwrap_or_default();
        self.images += 1;
        if self.links == 0 {
            inline::open_link(" class=\"image\"", &address, &mut self.out);
        }
        Close::Image(self.out.len(), address)
    }

    /// A link has a text.
    fn shown_since(&mut self, start: usize, address: &str) {
        if self.out.get(start..).is_none_or(|text| text.trim().is_empty()) {
            push_escaped(address, &mut self.out);
        }
    }

    fn code_block(&mut self) {
        let Some((language, lines)) = self.code_block.take() else { return };
        self.out.push_str("<div class=\"code\"");
        if !language.is_empty() {
            self.out.push_str(&format!(" data-language=\"{language}\""));
        }
        self.out.push_str("><pre><code>");
        self.out.push_str(&highlight(&language, &lines));
        self.out.push_str("</code></pre></div>");
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if self.links == 0 && self.images == 0 {
            push_text(&text, &mut self.out);
        } else {
            push_escaped(&text, &mut self.out);
        }
    }
}

/// The one element of HTML that models write where Markdown has none: a break in a cell of a table.
fn is_break(html: &str) -> bool {
    ["<br>", "<br/>", "<br />"].iter().any(|tag| tag.eq_ignore_ascii_case(html))
}

/// The language that a fence names: `rust`, `{.rust}`, `rust,no_run` and `python:main.py`.
fn language(info: &str) -> String {
    let word = info.trim_start_matches(['{', '.', ' ']).split([' ', '\t', ',', ':', '{', '}', ';']).next();
    word.filter(|word| sanitize::is_language(word)).unwrap_or_default().to_ascii_lowercase()
}

/// What is shown of an address that is not one of a link, after the text of the link. A position in the document says nothing.
fn shown_address(target: &str) -> String {
    /// In characters: it can be the data of a whole file.
    const MAX_SHOWN: usize = 200;
    if target.is_empty() || target.starts_with('#') {
        return String::new();
    }
    let shown: String = target.chars().take(MAX_SHOWN).collect();
    format!(" ({shown}{})", if shown.len() < target.len() { "…" } else { "" })
}

#[cfg(test)]
mod tests;
