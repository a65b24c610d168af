//! 工资: from counted days to a sheet that is signed, a file for the bank, and what the bank said.

mod shared;
mod lines;
pub(crate) mod sheet_page;
pub(crate) mod entry_page;
pub(crate) mod step;
pub(crate) mod paper_page;
pub(crate) mod bank_page;
mod receipt;
pub(crate) mod receipt_page;
pub(crate) mod trouble_page;
