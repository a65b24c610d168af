//! 工资支付表 as a spreadsheet, and 代发明细 for the bank.

use edge_domain::Fen;
use rust_xlsxwriter::{Formula, Workbook, Worksheet, XlsxError};

use super::formats::{Formats, PAPER_A4, set_up_to_sign, sheet_name};
use super::month_xlsx::SheetFoot;
use crate::books::{AMOUNT_HEADS, WageCopy, WageRowCopy};

/// Rows above the first worker.
const HEAD_ROWS: u32 = 3;
/// The column of the first amount.
const FIRST_AMOUNT: u16 = 7;

/// Yuan, as a spreadsheet calculates: exact to the fen for any wage.
fn yuan(amount: Fen) -> f64 {
    amount.plain().parse().unwrap_or(0.0)
}

/// The wage sheet as bytes.
pub(crate) fn wages_xlsx(copy: &WageCopy, foot: &SheetFoot) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let formats = Formats::new();
    let page = book.add_worksheet();
    page.set_name(sheet_name(&copy.team_name))?;
    set_up_to_sign(page, HEAD_ROWS, &foot.code)?;
    write_head(page, copy, &formats)?;
    for (row, line) in (HEAD_ROWS..).zip(&copy.rows) {
        write_line(page, row, line, &formats)?;
    }
    write_foot(page, copy, foot, &formats)?;
    book.save_to_buffer()
}

fn write_head(page: &mut Worksheet, copy: &WageCopy, formats: &Formats) -> Result<(), XlsxError> {
    let before = [
        ("序号", 5.0),
        ("姓名", 10.0),
        ("身份证号码", 20.0),
        ("联系电话", 13.0),
        ("工种", 10.0),
        ("出勤天数", 8.0),
        ("工资标准", 14.0),
    ];
    let amounts = AMOUNT_HEADS.map(|head| (head, 11.0));
    let after = [
        ("开户行", 16.0),
        ("银行卡号", 12.0),
        ("本人签字", 16.0),
        ("备注", 18.0),
    ];
    let heads = before.into_iter().chain(amounts).chain(after);
    for (column, (word, width)) in (0..).zip(heads) {
        page.set_column_width(column, width)?;
        page.write_string_with_format(2, column, word, &formats.head)?;
    }
    let title = format!("农民工工资支付表（{}）", copy.month_text());
    page.merge_range(0, 0, 0, FIRST_AMOUNT + 10, &title, &formats.title)?;
    let mut places = format!(
        "工程项目：{}　　用工单位：{}　　班组：{}　　支付周期：{}　　单位：元",
        copy.project,
        copy.employer,
        copy.team_name,
        copy.month_text()
    );
    if !copy.fund.is_empty() {
        places.push_str("　　专户：");
        places.push_str(&copy.fund);
    }
    page.write_string_with_format(1, 0, &places, &formats.plain)?;
    Ok(())
}

fn write_line(
    page: &mut Worksheet,
    row: u32,
    line: &WageRowCopy,
    formats: &Formats,
) -> Result<(), XlsxError> {
    page.set_row_height(row, 23)?;
    let place = f64::from(row - HEAD_ROWS + 1);
    page.write_number_with_format(row, 0, place, &formats.mark)?;
    let texts = [&line.name, &line.number, &line.phone, &line.trade];
    for (column, text) in (1..).zip(texts) {
        page.write_string_with_format(row, column, text, &formats.text)?;
    }
    page.write_number_with_format(row, 5, f64::from(line.halves) / 2.0, &formats.number)?;
    page.write_string_with_format(row, 6, &line.rate, &formats.text)?;
    for (column, amount) in (FIRST_AMOUNT..).zip(line.amounts()) {
        page.write_number_with_format(row, column, yuan(amount), &formats.money)?;
    }
    let after = [&line.bank, &line.account, &String::new(), &line.remark];
    for (column, text) in (FIRST_AMOUNT + 7..).zip(after) {
        page.write_string_with_format(row, column, text, &formats.text)?;
    }
    Ok(())
}

