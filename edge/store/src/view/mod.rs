//! What readers answer: the read models, and the newest records that are not folded yet.

pub(crate) mod words;
pub(crate) mod movements;
pub(crate) mod people;
pub(crate) mod persons;
pub(crate) mod directory;
pub(crate) mod punches;
pub(crate) mod lane_memory;
pub(crate) mod faces;
pub(crate) mod today;
pub(crate) mod day_acts;
pub(crate) mod upload;
pub(crate) mod corrections;
pub(crate) mod audits;
pub(crate) mod sheets;
pub(crate) mod wages;
