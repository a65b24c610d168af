//! The page: what the city holds, in words that a person reads.
//!
//! `words` translates codes, `people` knows masked names, `state` collects what is shown, `page`
//! serves it.

mod words;
mod people;
mod state;
mod page;

pub use page::{Page, router};
pub use people::People;
pub use state::{AlarmRow, BoxRow, RecordRow, State, Viewer};
