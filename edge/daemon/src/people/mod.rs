//! Workers: tags of strangers' numbers, sealing, and the roster file.

mod tagger;
mod sealer;
pub(crate) mod import;

pub(crate) use sealer::{Sealer, city_key, random};
pub(crate) use tagger::PersonTagger;

#[cfg(test)]
mod import_test;
