//! 月考勤表 of one team: the paper that the workers sign.

use rust_xlsxwriter::{Formula, Workbook, Worksheet, XlsxError};

use super::formats::{Formats, set_up_to_sign, sheet_name};
use crate::books::{RowCopy, SheetCopy, is_corrected, is_weekend, sign_class};

/// What stands below the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct SheetFoot {
    /// 校验码.
    pub(crate) code: String,
    /// Which version it is; empty while the month is open.
    pub(crate) version: String,
    /// When it was made.
    pub(crate) made_at: String,
}

/// Columns before the first day: number, name, identity number, trade.
const FIRST_DAY_COLUMN: u16 = 4;
/// Rows above the first worker.
const HEAD_ROWS: u32 = 4;

/// The workbook as bytes.
pub(crate) fn month_xlsx(copy: &SheetCopy, foot: &SheetFoot) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let formats = Formats::new();
    let page = book.add_worksheet();
    page.set_name(sheet_name(&copy.team_name))?;
    set_up(page, copy, foot)?;
    write_head(page, copy, &formats)?;
    for (row, line) in (HEAD_ROWS..).zip(&copy.rows) {
        write_line(page, row, line, &formats)?;
    }
    write_foot(page, copy, foot, &formats)?;
    book.save_to_buffer()
}

fn days(copy: &SheetCopy) -> u16 {
    u16::try_from(copy.days().len()).unwrap_or(31)
}

fn set_up(page: &mut Worksheet, copy: &SheetCopy, foot: &SheetFoot) -> Result<(), XlsxError> {
    set_up_to_sign(page, HEAD_ROWS, &foot.code)?;
    page.set_column_width(0, 5)?;
    page.set_column_width(1, 10)?;
    page.set_column_width(2, 20)?;
    page.set_column_width(3, 10)?;
    let first = FIRST_DAY_COLUMN;
    page.set_column_range_width(first, first + days(copy) - 1, 3.4)?;
    page.set_column_width(first + days(copy) + 4, 14)?;
    Ok(())
}

fn write_head(page: &mut Worksheet, copy: &SheetCopy, formats: &Formats) -> Result<(), XlsxError> {
    let last = FIRST_DAY_COLUMN + days(copy) + 5;
    let title = format!("农民工实名制考勤表（{}）", copy.month_text());
    page.merge_range(0, 0, 0, last, &title, &formats.title)?;
    let places = format!(
        "工程项目：{}　　用工单位：{}　　班组：{}",
        copy.project, copy.employer, copy.team_name
    );
    page.write_string_with_format(1, 0, &places, &formats.plain)?;
    let legend = format!(
        "√ 全天  △ 半天  夜 夜班  ! 有打卡但不计  补 手工补卡（黄底，附审批单）  ? 时间待核　　{}",
        copy.rule
    );
    page.write_string_with_format(2, 0, &legend, &formats.plain)?;
    for (column, word) in (0..).zip(["序号", "姓名", "身份证号码", "工种"]) {
        page.write_string_with_format(3, column, word, &formats.head)?;
    }
    for (column, on) in (FIRST_DAY_COLUMN..).zip(copy.days()) {
        let format = if is_weekend(on) {
            &formats.weekend
        } else {
            &formats.head
        };
        page.write_number_with_format(3, column, f64::from(on.day()), format)?;
    }
    let after = FIRST_DAY_COLUMN + days(copy);
    let words = [
        "出勤天数",
        "工时(h)",
        "夜班",
        "补卡次数",
        "本人签字",
        "备注",
    ];
    for (column, word) in (after..).zip(words) {
        page.write_string_with_format(3, column, word, &formats.head)?;
    }
    Ok(())
}

fn write_line(
    page: &mut Worksheet,
    row: u32,
    line: &RowCopy,
    formats: &Formats,
) -> Result<(), XlsxError> {
    page.set_row_height(row, 23)?;
    let place = f64::from(row - HEAD_ROWS + 1);
    page.write_number_with_format(row, 0, place, &formats.mark)?;
    page.write_string_with_format(row, 1, &line.name, &formats.text)?;
    page.write_string_with_format(row, 2, &line.number, &formats.text)?;
    page.write_string_with_format(row, 3, &line.trade, &formats.text)?;
    for (column, sign) in (FIRST_DAY_COLUMN..).zip(&line.signs) {
        let format = if is_corrected(sign) {
            &formats.corrected
        } else if sign_class(sign) == "void" {
            &formats.void
        } else {
            &formats.mark
        };
        page.write_string_with_format(row, column, sign, format)?;
    }
    let after = FIRST_DAY_COLUMN + u16::try_from(line.signs.len()).unwrap_or(31);
    let days = f64::from(line.halves) / 2.0;
    let hours = f64::from(line.minutes / 6) / 10.0;
    let (nights, corrections) = (f64::from(line.nights), f64::from(line.corrections));
    page.write_number_with_format(row, after, days, &formats.number)?;
    page.write_number_with_format(row, after + 1, hours, &formats.number)?;
    page.write_number_with_format(row, after + 2, nights, &formats.mark)?;
    page.write_number_with_format(row, after + 3, corrections, &formats.mark)?;
    page.write_string_with_format(row, after + 4, "", &formats.text)?;
    page.write_string_with_format(row, after + 5, &line.remark, &formats.text)?;
    Ok(())
}

fn write_foot(
    page: &mut Worksheet,
    copy: &SheetCopy,
    foot: &SheetFoot,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let count = u32::try_from(copy.rows.len()).unwrap_or(0);
    let (first, sums) = (HEAD_ROWS + 1, HEAD_ROWS + count);
    let after = FIRST_DAY_COLUMN + days(copy);
    page.write_string_with_format(sums, 1, "合计", &formats.head)?;
    let totals = [
        (after, f64::from(copy.total_halves()) / 2.0),
        (after + 1, f64::from(copy.total_minutes() / 6) / 10.0),
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
    let version = if foot.version.is_empty() {
        "未关账"
    } else {
        &foot.version
    };
    let made = format!(
        "数据由闸机实名制系统自动生成；{version}；生成时间 {}；校验码 {}",
        foot.made_at, foot.code
    );
    page.write_string_with_format(sums + 3, 0, &made, &formats.plain)?;
    Ok(())
}
