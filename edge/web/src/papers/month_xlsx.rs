//! 月考勤表 of one team: the paper that the workers sign.

use edge_domain::DayMark;
use rust_xlsxwriter::{Formula, Workbook, Worksheet, XlsxError};

use super::formats::{Formats, PAPER_A3, sheet_name};
use crate::books::{MonthLine, MonthSheet, is_weekend};

/// What stands above the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct SheetHead {
    /// Name of the project.
    pub(crate) project: String,
    /// Company that hires the team.
    pub(crate) employer: String,
    /// `2026年6月`.
    pub(crate) month: String,
    /// By which rule, in a sentence.
    pub(crate) rule: String,
    /// When it was made.
    pub(crate) made_at: String,
}

/// Columns before the first day: number, name, identity number, trade.
const FIRST_DAY_COLUMN: u16 = 4;
/// Rows above the first worker.
const HEAD_ROWS: u32 = 4;

/// The workbook as bytes.
pub(crate) fn month_xlsx(sheet: &MonthSheet, head: &SheetHead) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let formats = Formats::new();
    let page = book.add_worksheet();
    page.set_name(sheet_name(&sheet.team.name))?;
    set_up(page, sheet)?;
    write_head(page, sheet, head, &formats)?;
    for (row, line) in (HEAD_ROWS..).zip(&sheet.lines) {
        write_line(page, row, line, &formats)?;
    }
    write_foot(page, sheet, head, &formats)?;
    book.save_to_buffer()
}

fn days(sheet: &MonthSheet) -> u16 {
    u16::try_from(sheet.days.len()).unwrap_or(31)
}

fn set_up(page: &mut Worksheet, sheet: &MonthSheet) -> Result<(), XlsxError> {
    page.set_landscape();
    page.set_paper_size(PAPER_A3);
    page.set_print_fit_to_pages(1, 0);
    page.set_repeat_rows(0, HEAD_ROWS - 1)?;
    page.set_freeze_panes(HEAD_ROWS, 2)?;
    page.set_footer("&L班组 &A&C第 &P 页 / 共 &N 页");
    page.set_column_width(0, 5)?;
    page.set_column_width(1, 10)?;
    page.set_column_width(2, 20)?;
    page.set_column_width(3, 10)?;
    let first = FIRST_DAY_COLUMN;
    page.set_column_range_width(first, first + days(sheet) - 1, 3.4)?;
    page.set_column_width(first + days(sheet) + 3, 14)?;
    Ok(())
}

fn write_head(
    page: &mut Worksheet,
    sheet: &MonthSheet,
    head: &SheetHead,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let last = FIRST_DAY_COLUMN + days(sheet) + 4;
    let title = format!("农民工实名制考勤表（{}）", head.month);
    page.merge_range(0, 0, 0, last, &title, &formats.title)?;
    let places = format!(
        "工程项目：{}　　用工单位：{}　　班组：{}",
        head.project, head.employer, sheet.team.name
    );
    page.write_string_with_format(1, 0, &places, &formats.plain)?;
    let legend = format!(
        "√ 全天  △ 半天  夜 夜班  ! 有打卡但不计  ? 时间待核　　{}",
        head.rule
    );
    page.write_string_with_format(2, 0, &legend, &formats.plain)?;
    for (column, word) in (0..).zip(["序号", "姓名", "身份证号码", "工种"]) {
        page.write_string_with_format(3, column, word, &formats.head)?;
    }
    for (column, on) in (FIRST_DAY_COLUMN..).zip(&sheet.days) {
        let format = if is_weekend(*on) {
            &formats.weekend
        } else {
            &formats.head
        };
        page.write_number_with_format(3, column, f64::from(on.day()), format)?;
    }
    let after = FIRST_DAY_COLUMN + days(sheet);
    let words = ["出勤天数", "工时(h)", "夜班", "本人签字", "备注"];
    for (column, word) in (after..).zip(words) {
        page.write_string_with_format(3, column, word, &formats.head)?;
    }
    Ok(())
}

fn write_line(
    page: &mut Worksheet,
    row: u32,
    line: &MonthLine,
    formats: &Formats,
) -> Result<(), XlsxError> {
    page.set_row_height(row, 23)?;
    let place = f64::from(row - HEAD_ROWS + 1);
    let number = line.person.entry.standing.number.masked();
    page.write_number_with_format(row, 0, place, &formats.mark)?;
    page.write_string_with_format(row, 1, line.person.name().reveal(), &formats.text)?;
    page.write_string_with_format(row, 2, &number, &formats.text)?;
    page.write_string_with_format(row, 3, line.person.trade(), &formats.text)?;
    for (column, cell) in (FIRST_DAY_COLUMN..).zip(&line.cells) {
        let is_void = matches!(cell.mark, Some(DayMark::Void(_)));
        let format = if is_void {
            &formats.void
        } else {
            &formats.mark
        };
        page.write_string_with_format(row, column, cell.sign(), format)?;
    }
    let after = FIRST_DAY_COLUMN + u16::try_from(line.cells.len()).unwrap_or(31);
    let days = f64::from(line.halves) / 2.0;
    let hours = f64::from(line.minutes / 6) / 10.0;
    page.write_number_with_format(row, after, days, &formats.number)?;
    page.write_number_with_format(row, after + 1, hours, &formats.number)?;
    page.write_number_with_format(row, after + 2, f64::from(line.nights), &formats.mark)?;
    page.write_string_with_format(row, after + 3, "", &formats.text)?;
    page.write_string_with_format(row, after + 4, line.remark(), &formats.text)?;
    Ok(())
}

fn write_foot(
    page: &mut Worksheet,
    sheet: &MonthSheet,
    head: &SheetHead,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let count = u32::try_from(sheet.lines.len()).unwrap_or(0);
    let (first, sums) = (HEAD_ROWS + 1, HEAD_ROWS + count);
    let after = FIRST_DAY_COLUMN + days(sheet);
    page.write_string_with_format(sums, 1, "合计", &formats.head)?;
    let totals = [
        (after, f64::from(sheet.total_halves()) / 2.0),
        (after + 1, f64::from(sheet.total_minutes() / 6) / 10.0),
    ];
    for (column, total) in totals {
        // The stored result is what phones and previews show that do not calculate.
        let letters = rust_xlsxwriter::utility::column_number_to_name(column);
        let sum = Formula::new(format!("=SUM({letters}{first}:{letters}{sums})"))
            .set_result(total.to_string());
        page.write_formula_with_format(sums, column, sum, &formats.number)?;
    }
    let signs = "制表人（劳资专管员）：____________　　班组长：____________　　分包单位负责人：____________　　项目经理：____________　　公示时间：____年__月__日 至 ____年__月__日";
    page.write_string_with_format(sums + 2, 0, signs, &formats.plain)?;
    let made = format!("数据由闸机实名制系统自动生成，生成时间 {}", head.made_at);
    page.write_string_with_format(sums + 3, 0, &made, &formats.plain)?;
    Ok(())
}
