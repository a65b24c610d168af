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
mod parked;
mod shelf;

pub(crate) use acts::passage_row;
pub(crate) use consent_words::{CONSENT_WORDS, ConsentWords};
pub(crate) use directory::{Directory, Filter, Listed, Place};
pub(crate) use kind_words::kind_word;
pub(crate) use moment::{Moment, Present};
pub(crate) use month::{
    DayCell, MonthLine, MonthSheet, PersonDay, PersonMonth, halves_text, is_weekend,
    tenths_of_hours,
};
pub use parked::PARKED_SETTING;
pub use shelf::Books;
pub(crate) use shelf::Shelf;
pub(crate) use standing::{Outlook, standing_tag};
pub(crate) use troubles::{Trouble, TroubleKind};
