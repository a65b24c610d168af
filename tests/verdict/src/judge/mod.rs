//! The verdict: every act has its record, every record its act, in the same order.

mod verdict;
mod faces;
mod walks;
mod openings;

pub use verdict::{Verdict, judge};
