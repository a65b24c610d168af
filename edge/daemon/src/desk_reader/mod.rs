//! The card reader on the clerk's desk: what is put on it is told to the page that waits for it, and to
//! nobody else. It presents nobody, records nothing of a card and opens nothing.

mod reader;

pub(crate) use reader::read_cards;
