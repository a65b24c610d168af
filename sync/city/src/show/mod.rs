//! The page: what the city holds, in words that a person reads.
//!
//! `words` translates codes, `holes` is what is missing, `facts` asks the database, `totals` counts over everything,
//! `forks` are ledgers with two continuations, `sent` is what went down, `day` what is
//! known of a day, `absence` answers why it is empty, `people` knows masked names, `todo` says
//! what somebody should look at, `boxes` is a box as it is shown, `state` collects it all, `page`
//! serves it.

mod words;
mod holes;
mod facts;
mod totals;
mod forks;
mod sent;
mod day;
mod absence;
mod people;
mod todo;
mod boxes;
mod state;
mod page;

pub use absence::{DayAnswer, answer};
pub use boxes::BoxRow;
pub use day::{BeatFacts, DayFacts, GapFacts};
pub use facts::{AlarmFacts, BoxFacts, HeartbeatFacts, Reader, RecordFacts};
pub use forks::ForkRow;
pub use holes::EpochRuns;
pub use page::{Page, router};
pub use people::People;
pub use sent::SentRow;
pub use state::{AlarmRow, RecordRow, State, Viewer};
pub use todo::TodoRow;
pub use totals::Totals;
