//! The reference city ingest: stores, checks, acknowledges, shows.
//!
//! A message comes in through `link`, `ingest` stores a batch of them in one commit, and only then
//! hands the acknowledgements to `link`. `runs`, `decide` and `meaning` say what to do with a range
//! of records, and are pure; `db` is `SQLite` or `PostgreSQL` behind one set of statements. `care` looks
//! after what waits: holes, parked records, messages that a box has not answered. `registry` and `pki`
//! are the certificates, `claims` the codes for which boxes get them, `https` serves boxes their files and takes their photos, `down` what is signed and sent to boxes. `show` makes the page from the database; names of people
//! are unsealed there, masked at once, and kept nowhere.
//!
//! Read in this order: `decide`, `db`, `ingest`, `link`, `run`.

pub mod error;
pub mod clock;
pub mod registry;
pub mod pki;
pub mod claims;
pub mod db;
pub mod config;
pub mod observe;
pub mod runs;
pub mod decide;
pub mod meaning;
mod alarm;
pub mod down;
pub mod ingest;
pub mod care;
pub mod link;
pub mod https;
pub mod show;
pub mod run;

pub use config::Settings;
pub use error::CityError;
pub use observe::{Effect, Observer, Silent, Verdict};
pub use run::{City, run};
