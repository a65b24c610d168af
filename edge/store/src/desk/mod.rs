//! What the clerk's desk asks of single people.

mod desk_reader;

pub use desk_reader::DeskReader;
