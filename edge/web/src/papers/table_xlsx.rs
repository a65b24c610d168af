//! A plain list as a spreadsheet: a title, a line about it, a head, rows.

use rust_xlsxwriter::{Workbook, XlsxError};

use super::formats::{Formats, PAPER_A4, sheet_name};

/// What a cell holds.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    /// Text, digits of people included.
    Text(String),
    /// Text in the color of corrections.
    Corrected(String),
    /// A whole number.
    Count(u32),
    /// Hours with one decimal place, of minutes.
    Hours(u32),
}

/// A list.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Name of the sheet in the workbook.
    pub(crate) sheet: String,
    /// Above all.
    pub(crate) title: String,
    /// Below the title.
    pub(crate) about: String,
    /// Heads and widths.
    pub(crate) columns: Vec<(&'static str, f64)>,
    /// The rows.
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// The workbook as bytes.
pub(crate) fn table_xlsx(table: &Table) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let formats = Formats::new();
    let page = book.add_worksheet();
    page.set_name(sheet_name(&table.sheet))?;
    page.set_paper_size(PAPER_A4);
    page.set_print_fit_to_pages(1, 0);
    page.set_repeat_rows(0, 2)?;
    page.set_freeze_panes(3, 0)?;
    page.set_footer("&C第 &P 页 / 共 &N 页");
    let last = u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    page.merge_range(0, 0, 0, last, &table.title, &formats.title)?;
    page.write_string_with_format(1, 0, &table.about, &formats.plain)?;
    for (column, (word, width)) in (0..).zip(&table.columns) {
        page.set_column_width(column, *width)?;
        page.write_string_with_format(2, column, *word, &formats.head)?;
    }
    for (row, cells) in (3..).zip(&table.rows) {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Text(text) => {
                    page.write_string_with_format(row, column, text, &formats.text)?
                }
                Cell::Corrected(text) => {
                    page.write_string_with_format(row, column, text, &formats.corrected)?
                }
                Cell::Count(count) => {
                    let count = f64::from(*count);
                    page.write_number_with_format(row, column, count, &formats.mark)?
                }
                Cell::Hours(minutes) => {
                    let hours = f64::from(minutes / 6) / 10.0;
                    page.write_number_with_format(row, column, hours, &formats.number)?
                }
            };
        }
    }
    book.save_to_buffer()
}
