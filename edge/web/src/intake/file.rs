//! Any file that somebody may bring as a table.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::package::BROKEN;
use super::table::Table;
use super::wanted::Wanted;
use super::{text_file, workbook};
use crate::error::SourceError;
use crate::recorder::Refusal;

/// How the files of Excel before 2007 begin, and those that are locked with a password.
const OLD_OFFICE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// Reads a table and its columns; what it is shows in its bytes, not in its name.
///
/// # Errors
/// What keeps it from being read, and what to do.
fn read_file(bytes: &[u8]) -> Result<(Table, Columns), Refusal> {
    if bytes.starts_with(&OLD_OFFICE) {
        return Err(Refusal::new(
            "这是旧版 Excel 文件（.xls）或加了密码的文件，读不了。请在 Excel 或 WPS 里去掉密码，另存为 .xlsx 再传。",
        ));
    }
    let (table, columns) = if bytes.starts_with(b"PK") {
        workbook::read(bytes)?
    } else {
        let mut table = text_file::read(bytes)?;
        let columns = Columns::take(&mut table)?;
        (table, columns)
    };
    if table.lines.is_empty() {
        return Err(Refusal::new("表头下面一行也没有，没有可导入的人。"));
    }
    Ok((table, columns))
}

/// What a reading comes to, between the process that reads and the one that asked.
#[derive(Serialize, Deserialize)]
struct Answer {
    heads: Vec<String>,
    table: Table,
}

/// Reads a file that somebody brought and gives the answer as bytes. A spreadsheet may be made so
/// that its reader panics or takes all memory: call this where nothing else is lost by it.
///
/// # Errors
/// The answer cannot be written down.
pub fn read_table(bytes: &[u8]) -> Result<Vec<u8>, SourceError> {
    let answer = read_file(bytes).map(|(table, columns)| Answer {
        heads: columns.heads().to_vec(),
        table,
    });
    Ok(serde_json::to_vec(&answer.map_err(|refusal| refusal.0))?)
}

/// How many rows of a file make sense, each by itself, on this day.
///
/// # Errors
/// As the clerk would be told why the file cannot be read.
pub fn check_table(bytes: &[u8], today: Date) -> Result<usize, Refusal> {
    let (table, columns) = read_file(bytes)?;
    let rows = table.lines.iter();
    let sound = rows.filter(|line| Wanted::read(&columns, &line.cells, today).is_ok());
    Ok(sound.count())
}

/// What [`read_table`] answered; a reader that died on a file is answered for.
pub(crate) fn answered(answer: Option<&[u8]>) -> Result<(Table, Columns), Refusal> {
    let read: Option<Result<Answer, String>> =
        answer.and_then(|bytes| serde_json::from_slice(bytes).ok());
    match read {
        Some(Ok(answer)) => Ok((answer.table, Columns::of(answer.heads))),
        Some(Err(why)) => Err(Refusal(why)),
        None => Err(Refusal::new(BROKEN)),
    }
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

    use super::read_file;
    use crate::intake::columns::Field;

    fn refusal(bytes: &[u8]) -> String {
        read_file(bytes)
            .err()
            .map_or_else(String::new, |refusal| refusal.0)
    }

    #[test]
    fn a_workbook_is_read_below_its_merged_title_and_past_its_cover() {
        let mut book = Workbook::new();
        book.add_worksheet()
            .set_name("封面")
            .unwrap()
            .write(0, 0, "江湾新城")
            .unwrap();
        let page = book.add_worksheet().set_name("花名册").unwrap();
        page.merge_range(0, 0, 0, 4, "农民工实名制花名册", &Format::new())
            .unwrap();
        let heads = ["姓名", "身份证号码", "进场日期", "年龄", "手机号"];
        for (column, head) in (0..).zip(heads) {
            page.write(1, column, head).unwrap();
        }
        let day = Format::new().set_num_format("yyyy-mm-dd");
        page.write(2, 0, "𬭼·䶮\u{e832}").unwrap();
        page.write(2, 1, "349901199003070016").unwrap();
        page.write_datetime_with_format(2, 2, ExcelDateTime::from_ymd(2026, 6, 1).unwrap(), &day)
            .unwrap();
        page.write_formula(2, 3, "=1+35").unwrap();
        page.write(2, 4, 13_900_001_234_f64).unwrap();
        page.write(900_000, 90, "很远").unwrap();
        page.write(3, 0, "<img src=x onerror=alert(1)>").unwrap();
        page.write(3, 1, 349_901_199_003_070_024_f64).unwrap();
        let bytes = book.save_to_buffer().unwrap();
        let (table, columns) = read_file(&bytes).unwrap_or_else(|refusal| panic!("{}", refusal.0));
        let cells = &table.lines[0].cells;
        for (field, text) in [
            (Field::Name, "𬭼·䶮\u{e832}"),
            (Field::Number, "349901199003070016"),
            (Field::Entered, "2026-06-01"),
            (Field::Phone, "13900001234"),
        ] {
            assert!(
                columns
                    .cell(cells, field)
                    .is_some_and(|cell| cell.text == text),
                "{field:?}"
            );
        }
        assert_eq!(table.lines[0].number, 3);
        let lost = columns.cell(&table.lines[1].cells, Field::Number);
        assert!(lost.is_some_and(|cell| cell.lost));
        let notes = table.notes.join("\n");
        assert!(
            notes.contains("没有读：封面") && notes.contains("公式"),
            "{notes}"
        );
    }

    #[test]
    fn what_is_no_table_is_refused_with_what_to_do() {
        for (bytes, words) in [
            (&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"[..], "另存为 .xlsx"),
            (b"PK\x03\x04garbage", "打不开"),
            (b"", "表头"),
            (b"\0\0\0\0", "看不懂"),
            ("姓名,身份证号\n".as_bytes(), "一行也没有"),
            ("工地,天气\n1,2\n".as_bytes(), "没有找到表头"),
        ] {
            assert!(
                refusal(bytes).contains(words),
                "{words}: {}",
                refusal(bytes)
            );
        }
    }
}
