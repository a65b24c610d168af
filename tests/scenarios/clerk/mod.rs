//! The labor clerk's screen in a real Chromium: `screen` 开通 and 今日 · `pages` people, attendance,
//! papers · `desk` registering and sending away.

mod screen;
mod pages;
mod desk;
