//! 工资: from counted days to a sheet that is signed, a file for the bank, and what the bank said; 项目资金:
//! what the project has for them.

mod shared;
mod lines;
pub(crate) mod sheet_page;
pub(crate) mod entry_page;
pub(crate) mod step;
pub(crate) mod paper_page;
pub(crate) mod bank_page;
mod receipt;
pub(crate) mod receipt_page;
mod funds;
pub(crate) mod trouble_page;
pub(crate) mod funds_page;
pub(crate) mod funds_form;
