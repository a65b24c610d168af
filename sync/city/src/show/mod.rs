//! The page: what the city holds, in words that a person reads.
//!
//! `words` translates codes, `facts` asks the database, `sent` is what went down, `holes` what is missing, `day` what is
//! known of a day, `absence` answers why it is empty, `people` knows masked names, `todo` says
//! what somebody should look at, `state` collects what is shown, `page`
//! serves it.

mod words;
mod facts;
mod sent;
mod holes;
mod day;
mod absence;
mod people;
mod todo;
mod state;
mod page;

pub use absence::{DayAnswer, answer};
pub use day::{BeatFacts, DayFacts, GapFacts};
pub use facts::{AlarmFacts, BoxFacts, HeartbeatFacts, Reader, RecordFacts, Totals};
pub use holes::EpochRuns;
pub use page::{Page, router};
pub use people::People;
pub use sent::SentRow;
pub use state::{AlarmRow, BoxRow, RecordRow, State, Viewer};
pub use todo::TodoRow;
