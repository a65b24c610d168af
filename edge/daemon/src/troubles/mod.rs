//! Troubles of the box itself: what is wrong with its file or with a part of the office.

mod trouble;

pub(crate) use trouble::{DAMAGED, DAMAGED_CODE, Told, damaged, part_ended, screen_port, told};
