//! Tables as plain text.

/// Prints a table: the first column to the left, figures to the right, two spaces between.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(header.get(column).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let line = |cells: &[&str]| {
        let aligned = cells.iter().enumerate().map(|(column, cell)| match (column, width(column)) {
            (0, width) => format!("{cell:<width$}"),
            (_, width) => format!("{cell:>width$}"),
        });
        println!("{}", aligned.collect::<Vec<_>>().join("  ").trim_end());
    };
    line(header);
    for row in rows {
        line(&row.iter().map(String::as_str).collect::<Vec<_>>());
    }
}
