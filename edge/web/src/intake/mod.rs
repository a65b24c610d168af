//! Files of people that the clerk brings, from bytes to records: `table` and `columns` are what a file
//! says, `package`, `workbook` and `text_file` read it, `values` and `wanted` make sense of a row,
//! `known` is what the ledger has, `decide` leads from one to the other, `job` goes through a file.

mod table;
mod columns;
mod package;
mod text_file;
mod workbook;
mod values;
mod wanted;
mod file;
mod known;
mod decide;
mod job;
#[cfg(test)]
mod decide_test;

pub(crate) use columns::{Columns, Field};
pub(crate) use file::answered;
pub use file::{check_table, read_table};
pub(crate) use job::{Fate, Stage, check, columns_of, next_step, texts_of, turn};
pub(crate) use known::Known;
pub(crate) use package::FILE_BYTES_MAX;
pub(crate) use table::ROWS_MAX;
pub(crate) use values::{TRAINING_HOURS, nation_word, number_fault};
