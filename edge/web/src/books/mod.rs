//! What the pages of people and attendance are made of: the ledger's views, computed for a page.

mod search;
mod standing;
mod directory;
mod month;
mod moment;
mod shelf;

pub(crate) use directory::{Directory, Filter, Listed, Place};
pub(crate) use moment::{Moment, Present};
pub(crate) use month::{
    DayCell, MonthLine, MonthSheet, PersonDay, PersonMonth, halves_text, is_weekend,
    tenths_of_hours,
};
pub use shelf::Books;
pub(crate) use shelf::Shelf;
pub(crate) use standing::{Outlook, standing_tag};
