//! 花名册 as a spreadsheet; its columns are those that an import reads.

use std::sync::Arc;

use edge_domain::{PhoneNumber, Role, Sex, age_on};
use jiff::civil::Date;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::formats::{Formats, PAPER_A3};
use crate::books::{Directory, Listed};

const COLUMNS: [(&str, f64); 18] = [
    ("序号", 5.0),
    ("工号", 6.0),
    ("姓名", 12.0),
    ("性别", 5.0),
    ("出生日期", 11.0),
    ("年龄", 5.0),
    ("身份证号码", 20.0),
    ("联系电话", 13.0),
    ("所属单位", 20.0),
    ("班组", 16.0),
    ("工种", 12.0),
    ("岗位", 9.0),
    ("进场日期", 11.0),
    ("退场日期", 11.0),
    ("合同签订日期", 12.0),
    ("三级教育日期", 12.0),
    ("状态", 8.0),
    ("特种作业操作证", 24.0),
];

/// The workbook as bytes; `title` names project and day.
pub(crate) fn people_xlsx(
    (directory, people): (&Directory, &[Arc<Listed>]),
    title: &str,
    today: Date,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let formats = Formats::new();
    let page = book.add_worksheet();
    page.set_name("花名册")?;
    page.set_landscape();
    page.set_paper_size(PAPER_A3);
    page.set_print_fit_to_pages(1, 0);
    page.set_repeat_rows(0, 1)?;
    page.set_freeze_panes(2, 3)?;
    page.set_footer("&C第 &P 页 / 共 &N 页");
    page.merge_range(0, 0, 0, 17, title, &formats.title)?;
    for (column, (word, width)) in (0..).zip(COLUMNS) {
        page.set_column_width(column, width)?;
        page.write_string_with_format(1, column, word, &formats.head)?;
    }
    for (row, one) in (2..).zip(people) {
        let team = one
            .entry
            .standing
            .team
            .and_then(|team| directory.team(team));
        let employer = team.and_then(|team| directory.employer_of(team));
        let employer = employer.map_or("", |employer| employer.name.as_str());
        write_person(page, row, (one, employer), today, &formats)?;
    }
    book.save_to_buffer()
}

fn write_person(
    page: &mut Worksheet,
    row: u32,
    (one, employer): (&Listed, &str),
    today: Date,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let standing = &one.entry.standing;
    let sex = match standing.sex {
        Sex::Male => "男",
        Sex::Female => "女",
        Sex::Unstated => "",
    };
    let role = match standing.role {
        Role::Manager => "管理人员",
        Role::Worker => "建筑工人",
    };
    let phone = one.entry.phone.as_ref().map(PhoneNumber::masked);
    let trained = standing
        .trainings
        .iter()
        .rev()
        .find(|training| training.kind.opens_gate())
        .map(|training| training.on);
    let (mark, text, date) = (&formats.mark, &formats.text, &formats.date);
    page.write_number_with_format(row, 0, f64::from(row - 1), mark)?;
    page.write_number_with_format(row, 1, f64::from(one.worker().0), mark)?;
    page.write_string_with_format(row, 2, one.name().reveal(), text)?;
    page.write_string_with_format(row, 3, sex, mark)?;
    write_date(page, row, 4, Some(standing.born), date)?;
    page.write_number_with_format(row, 5, f64::from(age_on(standing.born, today)), mark)?;
    page.write_string_with_format(row, 6, standing.number.masked(), text)?;
    page.write_string_with_format(row, 7, phone.unwrap_or_default(), text)?;
    page.write_string_with_format(row, 8, employer, text)?;
    page.write_string_with_format(row, 9, &one.team, text)?;
    page.write_string_with_format(row, 10, one.trade(), text)?;
    page.write_string_with_format(row, 11, role, mark)?;
    write_date(page, row, 12, standing.entered_on, date)?;
    write_date(page, row, 13, standing.left_on, date)?;
    let signed = standing.contract.map(|contract| contract.signed_on);
    write_date(page, row, 14, signed, date)?;
    write_date(page, row, 15, trained, date)?;
    page.write_string_with_format(row, 16, one.place(today).word(), mark)?;
    let certificates: Vec<String> = standing
        .certificates
        .iter()
        .map(|one| format!("{} 到 {}", one.kind.text(), one.until))
        .collect();
    page.write_string_with_format(row, 17, certificates.join("；"), text)?;
    Ok(())
}

fn write_date(
    page: &mut Worksheet,
    row: u32,
    column: u16,
    on: Option<Date>,
    format: &Format,
) -> Result<(), XlsxError> {
    let Some(on) = on else {
        page.write_blank(row, column, format)?;
        return Ok(());
    };
    let year = u16::try_from(on.year()).unwrap_or(1900);
    let month = u8::try_from(on.month()).unwrap_or(1);
    let day = u8::try_from(on.day()).unwrap_or(1);
    let value = ExcelDateTime::from_ymd(year, month, day)?;
    page.write_datetime_with_format(row, column, &value, format)?;
    Ok(())
}
