//! The clerk's screen.
