//! Papers of the site office as spreadsheets.

mod formats;
mod import_xlsx;
mod month_xlsx;
mod table_xlsx;
mod people_xlsx;
mod wages_xlsx;

pub(crate) use import_xlsx::{errors_xlsx, template_xlsx};
pub(crate) use month_xlsx::{SheetFoot, month_xlsx};
pub(crate) use people_xlsx::people_xlsx;
pub(crate) use table_xlsx::{Cell, Table, table_xlsx};
pub(crate) use wages_xlsx::{BankLine, bank_csv, bank_xlsx, wages_xlsx};