fn write_foot(
    page: &mut Worksheet,
    copy: &WageCopy,
    foot: &SheetFoot,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let count = u32::try_from(copy.rows.len()).unwrap_or(0);
    let (first, sums) = (HEAD_ROWS + 1, HEAD_ROWS + count);
    page.write_string_with_format(sums, 1, "合计", &formats.head)?;
    for (column, total) in (FIRST_AMOUNT..).zip(copy.sums()) {
        // The stored result is what phones and previews show that do not calculate.
        let letters = rust_xlsxwriter::utility::column_number_to_name(column);
        let sum = Formula::new(format!("=SUM({letters}{first}:{letters}{sums})"))
            .set_result(total.plain());
        page.write_formula_with_format(sums, column, sum, &formats.money)?;
    }
    let words = format!("实发合计（大写）：{}", copy.net_words());
    page.write_string_with_format(sums + 1, 0, &words, &formats.plain)?;
    let signs = "编制（劳资专管员）：____________　　班组长：____________　　分包单位负责人：____________　　总包审核：____________　　项目经理：____________　　公示时间：____年__月__日 至 ____年__月__日";
    page.write_string_with_format(sums + 3, 0, signs, &formats.plain)?;
    let made = format!(
        "出勤天数取自已关账的考勤表；{}；生成时间 {}；校验码 {}",
        foot.version, foot.made_at, foot.code
    );
    page.write_string_with_format(sums + 4, 0, &made, &formats.plain)?;
    Ok(())
}

/// One payment that the bank is asked for.
#[derive(Debug, Clone)]
pub(crate) struct BankLine {
    /// Name of the account.
    pub(crate) name: String,
    /// The account, whole.
    pub(crate) account: String,
    /// The bank.
    pub(crate) bank: String,
    /// How much.
    pub(crate) amount: Fen,
    /// What stands on the receiver's statement.
    pub(crate) note: String,
}

const BANK_HEADS: [(&str, f64); 6] = [
    ("序号", 6.0),
    ("收款户名", 14.0),
    ("收款账号", 26.0),
    ("开户行", 22.0),
    ("金额", 13.0),
    ("附言", 24.0),
];

/// 代发明细 as a spreadsheet: a head in the first row, nothing above it, accounts as text.
pub(crate) fn bank_xlsx(lines: &[BankLine]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let formats = Formats::new();
    let page = book.add_worksheet();
    page.set_name("代发明细")?;
    page.set_paper_size(PAPER_A4);
    page.set_freeze_panes(1, 0)?;
    for (column, (word, width)) in (0..).zip(BANK_HEADS) {
        page.set_column_width(column, width)?;
        page.write_string_with_format(0, column, word, &formats.head)?;
    }
    for (row, line) in (1..).zip(lines) {
        page.write_number_with_format(row, 0, f64::from(row), &formats.mark)?;
        for (column, text) in (1..).zip([&line.name, &line.account, &line.bank]) {
            page.write_string_with_format(row, column, text, &formats.text)?;
        }
        page.write_number_with_format(row, 4, yuan(line.amount), &formats.money)?;
        page.write_string_with_format(row, 5, &line.note, &formats.text)?;
    }
    book.save_to_buffer()
}

/// The same as text: UTF-8 with its mark, so that Excel reads it; accounts with a tab behind them, so
/// that it does not round them; nothing begins like a formula.
pub(crate) fn bank_csv(lines: &[BankLine]) -> Result<Vec<u8>, csv::Error> {
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    let mut out = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(&mut bytes);
    out.write_record(BANK_HEADS.map(|(word, _)| word))?;
    for (place, line) in (1_u32..).zip(lines) {
        out.write_record([
            place.to_string(),
            harmless(&line.name),
            format!("{}\t", line.account),
            harmless(&line.bank),
            line.amount.plain(),
            harmless(&line.note),
        ])?;
    }
    out.flush()?;
    drop(out);
    Ok(bytes)
}

fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_for_the_bank_rounds_no_account_and_holds_no_formula() {
        let line = BankLine {
            name: "=cmd|张三".to_owned(),
            account: "6228480000000000018".to_owned(),
            bank: "某银行,城东支行".to_owned(),
            amount: Fen::new(570_005),
            note: "工资2026-10".to_owned(),
        };
        let text = String::from_utf8(bank_csv(&[line]).unwrap()).unwrap();
        let expected = "\u{feff}序号,收款户名,收款账号,开户行,金额,附言\r\n\
             1,'=cmd|张三,6228480000000000018\t,\"某银行,城东支行\",5700.05,工资2026-10\r\n";
        assert_eq!(text, expected);
    }
}
