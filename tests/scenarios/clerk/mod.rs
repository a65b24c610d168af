//! The labor clerk's screen in a real Chromium: `screen` 开通 and the live page · `today` the numbers of 今日 and their lists · `pages` people, attendance,
//! papers · `troubles` 异常 and 上传 · `desk` registering and sending away, cards on its reader · `certificates` papers of special trades, emergency contacts · `intake` files of people ·
//! `corrections` 补卡 · `papers` closed months, codes, lists and what is on record · `money` wages and the project's funds ·
//! `visits` visitors · `inspector` a surprise visit · `lost_line` a browser without its box;
//! and without it:
//! `import` of a roster file.

mod import;
mod screen;
mod pages;
mod today;
mod troubles;
mod desk;
mod certificates;
mod corrections;
mod papers;
mod money;
mod intake;
mod visits;
mod inspector;
mod lost_line;

pub(crate) use pages::{AXE, is_sound, open};
pub(crate) use screen::{SIZES, WATCH_RULES};
