//! Workers: tags of strangers' numbers, sealing, the desk where people change, the reading of the
//! clerk's spreadsheets, the file of `menwei import`, and enrollment of faces.

mod tagger;
mod sealer;
mod desk;
mod table_reader;
mod consents;
pub(crate) mod import;
pub(crate) mod enroll;
mod terminal_people;

pub(crate) use consents::{Consents, FaceUses};
pub(crate) use desk::{Change, DeskError, PeopleDesk};
pub(crate) use import::{NATION_ALLOWED, nation_fits};
pub(crate) use sealer::{Sealer, city_key, random};
pub(crate) use table_reader::{read_apart, read_table};
pub(crate) use tagger::PersonTagger;
pub(crate) use terminal_people::watch_terminal_people;

#[cfg(test)]
mod import_test;
