//! How cells look, and names that a spreadsheet accepts.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

/// Longest name of a sheet in a workbook.
const SHEET_NAME_MAX: usize = 31;
/// A3 as Excel numbers it.
pub(super) const PAPER_A3: u8 = 8;
/// A4, likewise.
pub(super) const PAPER_A4: u8 = 9;

/// The formats of one workbook.
#[derive(Debug)]
pub(super) struct Formats {
    /// Big, bold, in the middle.
    pub(super) title: Format,
    /// Without borders, left.
    pub(super) plain: Format,
    /// Head of a column.
    pub(super) head: Format,
    /// Head of a weekend's column.
    pub(super) weekend: Format,
    /// Text: numbers of people stay text, eighteen digits lose nothing.
    pub(super) text: Format,
    /// In the middle.
    pub(super) mark: Format,
    /// A day that counts for nothing.
    pub(super) void: Format,
    /// A day with a correction by hand.
    pub(super) corrected: Format,
    /// A number with up to one decimal place.
    pub(super) number: Format,
    /// Yuan.
    pub(super) money: Format,
    /// A day.
    pub(super) date: Format,
}

impl Formats {
    pub(super) fn new() -> Self {
        let cell = Format::new()
            .set_font_name("宋体")
            .set_font_size(10)
            .set_border(FormatBorder::Thin)
            .set_align(FormatAlign::VerticalCenter);
        let middle = cell.clone().set_align(FormatAlign::Center);
        let gray = Color::RGB(0x00E4_E8EC);
        Self {
            title: Format::new()
                .set_font_name("黑体")
                .set_font_size(16)
                .set_bold()
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::VerticalCenter),
            plain: Format::new().set_font_name("宋体").set_font_size(10),
            head: middle.clone().set_bold().set_text_wrap(),
            weekend: middle.clone().set_bold().set_background_color(gray),
            // A name that begins like a formula stays a name, also after somebody edits the cell.
            text: cell.set_num_format("@").set_quote_prefix(),
            mark: middle.clone(),
            void: middle.clone().set_background_color(Color::RGB(0x00FF_F4D6)),
            corrected: middle
                .clone()
                .set_bold()
                .set_background_color(Color::RGB(0x00FF_E28A)),
            number: middle.clone().set_num_format("0.0"),
            money: middle.clone().set_num_format("#,##0.00"),
            date: middle.set_num_format("yyyy-mm-dd"),
        }
    }
}

/// A name that Excel accepts for a sheet.
pub(super) fn sheet_name(name: &str) -> String {
    let allowed: String = name
        .chars()
        .filter(|letter| !"[]:*?/\\'".contains(*letter))
        .take(SHEET_NAME_MAX)
        .collect();
    if allowed.trim().is_empty() {
        "班组".to_owned()
    } else {
        allowed
    }
}

/// Sets a sheet up that a team signs on A3: head and names stay in sight and on every page, and the
/// foot carries the 校验码.
pub(super) fn set_up_to_sign(
    page: &mut Worksheet,
    head_rows: u32,
    code: &str,
) -> Result<(), XlsxError> {
    page.set_landscape();
    page.set_paper_size(PAPER_A3);
    page.set_print_fit_to_pages(1, 0);
    page.set_repeat_rows(0, head_rows - 1)?;
    page.set_freeze_panes(head_rows, 2)?;
    page.set_footer(format!("&L班组 &A&C第 &P 页 / 共 &N 页&R校验码 {code}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::sheet_name;

    #[test]
    fn sheet_names_are_what_excel_accepts() {
        assert_eq!(sheet_name("钢筋/一班[夜]:*?'"), "钢筋一班夜");
        assert_eq!(sheet_name(&"长".repeat(40)).chars().count(), 31);
        assert_eq!(sheet_name("[]"), "班组");
    }
}
