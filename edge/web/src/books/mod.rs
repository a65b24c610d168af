//! What the pages of people and attendance are made of: the ledger's views, computed for a page.

mod acts;
mod consent_words;
mod kind_words;
mod search;
mod standing;
mod directory;
mod month;
mod moment;
mod troubles;
mod sheet_copy;
mod shelf;
mod lists;
mod wages;
mod wage_copy;
pub(crate) mod corrections;

pub(crate) use acts::passage_row;
pub(crate) use consent_words::{ConsentWords, consent_words, upload_words};
pub use consent_words::{PICTURE_WORDS, TERMINAL_WORDS, UPLOAD_WORDS};
pub(crate) use directory::{Directory, Filter, Listed, Place};
pub(crate) use kind_words::kind_word;
pub(crate) use lists::{
    DayCounts, DayLine, DaySheet, PunchLine, attended, day_counts, day_sheet, punch_list,
};
pub(crate) use moment::{Moment, Present};
pub(crate) use month::{
    DayCell, MonthSheet, PersonDay, PersonMonth, days_of, halves_text, is_weekend, tenths_of_hours,
};
pub(crate) use sheet_copy::{
    Difference, RowCopy, SheetCopy, code_text, differences, digest, is_corrected, read_code,
    sign_class,
};
pub use shelf::Books;
pub(crate) use shelf::Shelf;
pub(crate) use standing::{Outlook, SOON_DAYS, ending, standing_tag};
pub(crate) use troubles::{Trouble, TroubleKind, known_disputes};
pub(crate) use wage_copy::{AMOUNT_HEADS, WageCopy, WageRowCopy};
pub(crate) use wages::{WageRow, WageTeam, flag_text, wage_teams};
