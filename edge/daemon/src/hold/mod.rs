//! The gate while the disk takes no records: lanes without a ledger, a page that says why, and what
//! they counted, recorded once the ledger opens.

mod afterwards;
mod notice;
mod waiting;

pub(crate) use afterwards::{record, record_now};
pub(crate) use waiting::open;
