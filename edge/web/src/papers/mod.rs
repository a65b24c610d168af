//! Papers of the site office as spreadsheets.

mod formats;
mod month_xlsx;
mod people_xlsx;

pub(crate) use month_xlsx::{SheetHead, month_xlsx};
pub(crate) use people_xlsx::people_xlsx;
