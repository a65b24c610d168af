//! The template of an import, and the rows that were not taken in.

use edge_domain::Trade;
use jiff::civil::Date;
use rust_xlsxwriter::{Color, DataValidation, Format, Formula, Workbook, Worksheet, XlsxError};

use super::formats::Formats;

/// Columns of the template: head, width, example.
const COLUMNS: [(&str, f64, &str); 13] = [
    ("姓名", 12.0, "示例（这一行不导入）"),
    ("身份证号码", 21.0, "349901199003070016"),
    ("性别", 6.0, "男"),
    ("民族", 8.0, "汉"),
    ("联系电话", 14.0, "13900001234"),
    ("所属单位", 22.0, ""),
    ("班组", 16.0, "钢筋一班"),
    ("工种", 14.0, "钢筋工"),
    ("岗位", 10.0, "建筑工人"),
    ("进场日期", 13.0, "2026-06-01"),
    ("退场日期", 13.0, ""),
    ("合同签订日期", 13.0, "2026-05-31"),
    ("三级教育日期", 13.0, "2026-06-01"),
];
/// Rows with drop-downs.
const READY_ROWS: u32 = 2_001;

const EXPLANATION: [&str; 7] = [
    "1. 一人一行，从第 2 行写起；灰色的示例行不导入，可以留着。",
    "2. 新工人要填：姓名、身份证号码、班组、工种、进场日期。其余可空。",
    "3. 班组要和系统里的名称一样；还没有的班组，先在网页“单位和班组”里建好。",
    "4. 身份证号码和电话这两列已设为文本，请不要改格式；改成数字会丢掉后几位。",
    "5. 日期写成 2026-06-01、2026/6/1、20260601 或 2026年6月1日都可以。",
    "6. 已经登记过的人按身份证号码对上，只改填了的格子，空格子不动原来的资料。",
    "7. 传上去后先看核对结果，再点“导入”；有错的行可以下载出来，改好再传。",
];

/// The template, with the site's teams to choose from.
pub(crate) fn template_xlsx(teams: &[String]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let formats = Formats::new();
    let page = book.add_worksheet().set_name("花名册")?;
    write_table(page, teams.len(), &formats)?;
    let page = book.add_worksheet().set_name("填写说明")?;
    page.set_column_width(0, 90)?;
    for (row, sentence) in (0..).zip(EXPLANATION) {
        page.write_string(row, 0, sentence)?;
    }
    let page = book.add_worksheet().set_name("选项")?;
    page.set_hidden(true);
    for (row, trade) in (0..).zip(Trade::all()) {
        page.write_string(row, 0, trade.text())?;
    }
    for (row, team) in (0..).zip(teams) {
        page.write_string(row, 1, team)?;
    }
    book.save_to_buffer()
}

fn write_table(page: &mut Worksheet, teams: usize, formats: &Formats) -> Result<(), XlsxError> {
    let gray = Format::new()
        .set_num_format("@")
        .set_font_color(Color::RGB(0x0066_727F))
        .set_background_color(Color::RGB(0x00F0_F0F0));
    page.set_freeze_panes(1, 1)?;
    for (column, (head, width, example)) in (0..).zip(COLUMNS) {
        page.set_column_width(column, width)?;
        page.set_column_format(column, &formats.text)?;
        page.write_string_with_format(0, column, head, &formats.head)?;
        page.write_string_with_format(1, column, example, &gray)?;
        let choice = match head {
            "性别" => DataValidation::new().allow_list_strings(&["男", "女"])?,
            "岗位" => DataValidation::new().allow_list_strings(&["建筑工人", "管理人员"])?,
            "工种" => list('A', Trade::all().count()),
            "班组" if teams > 0 => list('B', teams),
            _ => continue,
        };
        page.add_data_validation(1, column, READY_ROWS, column, &choice)?;
    }
    Ok(())
}

fn list(column: char, rows: usize) -> DataValidation {
    let range = format!("=选项!${column}$1:${column}${rows}");
    DataValidation::new().allow_list_formula(Formula::new(range))
}

/// Rows that were not taken in, as they were, with the reason behind them.
pub(crate) fn errors_xlsx(
    heads: &[String],
    rows: &[(u32, Vec<String>, String)],
    today: Date,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let formats = Formats::new();
    let page = book.add_worksheet().set_name("没有导入的行")?;
    let width = rows.iter().map(|(_, cells, _)| cells.len()).max();
    let width = width.unwrap_or(0).max(heads.len());
    let reason = u16::try_from(width).unwrap_or(u16::MAX - 2);
    page.set_column_range_width(0, reason, 14)?;
    page.set_column_width(reason, 60)?;
    page.set_freeze_panes(1, 0)?;
    for (column, head) in (0..reason).zip(heads) {
        page.write_string_with_format(0, column, head, &formats.head)?;
    }
    page.write_string_with_format(0, reason, "没有导入的原因", &formats.head)?;
    page.write_string_with_format(0, reason + 1, "原来第几行", &formats.head)?;
    for (row, (line, cells, why)) in (1..).zip(rows) {
        for (column, cell) in (0..reason).zip(cells) {
            page.write_string_with_format(row, column, cell, &formats.text)?;
        }
        page.write_string_with_format(row, reason, why, &formats.void)?;
        page.write_number_with_format(row, reason + 1, f64::from(*line), &formats.mark)?;
    }
    let note = format!("改好后把这个文件再传一次就行；最后两列不用删。{today}");
    let after = u32::try_from(rows.len()).unwrap_or(u32::MAX - 3);
    page.write_string_with_format(after + 2, reason, &note, &formats.plain)?;
    book.save_to_buffer()
}
