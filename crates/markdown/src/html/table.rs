//! Rows and cells of a table.

use pulldown_cmark::Alignment;

/// Up to this column a row that is too short gets empty cells. The parser adds far more to hostile tables.
const MAX_FILLED: usize = 64;

const EMPTY: &str = "<td></td>";

#[derive(Default)]
pub(super) struct Table {
    alignments: Vec<Alignment>,
    column: usize,
    /// Empty cells that were not written: nothing may follow them.
    empty: usize,
    has_body: bool,
    is_body: bool,
}

impl Table {
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Self { alignments, ..Self::default() }
    }

    /// What begins a row below the head.
    pub(super) fn row(&mut self) -> &'static str {
        (self.column, self.empty, self.is_body) = (0, 0, true);
        if std::mem::replace(&mut self.has_body, true) { "<tr>" } else { "<tbody><tr>" }
    }

    /// What begins a cell.
    pub(super) fn cell(&mut self) -> String {
        let name = self.cell_name();
        let align = match self.alignments.get(self.column) {
            Some(Alignment::Left) => " align=\"left\"",
            Some(Alignment::Center) => " align=\"center\"",
            Some(Alignment::Right) => " align=\"right\"",
            _ => "",
        };
        self.column += 1;
        format!("<{name}{align}>")
    }

    pub(super) fn end_cell(&mut self, start: usize, out: &mut String) {
        let is_empty =
            out.get(start..).is_some_and(|cell| cell.ends_with('>') && cell.matches('<').count() == 1);
        if is_empty && self.is_body {
            out.truncate(start);
            self.empty += 1;
            return;
        }
        if self.empty > 0 {
            out.insert_str(start, &EMPTY.repeat(std::mem::take(&mut self.empty)));
        }
        out.push_str(&format!("</{}>", self.cell_name()));
    }

    pub(super) fn end_row(&mut self, out: &mut String) {
        let written = self.column - self.empty;
        out.push_str(&EMPTY.repeat(self.empty.min(MAX_FILLED.saturating_sub(written))));
        out.push_str("</tr>");
    }

    pub(super) fn end(&self) -> &'static str {
        if self.has_body { "</tbody></table></div>" } else { "</table></div>" }
    }

    fn cell_name(&self) -> &'static str {
        if self.is_body { "td" } else { "th" }
    }
}
