//! More questions to the file, by their sort: `sealed` about what is signed · `screen` about what the
//! screen keeps besides records · `compare` with what the city has.

mod sealed;
mod screen;
pub(crate) mod compare;
