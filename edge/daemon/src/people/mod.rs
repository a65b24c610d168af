//! Workers: tags of strangers' numbers, sealing, the roster file, and enrollment of faces.

mod tagger;
mod sealer;
pub(crate) mod import;
pub(crate) mod enroll;

pub(crate) use sealer::{Sealer, city_key, random};
pub(crate) use tagger::PersonTagger;

#[cfg(test)]
mod import_test;
