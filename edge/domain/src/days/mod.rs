//! From movements to days that count.

mod worker_day;
mod day_rule;

pub use day_rule::{DayMark, DayRule, VoidReason, hours_text, judge};
pub use worker_day::{CountedAct, Spell, WorkDay, work_date, work_days};
