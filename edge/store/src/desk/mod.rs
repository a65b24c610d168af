//! What the clerk's desk asks of single people.

pub(crate) mod visits;
mod desk_reader;

pub use desk_reader::DeskReader;
pub use visits::VisitLine;
