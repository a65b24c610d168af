//! Troubles of the box itself: what is wrong with its file or with a part of the office.

mod trouble;

pub(crate) use trouble::{
    DAMAGED, DAMAGED_CODE, FORKS, FORKS_TOO_OFTEN, Told, UNREADABLE, damaged, forks_too_often,
    part_ended, screen_port, told, unreadable,
};
