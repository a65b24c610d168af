//! CSV: text in UTF-8, UTF-16 or GB 18030 (GBK is a part of it), columns parted by `,` `;` or tabs.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};

use super::table::{COLUMNS_MAX, Cell, Line, ROWS_MAX, Table};
use crate::recorder::Refusal;

const NO_TEXT: &str = "看不懂这个文件：既不是 .xlsx 表格，也不是文字表格（CSV）。请在 Excel 或 WPS 里另存为 .xlsx 再传。";

/// Reads a text file.
///
/// # Errors
/// It is no text, or has too many rows.
pub(super) fn read(bytes: &[u8]) -> Result<Table, Refusal> {
    let text = decoded(bytes).ok_or_else(|| Refusal::new(NO_TEXT))?;
    if text.contains('\0') {
        return Err(Refusal::new(NO_TEXT));
    }
    // The line's number is counted at its feed, which must not stand before the next row.
    let text = text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let mut table = Table::default();
    for record in reader.records() {
        let record = record.map_err(|_| Refusal::new(NO_TEXT))?;
        let number = record.position().map_or(0, csv::Position::line);
        let line = Line {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            cells: record.iter().take(COLUMNS_MAX).map(Cell::of_text).collect(),
        };
        if line.is_empty() {
            continue;
        }
        table.lines.push(line);
        if table.lines.len() > ROWS_MAX {
            return Err(too_many_rows());
        }
    }
    Ok(table)
}

/// The refusal of a table that is too long.
pub(super) fn too_many_rows() -> Refusal {
    Refusal(format!(
        "表里超过 {ROWS_MAX} 行，没有读。请分成几个文件传。"
    ))
}

/// The text, by its mark, as UTF-8, or as GB 18030.
fn decoded(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling_and_without_replacement(bytes.get(mark..)?);
    }
    [UTF_8, GB18030]
        .into_iter()
        .find_map(|one| one.decode_without_bom_handling_and_without_replacement(bytes))
}

/// The sign that parts most columns in the first rows.
fn delimiter(text: &str) -> u8 {
    let head: Vec<&str> = text.lines().take(5).collect();
    let count = |sign: u8| -> usize {
        let in_line = |line: &&str| line.matches(char::from(sign)).count();
        head.iter().map(in_line).sum()
    };
    let mut best = b',';
    for sign in [b';', b'\t'] {
        if count(sign) > count(best) {
            best = sign;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use encoding_rs::GB18030;

    use super::read;

    const TEXT: &str = "姓名,身份证号码\r\n刘䶮,349901199003070016\r\n,\r\n\"张\n三\",\"=1+1\"\r\n";

    fn cells(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
        let table = read(bytes).unwrap_or_else(|refusal| panic!("{}", refusal.0));
        let texts = |line: super::Line| {
            let texts = line.cells.into_iter().map(|cell| cell.text).collect();
            (line.number, texts)
        };
        table.lines.into_iter().map(texts).collect()
    }

    #[test]
    fn every_encoding_of_excel_and_wps_is_read() {
        let expected = cells(TEXT.as_bytes());
        assert_eq!(
            expected[1],
            (2, vec!["刘䶮".to_owned(), "349901199003070016".to_owned()])
        );
        assert_eq!(
            expected[2],
            (4, vec!["张 三".to_owned(), "=1+1".to_owned()])
        );
        let gbk = GB18030.encode(TEXT).0;
        assert_eq!(cells(&gbk), expected);
        let marked = [b"\xef\xbb\xbf", TEXT.as_bytes()].concat();
        assert_eq!(cells(&marked), expected);
        let wide = TEXT.replace(',', "\t");
        let utf16: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(wide.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(cells(&utf16), expected);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [
            &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..],
            b"\xff\xff\xff\xff",
            b"a,b\0c",
        ] {
            assert!(read(bytes).is_err_and(|refusal| refusal.0.contains("看不懂")));
        }
        let long = "张三,1\n".repeat(10_001);
        assert!(read(long.as_bytes()).is_err_and(|refusal| refusal.0.contains("10000 行")));
    }
}
