//! The protocol's version and the one number that both ends must agree on.

/// Version that breaks: a board and a box with different majors do not work together.
pub const MAJOR: u8 = 1;

/// Version that only grows: a higher minor adds enum variants at the end, nothing else.
pub const MINOR: u8 = 2;

/// The minor from which on a box knows [`crate::EventKind::Card`] and [`crate::EventKind::Key`].
pub const MINOR_OF_CARDS: u8 = 1;

/// Events that one [`crate::Reply::Status`] carries at most.
pub const EVENTS_MAX: usize = 6;
