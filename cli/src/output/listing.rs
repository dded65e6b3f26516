//! Tables: lists with a row for each thing, and sheets with a row for each fact.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

/// Text without characters that could steer a terminal. Line ends stay.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => c,
            c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Narrower terminals, and those that say no width, wrap lines themselves: better than columns of single letters.
const NARROWEST_ARRANGED: u16 = 80;

fn table() -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn text(table: &Table) -> String {
    let mut text: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// A list of things.
pub(crate) struct Listing {
    table: Table,
    empty: String,
}

impl Listing {
    /// With its columns, and what an empty list says: there is nothing, and what to type next.
    pub(crate) fn new(columns: &[&str], empty: &str) -> Self {
        let mut table = table();
        if table.width().is_some_and(|width| width >= NARROWEST_ARRANGED) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.set_header(columns.iter().map(|column| column.to_uppercase()));
        Self { table, empty: empty.to_owned() }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.table.add_row(cells.iter().map(|cell| plain(cell)));
    }

    /// The whole list.
    pub(crate) fn text(&self) -> String {
        if self.table.row_count() == 0 { format!("{}\n", self.empty) } else { text(&self.table) }
    }
}

/// The facts of one thing.
pub(crate) struct Sheet(Table);

impl Sheet {
    /// Without facts.
    pub(crate) fn new() -> Self {
        Self(table())
    }

    /// Adds a fact.
    pub(crate) fn fact(mut self, name: &str, value: impl ToString) -> Self {
        self.0.add_row([name.to_owned(), plain(&value.to_string())]);
        self
    }

    /// Adds a fact, if there is one.
    pub(crate) fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }

    /// The whole sheet.
    pub(crate) fn text(&self) -> String {
        text(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_says_what_to_do() {
        assert_eq!(
            Listing::new(&["id"], "No keys yet: keyward key generate").text(),
            "No keys yet: keyward key generate\n"
        );
    }

    #[test]
    fn rows_are_aligned() {
        let mut list = Listing::new(&["id", "state"], "");
        list.row(["a".to_owned(), "active".to_owned()]);
        list.row(["bcd".to_owned(), "retired".to_owned()]);
        assert_eq!(list.text(), " ID   STATE\n a    active\n bcd  retired\n");
    }

    #[test]
    fn terminals_are_not_steered() {
        assert_eq!(plain("a\u{1b}[31mb\nc\u{202e}d"), "a\u{fffd}[31mb\nc\u{fffd}d");
    }
}
