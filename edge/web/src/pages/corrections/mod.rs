//! 补卡审批: asking for a movement that no gate recorded, deciding on it, and counting how often.

mod asking;
mod lines;
pub(crate) mod list_page;
pub(crate) mod ask_page;
pub(crate) mod case_page;
pub(crate) mod report_page;

pub(crate) use asking::FILE_BYTES_MAX;
