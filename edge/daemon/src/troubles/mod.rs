//! Troubles of the box itself: what is wrong with its file, its disk or a part of the office.

mod record;
mod room;
mod trouble;

pub(crate) use record::ledger_record;
pub(crate) use room::is_disk_short;
pub(crate) use trouble::{
    DAILY, DAILY_CODE, DAMAGED, DAMAGED_CODE, FORKS, FORKS_TOO_OFTEN, Told, UNREADABLE,
    daily_fails, damaged, forks_too_often, part_ended, screen_port, told, unreadable,
};
