//! Invented people: who they are, what is on their card, and what the roster file says of them.
//!
//! - `number`: ID numbers with right check digits
//! - `names`: the stock of names, some rare
//! - `person`: one person
//! - `crowd`: the seeded generator
//! - `roster_file`: the import file for the box

mod number;
mod names;
mod person;
mod crowd;
mod roster_file;

pub(crate) use crowd::compact;
pub use crowd::{Crowd, CrowdSettings};
pub use person::{CardKind, Person, Sex, Standing};
pub use roster_file::roster_file;
