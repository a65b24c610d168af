//! What the city has, what it says of it, and epochs.

mod carrying;
mod cursors;
mod epochs;
mod parked;
