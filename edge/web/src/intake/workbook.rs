//! XLSX: the first sheet that is not hidden and has a head.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, Reader as _, SheetVisible, Xlsx};

use super::columns::Columns;
use super::package::{self, BROKEN};
use super::table::{COLUMNS_MAX, Cell, Line, ROWS_MAX, Table};
use super::text_file::too_many_rows;
use crate::recorder::Refusal;

/// Days that a spreadsheet may count from 1900.
const SERIAL_DAYS_MAX: f64 = 80_000.0;
/// Cells of one sheet that are looked at, empty ones included.
const CELLS_MAX: usize = 1_000_000;

/// Reads a workbook; gives its table and columns.
///
/// # Errors
/// It is damaged, locked, holds macros, is too large, or has no head anywhere.
pub(super) fn read(bytes: &[u8]) -> Result<(Table, Columns), Refusal> {
    let found = package::look_through(bytes)?;
    let broken = || Refusal::new(BROKEN);
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| broken())?;
    let names: Vec<String> = book
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    let mut refusal = broken();
    for name in &names {
        // A chart has a sheet too, without cells.
        let Ok(mut table) = sheet(&mut book, name)? else {
            continue;
        };
        match Columns::take(&mut table) {
            Ok(columns) => {
                note(&mut table, name, &names, found);
                return Ok((table, columns));
            }
            Err(why) => refusal = why,
        }
    }
    Err(refusal)
}

fn note(table: &mut Table, name: &str, names: &[String], found: package::Found) {
    let others: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|other| *other != name && !OWN_SHEETS.contains(other))
        .collect();
    if !others.is_empty() {
        let others = others.join("、");
        let note = format!("只读了工作表“{name}”，没有读：{others}");
        table.notes.push(note);
    }
    if found.formulas {
        let note = "表里有公式，按公式算好的结果读；格子显示为空的公式要先在 Excel 里打开保存一次";
        table.notes.push(note.to_owned());
    }
}

/// Sheets of the box's own template beside the table.
const OWN_SHEETS: [&str; 2] = ["填写说明", "选项"];

/// One sheet, cell by cell; the inner error is a sheet without cells.
fn sheet(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Result<Table, ()>, Refusal> {
    let Ok(mut cells) = book.worksheet_cells_reader(name) else {
        return Ok(Err(()));
    };
    let mut rows: BTreeMap<u32, Vec<Cell>> = BTreeMap::new();
    let mut looked_at = 0_usize;
    while let Some(cell) = cells.next_cell().map_err(|_| Refusal::new(BROKEN))? {
        looked_at += 1;
        if looked_at > CELLS_MAX {
            return Err(too_many_rows());
        }
        let (row, column) = cell.get_position();
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        let value = cell_of(cell.get_value());
        if column >= COLUMNS_MAX || value.text.is_empty() {
            continue;
        }
        let line = rows.entry(row).or_default();
        if line.len() <= column {
            line.resize(column + 1, Cell::default());
        }
        if let Some(place) = line.get_mut(column) {
            *place = value;
        }
        if rows.len() > ROWS_MAX {
            return Err(too_many_rows());
        }
    }
    let lines = rows.into_iter().map(|(row, cells)| Line {
        number: row.saturating_add(1),
        cells,
    });
    Ok(Ok(Table {
        lines: lines.collect(),
        notes: Vec::new(),
    }))
}

fn cell_of(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Int(number) => Cell::of_text(&number.to_string()),
        DataRef::Float(number) => Cell::of_number(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cell::of_text(text)
        }
        DataRef::SharedString(text) => Cell::of_text(text),
        DataRef::Bool(true) => Cell::of_text("是"),
        DataRef::Bool(false) => Cell::of_text("否"),
        DataRef::DateTime(at) if (0.0..SERIAL_DAYS_MAX).contains(&at.as_f64()) => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            Cell::of_text(&format!("{year:04}-{month:02}-{day:02}"))
        }
        DataRef::DateTime(at) => Cell::of_number(at.as_f64()),
        DataRef::Error(_) => Cell::of_text("#错误"),
        DataRef::Empty => Cell::default(),
    }
}
