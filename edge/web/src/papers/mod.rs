//! Papers of the site office as spreadsheets.

mod formats;
mod import_xlsx;
mod month_xlsx;
mod table_xlsx;
mod people_xlsx;

pub(crate) use import_xlsx::{errors_xlsx, template_xlsx};
pub(crate) use month_xlsx::{SheetFoot, month_xlsx};
pub(crate) use people_xlsx::people_xlsx;
pub(crate) use table_xlsx::{Cell, Table, table_xlsx};
