//! Judges a site day: the simulator's journal against the city's database.
//!
//! It shares no code with the box, the city or the simulator: it reads the journal's lines and the
//! city's database by their documented form, recomputes the hash chain and unseals the workers
//! by itself. So a mistake of theirs cannot hide here.
//!
//! Read in this order: `journal` (what people did), `ledger` (what the city holds; `lineage`
//! says which rows tell the same act), `judge`.
//! `delivery` is a question of its own: whether the city has a box's ledger, record by record.

pub mod error;
pub mod journal;
pub mod unseal;
pub mod lineage;
pub mod ledger;
pub mod pairing;
pub mod judge;
pub mod delivery;

pub use delivery::Delivery;
pub use error::VerdictError;
pub use judge::{Verdict, judge};
