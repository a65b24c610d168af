//! A table as it was read from a file, whatever kind of file it was.

use serde::{Deserialize, Serialize};

/// Most rows below the head.
pub(crate) const ROWS_MAX: usize = 10_000;
/// Columns that are looked at.
pub(super) const COLUMNS_MAX: usize = 100;
/// Longest text of a cell that is kept, in characters.
const CELL_CHARS_MAX: usize = 500;

/// One cell.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// Its text, cleaned.
    pub(crate) text: String,
    /// A number of more digits than a spreadsheet keeps: its last ones are wrong.
    pub(crate) lost: bool,
}

impl Cell {
    /// A cell that held text. What a spreadsheet wrote as `3.4E+17` has lost its digits.
    pub(super) fn of_text(text: &str) -> Self {
        let text = clean(text);
        let lost = is_scientific(&text);
        Self { text, lost }
    }

    /// A cell that held a number. From 16 digits on a spreadsheet rounds.
    pub(super) fn of_number(number: f64) -> Self {
        const EXACT_BELOW: f64 = 1e15;
        let whole = number.fract().abs() < f64::EPSILON;
        Self {
            text: if whole {
                format!("{number:.0}")
            } else {
                number.to_string()
            },
            lost: number.abs() >= EXACT_BELOW,
        }
    }
}

/// A row of the file.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Its number in the file, from 1.
    pub(crate) number: u32,
    /// Its cells from the first column on.
    pub(crate) cells: Vec<Cell>,
}

impl Line {
    /// Whether nothing stands in it.
    pub(super) fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.text.is_empty())
    }
}

/// What was read from a file.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Table {
    /// Rows with something in them, in the file's order.
    pub(crate) lines: Vec<Line>,
    /// What the clerk should know of how it was read.
    pub(crate) notes: Vec<String>,
}

/// Text without what nobody sees: spaces around it, marks of no width, line breaks, and the
/// apostrophe by which a spreadsheet is told that something is text.
fn clean(text: &str) -> String {
    let visible = text.chars().filter_map(|one| match one {
        '\u{feff}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' => None,
        '\u{a0}' | '\u{3000}' => Some(' '),
        one if one.is_control() => Some(' '),
        one => Some(one),
    });
    let text: String = visible.take(CELL_CHARS_MAX).collect();
    let text = text.trim();
    text.strip_prefix('\'').unwrap_or(text).trim().to_owned()
}

/// `3.49901E+17`.
fn is_scientific(text: &str) -> bool {
    let Some((digits, power)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let number = digits.contains('.')
        && digits
            .bytes()
            .all(|one| one.is_ascii_digit() || one == b'.');
    let power = power
        .strip_prefix('+')
        .and_then(|power| power.parse::<u8>().ok());
    number && power.is_some_and(|power| power >= 10)
}

#[cfg(test)]
mod tests {
    use super::Cell;

    #[test]
    fn what_nobody_sees_is_dropped() {
        for (typed, expected) in [
            ("\u{feff} 张三\u{200b}\n", "张三"),
            ("'349901199003070016", "349901199003070016"),
            ("\u{a0}钢筋\u{3000}一班\t", "钢筋 一班"),
            ("\u{202e}李四", "李四"),
        ] {
            assert_eq!(Cell::of_text(typed).text, expected);
        }
        assert_eq!(Cell::of_text(&"长".repeat(900)).text.chars().count(), 500);
    }

    #[test]
    fn numbers_that_lost_their_last_digits_are_marked() {
        for (number, text, lost) in [
            (13_900_001_234.0, "13900001234", false),
            (349_901_199_003_070_016.0, "349901199003070016", true),
            (999_999_999_999_999.0, "999999999999999", false),
            (20_260_601.0, "20260601", false),
            (1.5, "1.5", false),
        ] {
            let cell = Cell::of_number(number);
            assert_eq!((cell.text.as_str(), cell.lost), (text, lost));
        }
        assert!(Cell::of_text("3.49901E+17").lost);
        for text in ["E10", "3E17", "1.2.E", "王E+10", "3.4E+1"] {
            assert!(!Cell::of_text(text).lost, "{text}");
        }
    }
}
