//! Tables that become a list of labelled lines where the page is narrow, so that nothing is cut
//! off. Roles are written out, for a browser forgets those of what is no longer drawn as a table.

use std::fmt::Write;

/// A table that is being written.
pub(crate) struct Table<'o> {
    out: &'o mut String,
    /// Whether a row is open.
    within: bool,
}

impl<'o> Table<'o> {
    /// Begins a table of that id and name.
    pub(crate) fn open(out: &'o mut String, id: &str, name: &str, columns: &[&str]) -> Self {
        let _ = write!(
            out,
            "<table class=\"stack\" id=\"{id}\" role=\"table\" aria-label=\"{name}\"><thead role=\"rowgroup\"><tr role=\"row\">"
        );
        for column in columns {
            let _ = write!(out, "<th role=\"columnheader\" scope=\"col\">{column}</th>");
        }
        out.push_str("</tr></thead><tbody role=\"rowgroup\">");
        Self { out, within: false }
    }

    /// Begins a row with these attributes.
    pub(crate) fn row(&mut self, attributes: &str) {
        self.end();
        let space = if attributes.is_empty() { "" } else { " " };
        let _ = write!(self.out, "<tr role=\"row\"{space}{attributes}>");
        self.within = true;
    }

    /// Adds a cell with what is HTML already.
    pub(crate) fn cell(&mut self, label: &str, html: &str) {
        let _ = write!(self.out, "<td role=\"cell\" data-l=\"{label}\">{html}</td>");
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.within) {
            self.out.push_str("</tr>");
        }
    }

    /// Ends the table.
    pub(crate) fn close(mut self) {
        self.end();
        self.out.push_str("</tbody></table>");
    }
}

/// A text of the program's own, or a dash for none.
pub(crate) fn column(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}
