//! Once a day, whether the city has what the box has.

mod daily;

pub use daily::{DailyDigest, DigestRun, DigestStep, RUN_RECORDS, Runs, china_day};
